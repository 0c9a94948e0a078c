"""`emberkv cli`: its options, and which of its modes they ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .links import LinkError, Target
from .replies import Format
from .terminal import Quit, Terminal
from .words import UnbalancedQuotes, split_line

Given = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class OptionsBesideTarget(click.Command):
    """Takes options before and after the target; with the command begins what is not ours.

    With -h, -p, -s or -u the target is given: the first word begins the command.
    """

    PLACES = ("-h", "-p", "-s", "-u")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_value = {
            name: not (param.is_flag or param.count)
            for param in self.params
            if isinstance(param, click.Option)
            for name in param.opts
        }
        options: list[str] = []
        target: list[str] | None = None
        at = 0
        while at < len(args):
            word = args[at]
            if word == "--":
                at += 1
                break
            if word in takes_value or word.startswith("--"):
                size = 2 if takes_value.get(word) else 1
                if word in self.PLACES:
                    target = []
                options += args[at : at + size]
                at += size
            elif word.startswith("-") and len(word) > 1 and word[:2] in takes_value:
                options.append(word)  # a value right behind the option's letter
                if word[:2] in self.PLACES:
                    target = []
                at += 1
            elif target is None:
                target = [word]
                at += 1
            else:
                break
        words = [*(target or [""]), *args[at:]]
        return super().parse_args(ctx, [*options, "--", *words])


def _flag(name: str, text: str, *more: str) -> Callable[[F], F]:
    return click.option(name, *more, is_flag=True, help=text)


def tls_options(command: F) -> F:
    """redis-cli's options for TLS."""
    for option in reversed(
        (
            _flag("--tls", "Connect by TLS."),
            click.option("--sni", help="The server's name for TLS."),
            click.option("--cacert", metavar="FILE", help="Whose certificates are trusted."),
            click.option("--cacertdir", metavar="DIR", help="Or a folder of them."),
            click.option("--cert", metavar="FILE", help="Our certificate."),
            click.option("--key", metavar="FILE", help="Its key."),
            _flag("--insecure", "Trust any certificate."),
        )
    ):
        command = option(command)
    return command


@click.command(
    cls=OptionsBesideTarget,
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
)
@click.argument("target", required=False, metavar="[PATH | URL]")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND [ARG]...]")
@click.option("-h", "host", metavar="HOST", help="A server's host.")
@click.option("-p", "port", type=int, metavar="PORT", help="A server's port.")
@click.option("-s", "socket", metavar="SOCKET", help="A server's Unix socket.")
@click.option("-u", "url", metavar="URL", help="A URL, as in place of PATH.")
@click.option("-a", "--pass", "password", metavar="PASSWORD", help="Or by REDISCLI_AUTH.")
@click.option("--user", metavar="NAME", help="The user that the password is for.")
@_flag("--askpass", "Ask for the password.")
@_flag("--no-auth-warning", "No remark about a password that others may see.")
@click.option("-n", "db", type=int, default=0, metavar="DB", help="Number of the database.")
@_flag("resp2", "Speak RESP2, the default but for --json.", "-2")
@_flag("resp3", "Speak RESP3.", "-3")
@click.option("-r", "repeat", type=int, default=1, help="Run the command so often; -1: for ever.")
@click.option("-i", "interval", type=float, metavar="SECONDS", help="Between repetitions.")
@_flag("last_from_stdin", "The last argument is what stdin holds.", "-x")
@click.option("-X", "tag", metavar="TAG", help="The argument TAG is what stdin holds.")
@_flag("errors_end", "An error ends it, with status 1.", "-e")
@_flag("--quoted-input", "Arguments may be in quotes, with escapes.")
@_flag("--raw", "Answers as they are; the default when stdout is no terminal.")
@_flag("--no-raw", "Answers for people, always.")
@_flag("--csv", "Answers as CSV.")
@_flag("--json", "Answers as JSON, by RESP3.")
@_flag("--quoted-json", "As JSON of ASCII only.")
@click.option("-d", "delimiter", default="\n", help="Between elements of raw answers.")
@click.option("-D", "end", default="\n", help="After raw answers.")
@click.option("--show-pushes", type=click.Choice(["yes", "no"]), help="Print RESP3 pushes.")
@_flag("--keep", "Leave the store at PATH in memory when nobody has it open any more.")
@_flag("--scan", "All keys.")
@click.option("--pattern", metavar="GLOB", help="Of the keys for --scan, --bigkeys, ...")
@click.option("--quoted-pattern", metavar="GLOB", help="The same in quotes, with escapes.")
@click.option("--count", type=int, help="Keys a SCAN looks at.")
@_flag("--bigkeys", "The key of each type with most elements.")
@_flag("--memkeys", "The key of each type with most memory.")
@click.option("--memkeys-samples", type=int, metavar="N", help="... looking at N elements of each.")
@_flag("--hotkeys", "The most used keys; needs an LFU maxmemory-policy.")
@_flag("--stat", "Figures, a line a second.")
@_flag("--latency", "Times of PING.")
@_flag("--latency-history", "The same, a line each 15 seconds.")
@_flag("--pipe", "Run the commands on stdin at full speed.")
@click.option("--pipe-timeout", type=float, default=30, metavar="SECONDS", help="0: wait for ever.")
@click.option("--eval", "script", metavar="FILE", help="Run a script: KEY ... , ARG ...")
@tls_options
def cli(target: str, words: tuple[str, ...], **given: Any) -> int:
    """A shell on a store; with COMMAND, run that one command.

    PATH is a store's, opened in this process; without it there is a store in memory, for trying
    out. URL is ember:///path, or that of a server: redis://, rediss:// or unix://. Options are
    redis-cli's.
    """
    where = _target(target, given)
    terminal = Terminal(
        where,
        _format(given),
        show_pushes=(given["show_pushes"] or _yes(sys.stdout.isatty())) == "yes",
        errors_end=given["errors_end"],
        people_watch=sys.stdout.isatty(),
    )
    try:
        return _run_mode(terminal, [os.fsencode(word) for word in words], given)
    except (ConnectionError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        terminal.complain(f"Error: {error}")
        return 1
    finally:
        terminal.close()


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def place(name: str, given: Given) -> str | None:
    """The path or URL that was named, or is meant by -h, -p, -s and -u."""
    if given["socket"]:
        return f"unix://{os.path.abspath(given['socket'])}"
    if given["host"] or given["port"]:
        host = given["host"] or "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        return f"redis://{host}:{given['port'] or 6379}"
    return given["url"] or name or None


def _target(name: str, given: Given) -> Target:
    url = place(name, given)
    password = given["password"]
    if given["askpass"]:
        password = click.prompt("Please input password", hide_input=True)
    elif password is not None and not given["no_auth_warning"]:
        click.echo(
            "Warning: others who use this machine may see a password given with '-a'.", err=True
        )
    if password is None:
        password = os.environ.get("REDISCLI_AUTH")
    url = by_tls(url, given)
    wants_json = given["json"] or given["quoted_json"]
    resp3 = given["resp3"] or (wants_json and not given["resp2"])
    target = Target(
        url,
        username=given["user"],
        password=password,
        db=given["db"],
        protocol=3 if resp3 else 2,
        keep=given["keep"],
        tls=tls_of(url, given),
    )
    if target.path is not None and not os.path.exists(target.path):
        _refuse_command_as_path(target.path)
    return target


def _refuse_command_as_path(path: str) -> None:
    """Whoever forgot the path would make a store that is called like their command."""
    from .._core._ember import command_syntax

    try:
        command_syntax(path.lower())
    except (KeyError, UnicodeEncodeError):
        return
    raise LinkError(
        f"'{path}' is a command, and no store has that path. The store comes first: "
        f"emberkv cli PATH {path} ..., or  emberkv cli ember:// {path} ...  for one in memory."
    )


def by_tls(url: str | None, given: Given) -> str | None:
    """The place, which --tls makes one that is reached by TLS."""
    if url is not None and given["tls"] and url.startswith("redis:"):
        return "rediss:" + url.removeprefix("redis:")
    return url


def tls_of(url: str | None, given: Given) -> Given | None:
    """redis-py's options for TLS, and `sni`; None where there is none."""
    if not url or not url.startswith("rediss:"):
        return None
    options = {
        "sni": given["sni"],
        "ssl_ca_certs": given["cacert"],
        "ssl_ca_path": given["cacertdir"],
        "ssl_certfile": given["cert"],
        "ssl_keyfile": given["key"],
    }
    if given["insecure"]:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return {name: value for name, value in options.items() if value is not None}


def _format(given: Given) -> Format:
    terminal = sys.stdout.isatty()
    name = "people" if terminal else "raw"
    for option, format_name in [
        ("raw", "raw"),
        ("no_raw", "people"),
        ("csv", "csv"),
        ("json", "json"),
        ("quoted_json", "quoted-json"),
    ]:
        if given[option]:
            name = format_name
    colour = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return Format(name, colour, os.fsencode(given["delimiter"]), os.fsencode(given["end"]))


def _walk(given: Given) -> Any:
    from .scans import Walk

    pattern = None if given["pattern"] is None else os.fsencode(given["pattern"])
    if given["quoted_pattern"] is not None:
        pattern = _unquote([os.fsencode(given["quoted_pattern"])])[0]
    return Walk(pattern, given["count"], given["interval"] or 0.0)


def _unquote(words: list[bytes]) -> list[bytes]:
    """Words of which those in quotes are taken out of them."""
    out = []
    for word in words:
        if word[:1] not in (b'"', b"'"):
            out.append(word)
            continue
        try:
            (inner,) = split_line(word)
        except (UnbalancedQuotes, ValueError):
            click.echo("Invalid quoted string")
            raise click.exceptions.Exit(1) from None
        out.append(inner)
    return out


def _run_mode(terminal: Terminal, words: list[bytes], given: Given) -> int:
    from . import scans, watching

    if given["pipe"]:
        from .pipe import pipe

        return pipe(terminal, sys.stdin.buffer, given["pipe_timeout"])
    interval = given["interval"]
    forever = -1 if given["repeat"] == 1 else given["repeat"]
    if given["latency"] or given["latency_history"]:
        return watching.latency(terminal, interval, given["latency_history"], forever)
    if given["stat"]:
        return watching.stat(terminal, interval or 1.0, forever)
    if given["scan"]:
        return scans.scan(terminal, _walk(given))
    if given["bigkeys"]:
        return scans.big_keys(terminal, _walk(given))
    if given["memkeys"] or given["memkeys_samples"] is not None:
        samples = given["memkeys_samples"]
        return scans.big_keys(terminal, _walk(given), -1 if samples is None else samples)
    if given["hotkeys"]:
        return scans.hot_keys(terminal, _walk(given))
    if given["quoted_input"]:
        words = _unquote(words)
    if given["script"]:
        words = _eval(given["script"], words)
    if given["last_from_stdin"]:
        words.append(sys.stdin.buffer.read())
    elif given["tag"] is not None:
        data = sys.stdin.buffer.read()
        words = [data if word == os.fsencode(given["tag"]) else word for word in words]
    if words:
        return terminal.run(words, given["repeat"], interval or 0.0)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from .shell import Shell

        return Shell(terminal).run()
    return _run_lines(terminal)


def _eval(path: str, words: list[bytes]) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            script = file.read()
    except OSError as error:
        raise click.ClickException(f"Can't open file '{path}': {error.strerror}") from None
    keys = words.index(b",") if b"," in words else len(words)
    return [b"EVAL", script, b"%d" % keys, *words[:keys], *words[keys + 1 :]]


def _run_lines(terminal: Terminal) -> int:
    status = 0
    terminal.errors_end = False  # that is for a command in argv
    for line in sys.stdin.buffer:
        try:
            status = terminal.run_line(line)
        except Quit:
            break
        except LinkError as error:
            terminal.complain(str(error))
            return 1
        if status:
            return status
    return status
