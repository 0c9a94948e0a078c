"""CLIENT's subcommands, SHUTDOWN and passwords over sockets, beside a real server."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from net.sides import Side, both, ours, real
from oracle import Reply, render

import emberkv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


OWN_FIELDS = (
    "id addr laddr fd age idle qbuf qbuf-free argv-mem rbs rbp obl oll omem tot-mem multi-mem"
)


def facts(line: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in line.split())


def listed(reply: Reply) -> list[dict[str, str]]:
    return [facts(line) for line in reply.value.decode().splitlines()]


def shown(reply: Reply) -> list[dict[str, str]]:
    """What a list tells of its clients, without what is each side's own."""
    skipped = {*OWN_FIELDS.split(), "lib-name", "lib-ver"}
    return [{k: v for k, v in client.items() if k not in skipped} for client in listed(reply)]


# LIST and INFO


def test_lists_have_the_servers_fields_in_order(path: Path) -> None:
    with real() as theirs, ours(path) as mine:
        names = []
        for side in (mine, theirs):
            reply = side.connect().do("CLIENT LIST")
            names.append([item.split("=")[0] for item in reply.value.decode().split()])
        assert names[0] == [*names[1], "lib-name", "lib-ver"]  # as 7.2 has them


def test_lists_tell_of_buffers(path: Path) -> None:
    with ours(path) as mine:
        watcher, multi, partial, lazy = (mine.connect() for _ in range(4))
        for name, client in {"multi": multi, "partial": partial, "lazy": lazy}.items():
            client.do(f"CLIENT SETNAME {name}")

        def look() -> dict[str, dict[str, int]]:
            lines = [facts(line) for line in watcher.do("CLIENT LIST").value.decode().splitlines()]
            return {
                f["name"]: {k: int(v) for k, v in f.items() if v.isdecimal()}
                for f in lines
                if f["name"]
            }

        def until(client: str, field: str, least: int) -> dict[str, int]:
            deadline = time.monotonic() + 30
            while (found := look()[client])[field] < least:
                assert time.monotonic() < deadline, found
                time.sleep(0.01)
            return found

        idle = look()["multi"]
        assert idle["multi-mem"] == idle["qbuf"] == idle["omem"] == idle["oll"] == 0
        assert 0 < idle["tot-mem"] < 2000
        multi.do("MULTI")
        multi.do("SET k " + "x" * 5000)
        queued = look()["multi"]
        assert queued["multi-mem"] > 5000
        assert queued["tot-mem"] >= idle["tot-mem"] + queued["multi-mem"]
        multi.do("EXEC")
        assert look()["multi"] == idle | {k: v for k, v in look()["multi"].items() if k == "age"}

        partial.send(b"*2\r\n$3\r\nGET\r\n$30000\r\n" + b"x" * 20000)
        place = until("partial", "qbuf", 20000)
        assert place["tot-mem"] > 20000
        partial.send(b"x" * 9000)
        later = until("partial", "qbuf", 29000)  # nearly full: it is not moved for each piece
        assert later["qbuf"] + later["qbuf-free"] == place["qbuf"] + place["qbuf-free"]
        partial.send(b"x" * 1000 + b"\r\n")
        partial.read()
        assert look()["partial"]["qbuf"] == look()["partial"]["qbuf-free"] == 0

        watcher.do("SET big " + "x" * 100_000)
        lazy.send(b"GET big\r\n" * 500)
        waiting = until("lazy", "omem", 1 << 20)
        by_name = listed(watcher.do("CLIENT LIST"))
        assert {c["name"]: c["events"] for c in by_name} == {
            "": "r", "multi": "r", "partial": "r", "lazy": "rw"
        }  # fmt: skip
        most = dict(x.split(":") for x in watcher.do("INFO clients").value.decode().split()[2:])
        assert int(most["client_recent_max_output_buffer"]) >= waiting["omem"]
        stats = dict(x.split(":") for x in watcher.do("INFO stats").value.decode().split()[2:])
        assert int(stats["total_reads_processed"]) > 8 < int(stats["total_writes_processed"])
        assert waiting["oll"] > 0
        assert waiting["tot-mem"] > waiting["omem"]


def test_lists_show_what_each_client_does(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        clients = [side.connect(2 + i % 2) for i in range(8)]
        plain, named, listening, tracking, waiting, multi, casting, monitor = clients
        named.do("CLIENT SETNAME me")
        named.do("SELECT 5")
        listening.do("SUBSCRIBE a")
        listening.do("PSUBSCRIBE a b")
        listening.do("SSUBSCRIBE a")
        tracking.do("CLIENT TRACKING ON")
        waiting.pipeline("BLPOP nosuch 0")
        for command in ("MULTI", "GET a", "SET a 1"):
            multi.do(command)
        casting.do("CLIENT TRACKING ON BCAST")
        monitor.do("MONITOR")
        asker = side.connect()
        while "flags=bU" not in asker.do("CLIENT LIST").value.decode():
            pass
        seen: list[Any] = [shown(asker.do("CLIENT LIST"))]
        for type_ in ("normal", "pubsub", "replica", "master"):
            seen.append(len(listed(asker.do(f"CLIENT LIST TYPE {type_}"))))
        ids = [client["id"] for client in listed(asker.do("CLIENT LIST"))]
        chosen = listed(asker.do(f"CLIENT LIST ID {ids[2]} {ids[0]} 999999"))
        seen.append([client["id"] for client in chosen] == [ids[2], ids[0]])
        seen.append(shown(plain.do("CLIENT INFO")))
        return seen

    both(script, path)


def test_lists_show_the_clients_of_all_processes(tmp_path: Path) -> None:
    store = tmp_path / "store.ember"
    with emberkv.open(store) as db, emberkv.open(store) as other:
        with ours(tmp_path / "one", db=store) as one, ours(tmp_path / "two", db=store) as two:
            first, second = one.connect(), two.connect(3)
            second.do("CLIENT SETNAME second")
            second.do("SELECT 3")
            mine = first.do("CLIENT ID").value
            found = {client["name"]: client for client in listed(first.do("CLIENT LIST"))}
            assert found["second"]["db"] == "3" and found["second"]["resp"] == "3"
            assert found["second"]["id"] == str(second.do("CLIENT ID").value)
            assert {c["id"] for c in db.client_list()} >= {str(mine), found["second"]["id"]}
            db.client_setname("here")
            assert "here" in [c["name"] for c in other.client_list()]
            assert other.client_kill_filter(_id=mine) == 1
            assert first.gone()
            assert other.client_kill_filter(_id=mine) == 0
            with pytest.raises(emberkv.ResponseError, match="No such client"):
                db.client_kill("10.0.0.1:1")
        assert db._store.check()


# KILL


def test_killing_by_filters(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        killer = side.connect()
        seen: list[Any] = []
        victim = side.connect()
        ident = victim.do("CLIENT ID").value
        seen.append((killer.do(f"CLIENT KILL ID {ident}"), victim.gone()))
        listener, waiter = side.connect(), side.connect()
        listener.do("SUBSCRIBE a")
        waiter.pipeline("BLPOP nosuch 0")
        while "flags=bU" not in killer.do("CLIENT LIST").value.decode():
            pass
        seen.append((killer.do("CLIENT KILL TYPE pubsub"), listener.gone()))
        seen.append((killer.do("CLIENT KILL TYPE normal SKIPME yes"), waiter.gone()))
        own = killer.do("CLIENT ID").value
        seen.append(killer.do(f"CLIENT KILL ID {own}"))
        seen.append((killer.do(f"CLIENT KILL ID {own} SKIPME no"), killer.gone()))
        killer, victim = side.connect(), side.connect()
        seen.append((killer.do("CLIENT KILL USER default LADDR nowhere"), killer.do("PING")))
        seen.append((killer.do(f"CLIENT KILL ADDR {side.path}:0"), victim.gone()))
        seen.append((killer.do(f"CLIENT KILL {side.path}:0"), killer.gone()))
        return seen

    both(script, path)


def test_killing_by_age(path: Path) -> None:
    with ours(path) as side:
        old, killer = side.connect(), side.connect()
        assert killer.do("CLIENT KILL MAXAGE 100000") == Reply("int", 0)
        # A mistaken 0 is no way to be rid of everybody: as Redis 8 has it.
        for wrong in ("0", "-1"):
            refused = Reply("error", b"ERR maxage should be greater than 0")
            assert killer.do(f"CLIENT KILL MAXAGE {wrong}") == refused
        refused = Reply("error", b"ERR maxage is not an integer or out of range")
        assert killer.do("CLIENT KILL MAXAGE old") == refused
        assert old.do("PING") == Reply("status", b"PONG")

        end = time.monotonic() + 20
        while killer.do("CLIENT KILL MAXAGE 1") == Reply("int", 0):
            assert time.monotonic() < end
        assert old.gone()


# REPLY, RESET


def test_replies_are_left_out(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        client, writer = side.connect(3), side.connect()
        client.pipeline("CLIENT REPLY SKIP", "SET k 1", "GET k")
        seen: list[Any] = [client.read()]
        client.pipeline("CLIENT REPLY OFF", "SET k 2", "NOSUCH", "CLIENT REPLY SKIP", "GET k")
        client.pipeline("CLIENT REPLY ON", "PING")
        seen += [client.read(), client.read()]
        client.pipeline("CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "GET k", "GET k")
        seen.append(client.read())
        client.pipeline("CLIENT REPLY OFF", "RESET", "PING")
        seen += [client.read(), client.read()]
        client.do("HELLO 3")
        client.do("CLIENT TRACKING ON")
        client.do("GET k")
        client.pipeline("CLIENT REPLY OFF")
        writer.do("SET k 3")
        seen.append(client.read_message())  # messages are no replies
        return seen

    both(script, path)


def test_reset_leaves_everything(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        client, writer = side.connect(), side.connect()
        for command in ("HELLO 3 SETNAME me", "CLIENT TRACKING ON", "SELECT 4", "SUBSCRIBE a"):
            client.do(command)
        for command in ("PSUBSCRIBE *", "GET k", "WATCH k", "CLIENT NO-EVICT ON", "MULTI"):
            client.do(command)
        client.do("GET x")
        seen: list[Any] = [client.do("RESET")]
        writer.do("SET k 1")
        writer.do("PUBLISH a x")
        seen += [client.told(), client.do("CLIENT TRACKINGINFO"), client.do("CLIENT GETNAME")]
        seen += [client.do("EXEC"), client.do("GET k"), shown(client.do("CLIENT INFO"))]
        seen.append(client.do("HELLO").kind)
        return seen

    both(script, path)


# PAUSE


def test_a_pause_holds_back_what_writes(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        pauser, writer, reader = side.connect(), side.connect(), side.connect()
        multi, publisher = side.connect(), side.connect()
        writer.do("SET k before")
        seen: list[Any] = [pauser.do("CLIENT PAUSE 100000 WRITE")]
        writer.pipeline("SET k after", "GET k")
        publisher.pipeline("PUBLISH c x")
        for command in ("MULTI", "GET k"):
            seen.append(multi.do(command))
        multi.pipeline("SET k2 v", "EXEC")
        while "blocked_clients:3" not in pauser.do("INFO clients").value.decode():
            pass
        seen += [reader.do("GET k"), reader.do("EXISTS k2")]
        seen.append(sum("b" in c["flags"] for c in listed(reader.do("CLIENT LIST"))))
        seen.append(pauser.do("CLIENT UNPAUSE"))
        seen += [writer.read(), writer.read(), publisher.read()]
        seen += [multi.read(), multi.read().value[1]]
        return seen

    both(script, path)


NO_WRITES = "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])"
READER = """#!lua name=reading
redis.register_function{function_name='look', flags={'no-writes'},
    callback=function(keys) return redis.call('get', keys[1]) end}
redis.register_function('change', function(keys) return redis.call('incr', keys[1]) end)"""


def test_what_says_that_it_only_reads_is_not_paused(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        pauser, reader = side.connect(), side.connect()
        pauser.do("SET k v")
        sha = pauser.execute("SCRIPT", "LOAD", NO_WRITES).value
        pauser.execute("FUNCTION", "LOAD", READER)
        held = {
            "eval": ("EVAL", "return redis.call('get', KEYS[1])", 1, "k"),
            "shebang": ("EVAL", "#!lua flags=allow-oom\nreturn 1", 0),
            "fcall": ("FCALL", "change", 1, "n"),
            "count": ("PFCOUNT", "hll"),
        }
        seen: list[Any] = [pauser.do("CLIENT PAUSE 100000 WRITE")]
        seen.append(reader.execute("EVAL", NO_WRITES, 1, "k"))
        seen.append(reader.execute("EVALSHA", sha, 1, "k"))
        seen.append(reader.execute("FCALL", "look", 1, "k"))
        waiting = [side.connect() for _ in held]
        for client, command in zip(waiting, held.values(), strict=True):
            client.send(render(command))
        while f"blocked_clients:{len(held)}" not in pauser.do("INFO clients").value.decode():
            pass
        seen.append(pauser.do("CLIENT UNPAUSE"))
        return seen + [client.read() for client in waiting]

    both(script, path)


def test_nothing_expires_or_is_evicted_in_a_pause(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        pauser, client = side.connect(), side.connect()
        for i in range(100):
            pauser.do(f"SET k:{i} {'v' * 100} PX {1 if i < 50 else 1000000}")
        seen = [pauser.do("SET k v PX 20"), pauser.do("CLIENT PAUSE 100000 WRITE")]
        size = client.do("DBSIZE")
        time.sleep(0.3)
        seen += [client.do("GET k"), client.do("EXISTS k"), client.do("TTL k")]
        seen += [client.do("CONFIG SET maxmemory 1 maxmemory-policy allkeys-lru")]
        seen += [client.do("GET k:99"), client.do("DBSIZE") == size]
        seen += [client.do("CONFIG SET maxmemory 0 maxmemory-policy noeviction")]
        seen += [pauser.do("CLIENT UNPAUSE"), client.do("GET k"), client.do("GET k:99")]
        while client.do("DBSIZE").value > 50:
            pass
        return seen

    both(script, path)


def test_a_pause_of_all_ends_by_itself(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        pauser, client = side.connect(), side.connect()
        pauser.do("SET k v")
        seen: list[Any] = [pauser.do("CLIENT PAUSE 150"), pauser.do("PING")][:1]
        pauser.do("CLIENT PAUSE 100000 WRITE")
        seen.append(pauser.do("CLIENT UNPAUSE"))
        began = time.monotonic()
        seen.append(pauser.do("CLIENT PAUSE 150 ALL"))
        client.pipeline("GET k", "SET k w", "GET k")
        seen += [client.read(), client.read(), client.read(), time.monotonic() - began > 0.14]
        return seen

    both(script, path)


def test_a_pause_beyond_all_times_is_refused(path: Path) -> None:
    """Redis 8 says so; 7.0 says OK, and does nothing."""
    with ours(path) as side:
        client = side.connect()
        told = client.do(f"CLIENT PAUSE {2**63 - 1}")
        assert told == Reply("error", b"ERR timeout is out of range")
        assert client.do("SET k v") == Reply("status", b"OK")


def test_a_pause_holds_back_calls_in_processes(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store.ember") as db, emberkv.open(db.path) as other:
        db.set("k", "v")
        began = time.monotonic()
        assert db.client_pause(80) is True
        assert other.get("k") == b"v"
        assert time.monotonic() - began > 0.07
        began = time.monotonic()
        db.client_pause(80, all=False)
        other.set("k", "w")
        assert time.monotonic() - began > 0.07
        db.client_pause(100_000, all=False)
        assert other.get("k") == b"w"  # at once: only writes wait
        db.client_unpause()
        other.set("k", "x")


def test_more_clients_than_the_system_allows_are_refused(path: Path) -> None:
    with ours(path) as side:
        client = side.connect()
        told = client.do("CONFIG SET maxclients 2000000000").value.decode()
        assert "not able to handle the specified number of clients, try with " in told
        assert client.do("CONFIG GET maxclients").value[1].value == b"10000"


# Passwords


def test_a_password_is_asked_for(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        owner, early = side.connect(), side.connect()
        early.do("PING")
        seen: list[Any] = [owner.do("CONFIG SET requirepass secret"), early.do("GET k")]
        late = side.connect()
        for command in (
            *("PING", "GET k", "NOSUCH a", "GET", "CLIENT ID", "MULTI", "EXEC", "RESET"),
            *("AUTH wrong", "AUTH secretx", "AUTH secre", "AUTH default wrong"),
            *("AUTH nobody secret", "HELLO", "HELLO 3", "HELLO 3 AUTH default wrong"),
            *("HELLO 4", "AUTH a b c", "QUIT x"),
        ):
            seen.append((command, late.do(command)))
        assert late.gone()
        late = side.connect()
        seen.append(late.do("HELLO 2 AUTH default secret").kind)
        for command in (
            "PING",
            "AUTH default wrong",
            "PING",
            "RESET",
            "PING",
            "AUTH secret",
            "PING",
        ):
            seen.append(late.do(command))
        owner.execute("CONFIG", "SET", "requirepass", "")
        seen += [side.connect().do("PING"), late.do("AUTH secret"), late.do("AUTH default x")]
        return seen

    both(script, path)


# DEBUG and SHUTDOWN


@pytest.mark.parametrize(
    "options, allowed",
    [
        ({}, False),
        ({"enable_debug_command": "yes"}, True),
        ({"enable_debug_command": "local"}, True),
        ({"enable_debug_command": "no"}, False),
    ],
)
def test_debug_is_for_whom_it_is_enabled(path: Path, options: dict, allowed: bool) -> None:
    with ours(path, **options) as side:
        reply = side.connect().do("DEBUG PROTOCOL integer")
        if allowed:
            assert reply == Reply("int", 12345)
        else:
            assert reply.value.startswith(b"ERR DEBUG command not allowed. If the enable-debug")


@pytest.mark.parametrize("setting", ["yes", "local", "no"])
def test_modules_are_refused_in_the_servers_words(path: Path, setting: str) -> None:
    commands = ["LIST", "LOAD /no/such", "LOADEX /no/such CONFIG a b ARGS c", "UNLOAD x", "LOAD"]

    def script(side: Side) -> list[Any]:
        return [side.connect().do(f"MODULE {command}") for command in commands]

    with real("--enable-module-command", setting) as theirs:
        with ours(path, enable_module_command=setting) as mine:
            assert script(mine) == script(theirs)


def test_debug_shows_the_clients_by_their_memory(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        client, other = side.connect(), side.connect()
        seen: list[Any] = [client.do("DEBUG CLIENT-EVICTION"), other.do("CLIENT NO-EVICT on")]
        client.do("CONFIG SET maxmemory-clients 100mb")
        lines = client.do("DEBUG CLIENT-EVICTION").value.decode().split("\n")
        seen.append(sum(int(line.split()[-1]) for line in lines if line))  # clients
        seen += [re.sub(r"tot-mem: +\d+, clients: \d+", "", line) for line in lines]
        client.do("CONFIG SET maxmemory-clients 0")
        return seen

    with real() as theirs, ours(path, enable_debug_command="yes") as mine:
        assert script(mine) == script(theirs)


def test_protocol_types_are_those_of_the_server(path: Path) -> None:
    types = "string integer double bignum null array set map attrib verbatim true false nosuch"

    def script(side: Side) -> list[Any]:
        seen: list[Any] = []
        for protocol in (2, 3):
            client = side.connect(protocol)
            seen += [client.do(f"DEBUG PROTOCOL {name}") for name in types.split()]
        seen.append(client.do("DEBUG PROTOCOL push"))
        seen += client.told()
        return seen

    with real() as theirs, ours(path, enable_debug_command="yes") as mine:
        assert script(mine) == script(theirs)


@pytest.mark.parametrize("options", ["", "NOSAVE", "NOW", "NOSAVE NOW FORCE"])
def test_shutdown_stops_the_server(tmp_path: Path, options: str) -> None:
    with emberkv.open() as db, emberkv.serve(db, unixsocket=tmp_path / "s") as server:
        assert server.unixsocket
        client, other = (Side(server.unixsocket).connect() for _ in range(2))
        other.do("SET k v")
        client.pipeline(f"SHUTDOWN {options}".strip())
        assert client.gone() and other.gone()
        assert server.join(10)
        assert db.get("k") == b"v"
        with pytest.raises(emberkv.ResponseError, match="no server"):
            db.shutdown()


def test_figures_of_the_server(path: Path) -> None:
    with ours(path, enable_debug_command="yes") as side:
        client = side.connect()
        side.connect().do("PING")
        client.do("INCR n")
        client.pipeline("DEBUG SLEEP 0.02")
        client.read()
        info = dict(
            line.split(":", 1)
            for line in client.do("INFO everything").value.decode().splitlines()
            if ":" in line
        )
        assert info["connected_clients"] == "2" and info["total_connections_received"] == "2"
        assert re.match(r"calls=1,usec=\d+,", info["cmdstat_incr"])
        (entry,) = client.do("SLOWLOG GET").value
        assert entry.value[3].value == (
            *(Reply("bulk", b"DEBUG"), Reply("bulk", b"SLEEP"), Reply("bulk", b"0.02")),
        )
        assert entry.value[4].value.decode() == f"{side.path}:0"
