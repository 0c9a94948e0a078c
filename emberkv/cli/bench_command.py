"""`emberkv bench`: its options, and how results are told."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from . import bench as bench_module
from .bench import Plan, Result, Test
from .cli_command import OptionsBesideTarget, by_tls, place, tls_of, tls_options
from .links import LinkError, Target

CSV_HEADING = (
    "test",
    "rps",
    "avg_latency_ms",
    "min_latency_ms",
    "p50_latency_ms",
    "p95_latency_ms",
    "p99_latency_ms",
    "max_latency_ms",
)


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
@click.option("-a", "password", metavar="PASSWORD", help="A server's password.")
@click.option("--user", metavar="NAME", help="The user that the password is for.")
@click.option("-c", "clients", type=click.IntRange(1), help="Connections [50], or processes [1].")
@click.option("-n", "requests", type=click.IntRange(1), default=100_000, help="In all.  [100000]")
@click.option("-d", "size", type=click.IntRange(0), default=3, help="Bytes of a value.  [3]")
@click.option("-P", "pipeline", type=click.IntRange(1), default=1, help="Requests at a time.  [1]")
@click.option("-r", "keyspace", type=click.IntRange(1), help="Random keys, of so many.")
@click.option("-t", "names", metavar="TESTS", help="Only these, separated by commas.")
@click.option("--dbnum", type=int, default=0, help="Number of the database.")
@click.option("-3", "resp3", is_flag=True, help="Speak RESP3 to a server.")
@click.option(
    "--threads",
    "processes",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Drive a server from N processes, as Python's threads would not be faster.  [1]",
)
@click.option(
    "-k",
    "keep_alive",
    type=click.IntRange(0, 1),
    default=1,
    metavar="0|1",
    help="0: a new connection for each request.  [1]",
)
@click.option("-I", "idle", is_flag=True, help="Open the connections and do nothing.")
@click.option("-q", "quiet", is_flag=True, help="A line for each test.")
@click.option(
    "--precision",
    type=click.IntRange(0, 9),
    metavar="N",
    help="Decimal places of latencies.  [3 in ms, 6 in process; 2 in us]",
)
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, with redis-benchmark's columns.")
@click.option("-x", "last_from_stdin", is_flag=True, help="COMMAND's last argument is on stdin.")
@click.option("-l", "loop", is_flag=True, help="Again and again, until Ctrl-C.")
@tls_options
def bench(target: str, words: tuple[str, ...], **given: Any) -> int:
    """Measure a store through the Python API, or a server.

    Without PATH or URL: a store in memory, of the benchmark's own. With COMMAND, that is measured;
    each __rand_int__ in it becomes a random number (-r). The tests write keys (key:*, counter:*,
    mylist, myset, myhash, myzset), and leave them.

    In process, with -c, so many processes share PATH. Its latencies are those of single calls,
    timed after the race. A server is driven from one thread of Python, or --threads processes,
    which is slower than redis-benchmark: without a pipeline one finds its own limit, some 50 000
    a second.
    """
    import emberkv

    tests = {name for test in bench_module.tests(0) for name in (test.name, test.group.upper())}
    if target and not words and target.upper() in tests and not os.path.exists(target):
        raise LinkError(f"{target} would be the PATH of a store: -t {target} names the test.")
    url = by_tls(place(target, given), given)
    to = Target(
        url,
        username=given["user"],
        password=given["password"],
        db=given["dbnum"],
        protocol=3 if given["resp3"] else 2,
        tls=tls_of(url, given),
    )
    plan = Plan(
        given["requests"],
        given["clients"] or (50 if to.is_server else 1),
        given["pipeline"],
        given["keyspace"] or 0,
        processes=given["processes"],
        reconnects=not given["keep_alive"],
    )
    for_server = {"--threads": plan.processes > 1, "-k": plan.reconnects, "-I": given["idle"]}
    if not to.is_server and (named := [name for name, used in for_server.items() if used]):
        raise LinkError(f"{named[0]} is for a server.")
    if given["idle"]:
        return _stay_idle(to, plan)
    if words:
        own = [os.fsencode(word) for word in words]
        if given["last_from_stdin"]:
            own.append(sys.stdin.buffer.read())
        chosen = [bench_module.custom(own)]
    else:
        chosen = bench_module.chosen(bench_module.tests(given["size"]), given["names"])
    if not to.is_server:
        # One test of PING: there are no inline commands without a server.
        chosen = [test for test in chosen if test.name != "PING_INLINE"]
    while True:
        try:
            _report(to, measure(to, chosen, plan), plan, given)
        except emberkv.RedisError as error:
            raise LinkError(f"Error: {error}") from None
        if not given["loop"]:
            return 0


def measure(target: Target, many: Iterable[Test], plan: Plan) -> Iterator[Result]:
    """The tests one after another; a store is open throughout, so one finds what others left."""
    if target.is_server:
        from .bench_server import measure_server

        for test in many:
            yield measure_server(target, test, plan)
        return
    if plan.clients > 1 and target.path is None:
        raise LinkError("Several clients share a store by its path: emberkv bench -c N PATH")
    with bench_module.open_store(target) as db:
        for test in many:
            yield bench_module.measure_store(db, target, test, plan)


def _stay_idle(to: Target, plan: Plan) -> int:
    from .bench_server import stay_idle

    click.echo(f"Creating {plan.clients} idle connections and waiting forever (Ctrl+C when done)")
    stay_idle(to, plan.clients)
    return 0


def _report(to: Target, results: Iterable[Result], plan: Plan, given: dict[str, Any]) -> None:
    if given["as_csv"]:
        writer = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(CSV_HEADING)
        for result in results:
            latencies = [
                result.mean,
                result.percentile(0),
                *map(result.percentile, (50, 95, 99)),
                result.percentile(100),
            ]
            row = [f"{result.per_second:.2f}", *(f"{s * 1e3:.4f}" for s in latencies)]
            writer.writerow([result.test.name, *row])
            sys.stdout.flush()
    elif given["quiet"]:
        places = given["precision"]
        places = places if places is not None else 3 if to.is_server else 6
        for result in results:
            click.echo(
                f"{result.test.name}: {result.per_second:.2f} requests per second, "
                f"p50={result.percentile(50) * 1e3:.{places}f} msec"
            )
    else:
        _print_table(to, results, plan, given)


def _print_table(to: Target, results: Iterable[Result], plan: Plan, given: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    unit, scale, places = ("ms", 1e3, 3) if to.is_server else ("us", 1e6, 2)
    places = places if given["precision"] is None else given["precision"]
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("test", overflow="fold")
    for name in ("requests/s", f"p50 {unit}", f"p95 {unit}", f"p99 {unit}", f"max {unit}"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        figures = [result.percentile(percent) * scale for percent in (50, 95, 99, 100)]
        table.add_row(
            result.test.name,
            f"{result.per_second:,.0f}",
            *(f"{figure:,.{places}f}" for figure in figures),
        )
    what = "connections" if to.is_server else "processes" if plan.clients > 1 else "process"
    size = f", values of {given['size']} bytes"
    keys = f", {plan.keyspace:,} random keys" if plan.keyspace else ""
    piped = f", {plan.pipeline} in a pipeline" if plan.pipeline > 1 else ""
    console = Console(file=sys.stdout, markup=False, highlight=False)
    name = "a store in memory" if to.in_memory else to.name or ""
    console.print(
        f"{name}: {plan.requests:,} requests a test, {plan.clients} {what}{size}{keys}{piped}",
        soft_wrap=True,
    )
    console.print(table)
