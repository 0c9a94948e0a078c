"""The store as a whole: databases, configuration, the command table, memory, persistence."""

from __future__ import annotations

from ..exceptions import ConnectionError, DataError, RedisError
from ._arguments import one_or_many
from ._base import NEVER_DECODE, CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from .._types import Encodable, Key, Keys, Pattern


def _not_in_the_client(command: str) -> NotImplementedError:
    return NotImplementedError(f"{command} is intentionally not implemented in the client.")


class ServerCommands(CommandGroup[T]):
    def bgrewriteaof(self, **kwargs: Any) -> bool:
        """Begin to write the append-only file anew. True. BGREWRITEAOF."""
        return self.execute_command("BGREWRITEAOF", **kwargs)

    def bgsave(self, schedule: bool = True, **kwargs: Any) -> bool:
        """Begin a snapshot, or with `schedule` after one that is running. True. BGSAVE."""
        pieces = ("SCHEDULE",) if schedule else ()
        return self.execute_command("BGSAVE", *pieces, **kwargs)

    def command(self, **kwargs: Any) -> dict[str, dict[str, Any]]:
        """All commands by name, with arity, flags and key positions. COMMAND."""
        return self.execute_command("COMMAND", **kwargs)

    def command_count(self, **kwargs: Any) -> int:
        """The number of commands. COMMAND COUNT."""
        return self.execute_command("COMMAND COUNT", **kwargs)

    def command_docs(self, *args: str) -> None:
        """As in redis-py not a method: ``execute_command("COMMAND DOCS", ...)`` asks."""
        raise _not_in_the_client("COMMAND DOCS")

    def command_getkeys(self, *args: Encodable) -> list[str]:
        """Which arguments of a whole command are keys. COMMAND GETKEYS."""
        return self.execute_command("COMMAND GETKEYS", *args)

    def command_getkeysandflags(self, *args: Encodable) -> list[Any]:
        """The keys of a whole command, and what it does to them. COMMAND GETKEYSANDFLAGS."""
        return self.execute_command("COMMAND GETKEYSANDFLAGS", *args)

    def command_info(self, **kwargs: Any) -> None:
        """As in redis-py not a method: ``execute_command("COMMAND INFO", ...)`` asks."""
        raise _not_in_the_client("COMMAND INFO")

    def command_list(
        self,
        module: str | None = None,
        category: str | None = None,
        pattern: str | None = None,
    ) -> list[T]:
        """The names of commands, of a module or an ACL category or by pattern. COMMAND LIST."""
        pieces: list[Any] = []
        for word, value in (("MODULE", module), ("ACLCAT", category), ("PATTERN", pattern)):
            if value is not None:
                pieces += (word, value)
        if pieces:
            pieces.insert(0, "FILTERBY")
        return self.execute_command("COMMAND LIST", *pieces)

    def config_get(self, pattern: Pattern = "*", *args: Pattern, **kwargs: Any) -> dict[str, str]:
        """The parameters that match the patterns, {name: value}. CONFIG GET."""
        return self.execute_command("CONFIG GET", pattern, *args, **kwargs)

    def config_resetstat(self, **kwargs: Any) -> bool:
        """Set the statistics to zero. True. CONFIG RESETSTAT."""
        return self.execute_command("CONFIG RESETSTAT", **kwargs)

    def config_rewrite(self, **kwargs: Any) -> T:
        """Write the configuration to its file. CONFIG REWRITE."""
        return self.execute_command("CONFIG REWRITE", **kwargs)

    def config_set(self, name: Key, value: Encodable, *args: Encodable, **kwargs: Any) -> bool:
        """Set a parameter, or several: name, value, name, value. True. CONFIG SET."""
        return self.execute_command("CONFIG SET", name, value, *args, **kwargs)

    def dbsize(self, **kwargs: Any) -> int:
        """The number of keys in this database. O(1). DBSIZE."""
        return self.execute_command("DBSIZE", **kwargs)

    def debug_object(self, key: Key, **kwargs: Any) -> dict[str, Any]:
        """What is known of the value at a key. DEBUG OBJECT."""
        return self.execute_command("DEBUG OBJECT", key, **kwargs)

    def debug_segfault(self, **kwargs: Any) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("DEBUG SEGFAULT")

    def failover(self) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("FAILOVER")

    def flushall(self, asynchronous: bool = False, **kwargs: Any) -> bool:
        """Delete every key of every database, freeing later if `asynchronous`. FLUSHALL."""
        pieces = ("ASYNC",) if asynchronous else ()
        return self.execute_command("FLUSHALL", *pieces, **kwargs)

    def flushdb(self, asynchronous: bool = False, **kwargs: Any) -> bool:
        """Delete every key of this database, freeing later if `asynchronous`. FLUSHDB."""
        pieces = ("ASYNC",) if asynchronous else ()
        return self.execute_command("FLUSHDB", *pieces, **kwargs)

    def info(self, section: str | None = None, *args: str, **kwargs: Any) -> dict[str, Any]:
        """Figures about the store, of the sections named or the usual ones. INFO."""
        if section is None:
            return self.execute_command("INFO", **kwargs)
        return self.execute_command("INFO", section, *args, **kwargs)

    def lastsave(self, **kwargs: Any) -> datetime | None:
        """When the last snapshot was completed, in local time. LASTSAVE."""
        return self.execute_command("LASTSAVE", **kwargs)

    def latency_doctor(self) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("LATENCY DOCTOR")

    def latency_graph(self) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("LATENCY GRAPH")

    def latency_histogram(self, *args: str) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("LATENCY HISTOGRAM")

    def latency_history(self, event: str) -> list[Any]:
        """The (time, milliseconds) of a latency event. LATENCY HISTORY."""
        return self.execute_command("LATENCY HISTORY", event)

    def latency_latest(self) -> list[Any]:
        """The latest of every latency event. LATENCY LATEST."""
        return self.execute_command("LATENCY LATEST")

    def latency_reset(self, *events: str) -> int:
        """Forget latency events, all if none is named; how many. LATENCY RESET."""
        return self.execute_command("LATENCY RESET", *events)

    def lolwut(self, *version_numbers: str | float, **kwargs: Any) -> T:
        """A picture. LOLWUT."""
        if version_numbers:
            return self.execute_command("LOLWUT VERSION", *version_numbers, **kwargs)
        return self.execute_command("LOLWUT", **kwargs)

    def memory_doctor(self, **kwargs: Any) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("MEMORY DOCTOR")

    def memory_help(self, **kwargs: Any) -> None:
        """As in redis-py not a method."""
        raise _not_in_the_client("MEMORY HELP")

    def memory_malloc_stats(self, **kwargs: Any) -> T:
        """What the allocator says of itself. MEMORY MALLOC-STATS."""
        return self.execute_command("MEMORY MALLOC-STATS", **kwargs)

    def memory_purge(self, **kwargs: Any) -> bool:
        """Give free memory back to the system. True. MEMORY PURGE."""
        return self.execute_command("MEMORY PURGE", **kwargs)

    def memory_stats(self, **kwargs: Any) -> dict[str, Any]:
        """Where the memory goes. MEMORY STATS."""
        return self.execute_command("MEMORY STATS", **kwargs)

    def memory_usage(self, key: Key, samples: int | None = None, **kwargs: Any) -> int | None:
        """The bytes that a key and its value take, None if missing. MEMORY USAGE.

        Of a large value `samples` elements are looked at (0: all).
        """
        pieces = ("SAMPLES", samples) if isinstance(samples, int) else ()
        return self.execute_command("MEMORY USAGE", key, *pieces, **kwargs)

    def migrate(
        self,
        host: str,
        port: int,
        keys: Keys,
        destination_db: int,
        timeout: int,
        copy: bool = False,
        replace: bool = False,
        auth: str | None = None,
        **kwargs: Any,
    ) -> T:
        """Move keys to another server within `timeout` milliseconds. MIGRATE."""
        names = one_or_many(keys, None)
        if not names:
            raise DataError("MIGRATE requires at least one key")
        pieces: list[Any] = []
        if copy:
            pieces.append("COPY")
        if replace:
            pieces.append("REPLACE")
        if auth:
            pieces += ("AUTH", auth)
        return self.execute_command(
            "MIGRATE", host, port, "", destination_db, timeout, *pieces, "KEYS", *names, **kwargs
        )

    def psync(self, replicationid: str, offset: int) -> bytes:
        """Ask for a replication stream from an offset on. PSYNC."""
        return self.execute_command("PSYNC", replicationid, offset, **{NEVER_DECODE: True})

    def replicaof(self, *args: Encodable, **kwargs: Any) -> T:
        """Follow another server; ``("NO", "ONE")`` stops it. REPLICAOF."""
        return self.execute_command("REPLICAOF", *args, **kwargs)

    def role(self) -> list[Any]:
        """Whether this store leads or follows, and whom. ROLE."""
        return self.execute_command("ROLE")

    def save(self, **kwargs: Any) -> bool:
        """Take a snapshot now. True. SAVE."""
        return self.execute_command("SAVE", **kwargs)

    def shutdown(
        self,
        save: bool = False,
        nosave: bool = False,
        now: bool = False,
        force: bool = False,
        abort: bool = False,
        **kwargs: Any,
    ) -> None:
        """Stop the server. SHUTDOWN."""
        try:
            self._shutdown(save, nosave, now, force, abort, **kwargs)
        except ConnectionError:
            return
        raise RedisError("SHUTDOWN seems to have failed.")

    def _shutdown(
        self, save: bool, nosave: bool, now: bool, force: bool, abort: bool, **kwargs: Any
    ) -> Any:
        if save and nosave:
            raise DataError("SHUTDOWN save and nosave cannot both be set")
        pieces = [
            word
            for word, given in (
                ("SAVE", save),
                ("NOSAVE", nosave),
                ("NOW", now),
                ("FORCE", force),
                ("ABORT", abort),
            )
            if given
        ]
        return self.execute_command("SHUTDOWN", *pieces, **kwargs)

    def slaveof(self, host: str | None = None, port: int | None = None, **kwargs: Any) -> bool:
        """The old name of `replicaof`; without arguments it stops. SLAVEOF."""
        if host is None and port is None:
            return self.execute_command("SLAVEOF", "NO", "ONE", **kwargs)
        return self.execute_command("SLAVEOF", host, port, **kwargs)

    def slowlog_get(self, num: int | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """The slowest commands lately, a dict each. SLOWLOG GET."""
        pieces = () if num is None else (num,)
        return self.execute_command("SLOWLOG GET", *pieces, **{NEVER_DECODE: True}, **kwargs)

    def slowlog_len(self, **kwargs: Any) -> int:
        """How many entries the slow log has. SLOWLOG LEN."""
        return self.execute_command("SLOWLOG LEN", **kwargs)

    def slowlog_reset(self, **kwargs: Any) -> bool:
        """Empty the slow log. True. SLOWLOG RESET."""
        return self.execute_command("SLOWLOG RESET", **kwargs)

    def swapdb(self, first: int, second: int, **kwargs: Any) -> bool:
        """Exchange the contents of two databases. True. SWAPDB."""
        return self.execute_command("SWAPDB", first, second, **kwargs)

    def sync(self) -> bytes:
        """Ask for a replication stream from the beginning. SYNC."""
        return self.execute_command("SYNC", **{NEVER_DECODE: True})

    def time(self, **kwargs: Any) -> tuple[int, int]:
        """The store's time: seconds since 1970, and microseconds. TIME."""
        return self.execute_command("TIME", **kwargs)

    def wait(self, num_replicas: int, timeout: int, **kwargs: Any) -> int:
        """Wait until replicas have what was written, up to milliseconds; how many. WAIT."""
        return self.execute_command("WAIT", num_replicas, timeout, **kwargs)

    def waitaof(self, num_local: int, num_replicas: int, timeout: int, **kwargs: Any) -> list[int]:
        """Wait until what was written is on disk here and at replicas. WAITAOF."""
        return self.execute_command("WAITAOF", num_local, num_replicas, timeout, **kwargs)
