"""The commands of the command line, put together by click."""

from __future__ import annotations

import sys

import click

from .. import __version__
from ..exceptions import RedisError
from .bench_command import bench
from .check_command import check
from .cli_command import cli
from .info import info
from .links import LinkError
from .serve import serve
from .top import top
from .transfer import export, import_


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="emberkv")
def emberkv() -> None:
    """SQLite for Redis: a shell, a page about a store, its files, a benchmark, a server."""


for command in (cli, info, top, check, bench, serve, import_, export):
    emberkv.add_command(command)


def run(args: list[str] | None = None) -> int:
    """Run with `args`, or those of the process. Gives the exit status."""
    try:
        status = emberkv.main(args=args, prog_name="emberkv", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except LinkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except RedisError as error:  # a store that does not do it, such as one that a script keeps busy
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever read our output has had enough; nothing is left to say, at the exit neither.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115
        return 141
    return int(status) if isinstance(status, int) else 0
