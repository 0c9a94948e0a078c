"""`emberkv import` and `emberkv export`: all keys from one place to another.

A place is a store (a path), a server (a URL) or an RDB file. Keys go as DUMP gives them and
RESTORE takes them, with their times to live, database by database; a file is read and written
whole.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import click

from .links import Link, LinkError, StoreLink, Target
from .scans import ProgressBar

if TYPE_CHECKING:
    import emberkv

    from .resp import Reply

AT_ONCE = 100  # keys: a batch of them is in memory
STANDARD = "-"  # input or output
SHOWN = 10  # keys that could not be copied and are named


class Loaded(StoreLink):
    """A link to a store that was read from a file."""

    def __init__(self, db: emberkv.Ember[bytes]) -> None:
        self.target = Target()
        self._db = db
        self._converse(0)


class Refused(NamedTuple):
    db: int
    key: bytes
    error: str


class Outcome:
    """What became of the keys."""

    def __init__(self) -> None:
        self.copied = 0
        self.there = 0  # already, and left alone
        self.libraries_there = 0
        self.refused: list[Refused] = []
        self.nrefused = 0

    def refuse(self, db: int, key: bytes, error: str) -> None:
        self.nrefused += 1
        if len(self.refused) < SHOWN:
            self.refused.append(Refused(db, key, error))


def is_rdb(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(6) in (b"REDIS0", b"VALKEY")
    except (OSError, ValueError):
        return False


def load(path: str) -> Loaded:
    """The content of an RDB file; "-" is standard input."""
    import emberkv
    from emberkv.snapshots import read_into

    db = emberkv.open()
    try:
        if path == STANDARD:
            read_into(db._store, sys.stdin.buffer)
        else:
            with ProgressBar("bytes read", os.path.getsize(path)) as bar:
                read_into(db._store, path, bar.to)
    except (emberkv.RedisError, OSError) as error:
        db.close()
        raise LinkError(str(error)) from None
    return Loaded(db)


def begin(link: Link) -> Link:
    problems = link.begin()
    if problems:
        raise LinkError("; ".join(problems))
    return link


def open_source(name: str) -> Link:
    if name == STANDARD:
        return load(name)
    if os.path.isfile(name):
        if is_rdb(name):
            return load(name)
        raise LinkError(f"{name}: this is no RDB file")
    target = Target(name)
    if target.path is not None and not target.has_memory and not os.path.isdir(target.path):
        raise LinkError(f"{name}: there is no such file or store")
    return begin(target.open())


def databases(link: Link) -> dict[int, int]:
    """The databases that have keys, and how many."""
    reply = link.execute("INFO", "keyspace")
    if reply.is_error:
        raise LinkError(reply.text)
    found = {}
    for line in reply.value.decode().split():
        name, _, facts = line.partition(":keys=")
        if facts:
            found[int(name[2:])] = int(facts.split(",")[0])
    return found


def checked(reply: Reply) -> Reply:
    if reply.is_error:
        raise LinkError(reply.text)
    return reply


def copy(source: Link, destination: Link, replace: bool) -> Outcome:
    """All keys of all databases. A key that cannot be copied is noted, and the others go on."""
    outcome = Outcome()
    counts = databases(source)
    with ProgressBar("keys", sum(counts.values())) as bar:
        for db in sorted(counts):
            checked(source.execute("SELECT", db))
            checked(destination.execute("SELECT", db))
            cursor: bytes = b"0"
            while True:
                reply = checked(source.execute("SCAN", cursor, "COUNT", AT_ONCE))
                cursor, keys = reply.value[0].value, [key.value for key in reply.value[1].value]
                copy_keys(source, destination, db, keys, replace, outcome)
                bar.by(len(keys))
                if cursor == b"0":
                    break
    copy_functions(source, destination, replace, outcome)
    return outcome


def copy_keys(
    source: Link, destination: Link, db: int, keys: list[bytes], replace: bool, outcome: Outcome
) -> None:
    questions = [question for key in keys for question in ([b"DUMP", key], [b"PTTL", key])]
    answers = source.execute_many(questions)
    taken, commands = [], []
    for key, dump, ttl in zip(keys, answers[::2], answers[1::2], strict=True):
        if dump.is_error:
            outcome.refuse(db, key, dump.text)
        elif dump.value is not None and ttl.value != -2:  # else it has gone meanwhile
            milliseconds = b"%d" % max(ttl.value, 0)
            taken.append(key)
            commands.append([b"RESTORE", key, milliseconds, dump.value, *[b"REPLACE"] * replace])
    for key, reply in zip(taken, destination.execute_many(commands), strict=True):
        if not reply.is_error:
            outcome.copied += 1
        elif reply.text.startswith("BUSYKEY"):
            outcome.there += 1
        else:
            outcome.refuse(db, key, reply.text)


def copy_functions(source: Link, destination: Link, replace: bool, outcome: Outcome) -> None:
    """Library by library: one that stays, or cannot be held, is no matter of the others."""
    listed = source.execute("FUNCTION", "LIST", "WITHCODE")
    if listed.is_error or not listed.value:
        return  # none, or a server that knows none
    for library in listed.value:
        facts = {name.text: value for name, value in library.pairs()}
        code = facts["library_code"].value
        reply = destination.execute("FUNCTION", "LOAD", *["REPLACE"] * replace, code)
        if not reply.is_error:
            continue
        if reply.text.endswith("already exists"):
            outcome.libraries_there += 1
        else:
            outcome.refuse(0, b"library " + facts["library_name"].value, reply.text)


def report(outcome: Outcome, to: str) -> int:
    click.echo(f"{outcome.copied:,} keys copied to {to}")
    if outcome.there:
        click.echo(f"{outcome.there:,} were there already and stay: --replace overwrites", err=True)
    if outcome.libraries_there:
        click.echo(
            f"{outcome.libraries_there:,} libraries of functions were there already and stay: "
            "--replace overwrites",
            err=True,
        )
    if outcome.nrefused:
        click.echo(f"{outcome.nrefused:,} keys cannot be held by {to}:", err=True)
    for db, key, error in outcome.refused:
        if "payload version" in error:
            error += " (it knows no values of this version)"
        click.echo(f"  db{db} {key.decode(errors='backslashreplace')}: {error}", err=True)
    if outcome.nrefused > SHOWN:
        click.echo("  ...", err=True)
    return 1 if outcome.nrefused else 0


def transfer(source: Link, destination: Link, replace: bool, to: str) -> int:
    try:
        return report(copy(source, destination, replace), to)
    except (OSError, ConnectionError) as error:
        raise LinkError(f"the transfer broke off: {error}") from None
    finally:
        source.close()
        destination.close()


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.command("import", context_settings=SETTINGS)
@click.argument("source", metavar="FILE|URL")
@click.argument("path")
@click.option(
    "--replace", is_flag=True, help="Overwrite keys and libraries that are there already."
)
@click.option("--keep", is_flag=True, help="Leave the store in memory when nobody has it open.")
def import_(source: str, path: str, replace: bool, keep: bool) -> int:
    """Copy all keys of an RDB file, or of a server (redis://, unix://, ...), to the store PATH.

    FILE may be -, standard input.

    A server goes on meanwhile: what changes there during the copy is copied as it was or as it is.
    Keys and libraries of functions that are there already stay. Exit status 1: something else was
    not copied, and is named.
    """
    link = open_source(source)
    target = Target(path, keep=keep)
    try:
        destination = begin(target.open())
    except LinkError:
        link.close()
        raise
    status = transfer(link, destination, replace, path)
    if target.path is not None and not os.path.exists(target.path):
        raise LinkError(
            f"{path} went with this process, for nobody has it open and it has no files: "
            "--keep leaves it in memory"
        )
    return status


@click.command("export", context_settings=SETTINGS)
@click.argument("path")
@click.argument("destination", metavar="FILE|URL")
@click.option(
    "--replace", is_flag=True, help="Overwrite keys and libraries that the server has already."
)
def export(path: str, destination: str, replace: bool) -> int:
    """Copy all keys of the store PATH to a server (redis://, ...), or as they are to an RDB FILE.

    FILE may be -, standard output.

    Keys and libraries of functions that are there already stay. Exit status 1: something else was
    not copied, and is named.
    """
    if Target(destination).is_server:
        source = open_source(path)
        try:
            link = begin(Target(destination).open())
        except LinkError:
            source.close()
            raise
        return transfer(source, link, replace, destination)
    return write_file(path, destination)


def write_file(path: str, file: str) -> int:
    import emberkv
    from emberkv._core import _ember

    if file == STANDARD and sys.stdout.isatty():
        raise LinkError("-: standard output is a terminal, and an RDB file is no text")
    target = Target(path)
    if target.is_server or target.path is None or not os.path.isdir(target.path):
        raise LinkError(f"{path}: there is no such store")
    with target.open_store() as db:
        total = sum(facts["keys"] for facts in db.info("keyspace").values())
        try:
            with ProgressBar("keys", total) as bar, tempfile.TemporaryDirectory() as folder:
                name = os.path.join(folder, "-") if file == STANDARD else file
                said = _ember.save_rdb(db._store, name, progress=bar.to)
                if file == STANDARD:
                    with open(name, "rb") as written:
                        shutil.copyfileobj(written, sys.stdout.buffer)
                    sys.stdout.flush()
        except (emberkv.RedisError, OSError) as error:
            raise LinkError(str(error)) from None
    where = "standard output" if file == STANDARD else file
    click.echo(
        f"{said['keys']:,} keys in {where}, {said['bytes']:,} bytes, RDB {said['version']}",
        err=file == STANDARD,
    )
    if said["version"] > 10:
        click.echo("Redis 7.0 does not read it: there are hashes with fields that expire", err=True)
    return 0
