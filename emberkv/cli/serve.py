"""`emberkv serve`: the options of the server, which lives in `emberkv.server`."""

from __future__ import annotations

import os
from typing import Any

import click

from .links import LinkError


class Size(click.ParamType[int]):
    """Bytes, with a unit as in Redis's settings: 100mb, 1gb; k is 1000 and kb 1024."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from ..settings import size_of

        try:
            return size_of("a size", value)
        except ValueError as error:
            self.fail(str(error).partition(": ")[2], param, ctx)


YES_NO = click.Choice(["yes", "no"])
FILE = click.Path(exists=True, dir_okay=False)

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("--host", {"help": "Addresses to listen on.", "metavar": "ADDRESSES"}),
    ("--port", {"type": click.IntRange(0, 65535), "help": "TCP port; 0: none.  [6379]"}),
    ("--unixsocket", {"type": click.Path(), "help": "A Unix socket to listen on."}),
    ("--unixsocketperm", {"metavar": "OCTAL", "help": "The socket's mode, as 700."}),
    ("--requirepass", {"metavar": "PASSWORD", "help": "Clients must give it with AUTH."}),
    ("--maxclients", {"type": int, "help": "Connections at a time.  [10000]"}),
    ("--timeout", {"type": int, "help": "Seconds after which idle clients go; 0: never.  [0]"}),
    ("--databases", {"type": int, "help": "Numbered databases of a new store.  [16]"}),
    ("--tcp-keepalive", {"type": int, "help": "Seconds between probes of a silent peer.  [300]"}),
    ("--tcp-backlog", {"type": int, "help": "Connections that wait to be accepted.  [511]"}),
    (
        "--protected-mode",
        {"type": YES_NO, "help": "Without a password, only clients of this machine.  [yes]"},
    ),
    (
        "--enable-debug-command",
        {"type": click.Choice(["yes", "local", "no"]), "help": "Allow DEBUG.  [no]"},
    ),
    (
        "--client-output-buffer-limit",
        {"metavar": "'CLASS HARD SOFT SECONDS'", "help": "Limits of what waits to be read."},
    ),
    ("--client-query-buffer-limit", {"type": Size(), "help": "Of a command half sent.  [1gb]"}),
    ("--maxmemory", {"type": Size(), "help": "Memory of a new store."}),
    ("--tls-port", {"type": click.IntRange(0, 65535), "help": "TCP port for TLS."}),
    ("--tls-cert-file", {"type": FILE, "help": "The server's certificate (PEM)."}),
    ("--tls-key-file", {"type": FILE, "help": "Its key (PEM)."}),
    ("--tls-key-file-pass", {"metavar": "PASSWORD", "help": "The key's password."}),
    ("--tls-ca-cert-file", {"type": FILE, "help": "Whose certificates clients may have."}),
    ("--tls-ca-cert-dir", {"type": click.Path(exists=True, file_okay=False), "help": "Or these."}),
    (
        "--tls-auth-clients",
        {"type": click.Choice(["yes", "no", "optional"]), "help": "Certificates of clients."},
    ),
    ("--tls-protocols", {"help": "Such as 'TLSv1.2 TLSv1.3'."}),
    ("--tls-ciphers", {"help": "Of TLS up to 1.2."}),
    ("--tls-ciphersuites", {"help": "Of TLS 1.3."}),
    ("--loglevel", {"type": click.Choice(["debug", "verbose", "notice", "warning"])}),
    ("--logfile", {"type": click.Path(), "help": "Log there instead of on stdout."}),
    (
        "--metrics-port",
        {
            "type": click.IntRange(1, 65535),
            "help": "Port for Prometheus, on this machine; needs prometheus_client.",
        },
    ),
    ("--pidfile", {"type": click.Path(), "help": "Write the process's id there."}),
]


def _with_options(function: Any) -> Any:
    for name, facts in reversed(OPTIONS):
        function = click.option(name, **facts)(function)
    return function


def _words(arg: str) -> list[str]:
    """Those of an argument that is a line of a configuration; else it is one."""
    if not arg.startswith("--") or len(arg.split()) < 2 or "=" in arg.split()[0]:
        return [arg]
    from ..conf import split

    return split(arg) or [arg]


class ServeCommand(click.Command):
    """A directive of redis.conf that is no option of its own is taken as redis-server takes it:
    with all the words up to the next option. So is a whole line in one word: '--save 900 1'."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {name for parameter in self.params for name in parameter.opts} | {"--help"}
        own: list[str] = []
        directives: list[list[str]] = []
        taker = own
        for arg in args:
            first, *further = _words(arg)
            name, given, value = first.partition("=")
            if name.startswith("--") and name not in options and name != "--":
                taker = [name[2:]]
                directives.append(taker)
                if given:
                    taker.append(value)
            else:
                if name.startswith("--"):
                    taker = own
                taker.append(first)
            taker.extend(further)
        ctx.meta["directives"] = directives
        return super().parse_args(ctx, own)


def _configured(path: str | None, directives: list[list[str]]) -> tuple[str | None, dict[str, Any]]:
    """The store that a configuration names, and the options that it gives."""
    from ..conf import read

    conf = read(path, directives)
    given: dict[str, Any] = {n.replace("-", "_"): v for n, v in conf.settings.items()}
    # What is to be kept has to be somewhere: as with a server, where it was started.
    here = "." if str(given.get("appendonly", "no")).lower() == "yes" else None
    store = given.pop("dir", here)
    if "bind" in given:
        given["host"] = given.pop("bind")
    for name in ("port", "tls_port", "databases"):
        if name in given:
            given[name] = int(given[name])
    if conf.users:
        given["users"] = conf.users
    if conf.renames:
        given["rename_command"] = conf.renames
    if path is not None:
        given["config_file"] = path
    return store, given


@click.command(
    cls=ServeCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("path", required=False, type=click.Path())
@_with_options
@click.option("--keep", is_flag=True, help="Leave the store in memory when the server ends.")
@click.option(
    "--set",
    "config",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="Any other setting, as by CONFIG SET.",
)
def serve(path: str | None, keep: bool, config: tuple[tuple[str, str], ...], **options: Any) -> Any:
    """Serve the store at PATH to Redis clients; without PATH, a store of the server's own.

    A PATH that is a file is a configuration, as redis.conf: its `dir` names the store. Options
    override what it says. Its other directives are options too, as redis-server's are: behind PATH,
    --save 900 1 --appendonly yes --dir app.ember.

    Processes that have PATH open see the same keys at the same time. Ctrl-C or SIGTERM ends it.
    """
    from ..exceptions import RedisError
    from ..server import run
    from ..supervise import into_background, is_for_background
    from .scans import LoadingBar

    given: dict[str, Any] = {}
    directives = click.get_current_context().meta["directives"]
    try:
        is_file = path is not None and os.path.isfile(path)
        if path is not None and path.endswith(".conf") and not os.path.exists(path):
            raise ValueError(f"{path}: there is no such file")  # a store of that name is not meant
        if path is not None and not is_file and "dir" in (words[0].lower() for words in directives):
            raise ValueError(f"{path} and --dir both name the store")
        if is_file or directives:
            store, given = _configured(path if is_file else None, directives)
            path = store if is_file or path is None else path
    except (OSError, ValueError) as error:
        raise LinkError(f"emberkv serve: {error}") from None
    given |= {name: value for name, value in options.items() if value is not None}
    if keep:
        given["keep"] = True
    if config:
        given["config"] = {name.replace("-", "_"): value for name, value in config}
    if is_for_background({**given, **given.get("config", {})}):
        into_background()
    bar = LoadingBar()
    try:
        return run(path, progress=bar, started=bar.end, **given)
    except (OSError, ValueError, RedisError) as error:
        raise LinkError(f"emberkv serve: {error}") from None
    finally:
        bar.end()
