"""Scripts that run for long: others are told, and can end them, in every thread and process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient

import emberkv
import emberkv.asyncio

pytest.importorskip("lupa")

ENDLESS = "while true do end"
STUBBORN = "while true do pcall(function() while true do end end) end"
CALLING = "while true do redis.pcall('get', 'x') end"
IN_COROUTINES = "while true do coroutine.wrap(function() while true do end end)() end"
SLEEPY = "while true do local t = redis.call('time') end"
WROTE = "redis.call('set', 'written', 1) " + ENDLESS
LOOP = "#!lua name=x\nredis.register_function('loop', function() while true do end end)"
THRESHOLD_MS = 30


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as db:
        db.config_set("busy-reply-threshold", THRESHOLD_MS)
        yield db
        for end in (db.script_kill, db.function_kill):  # what a test that failed left running
            with contextlib.suppress(emberkv.ResponseError):
                end()
        assert db._store.check()


class Running:
    """A call in a thread of its own, and how it ended."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.error: BaseException | None = None
        self.result: Any = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error

    def ended(self) -> BaseException | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.error


def until_busy(db: Any, call: Callable[[], Any] | None = None) -> str:
    """Call until it is answered by BUSY; the text."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            call() if call else db.set("x", 1)
        except emberkv.ResponseError as error:
            if "BUSY" in str(error):
                return str(error)
            raise
    raise AssertionError("never busy")


@pytest.mark.parametrize("script", [ENDLESS, STUBBORN, CALLING, IN_COROUTINES, SLEEPY])
def test_other_threads_are_told_and_can_end_it(db: Any, script: str) -> None:
    running = Running(lambda: db.eval(script, 0))
    assert "SCRIPT KILL" in until_busy(db)
    for call in (
        lambda: db.get("missing"),
        lambda: db.incr("n"),
        lambda: db.blpop("q", 1),
        lambda: db.eval("return 1", 0),
        lambda: db.pipeline().set("a", 1).execute(),
        lambda: db.function_stats(),
        lambda: db.function_kill(),
        lambda: db.transaction().__enter__(),
    ):
        with pytest.raises(emberkv.ResponseError, match="BUSY"):
            call()
    assert db.script_kill() is True
    assert "killed by user" in str(running.ended())
    assert db.set("x", 1) is True and db.exists("n", "a") == 0
    with pytest.raises(emberkv.ResponseError, match="NOTBUSY|No scripts"):
        db.script_kill()


def test_functions_are_ended_by_their_own_command(db: Any) -> None:
    db.function_load(LOOP)
    running = Running(lambda: db.fcall("loop", 1, "key", "argument"))
    assert "FUNCTION KILL" in until_busy(db)
    with pytest.raises(emberkv.ResponseError, match="BUSY"):
        db.script_kill()
    stats = db.function_stats()[b"running_script"]
    assert stats[b"name"] == b"loop" and stats[b"duration_ms"] >= THRESHOLD_MS
    assert [word.lower() for word in stats[b"command"]] == [
        b"fcall",
        b"loop",
        b"1",
        b"key",
        b"argument",
    ]
    db.function_kill()
    assert "killed by user" in str(running.ended())
    assert db.function_stats()[b"running_script"] is None


def test_what_has_written_is_not_ended(db: Any) -> None:
    script = WROTE.replace("while true", "local n = 0 while n < 3e7").replace(
        "do end", "do n = n + 1 end"
    )
    running = Running(lambda: db.eval(script, 0))
    until_busy(db)
    with pytest.raises(emberkv.ResponseError, match="UNKILLABLE|already executed write"):
        db.script_kill()
    assert running.ended() is None and db.get("written") == b"1"


def test_what_would_leave_nothing_is_ended_though_it_has_written(db: Any) -> None:
    running = Running(lambda: db.eval(WROTE, 0, rollback=True))
    until_busy(db)
    assert db.script_kill() is True
    assert "killed by user" in str(running.ended())
    assert not db.exists("written")


def test_without_a_threshold_others_wait(db: Any) -> None:
    db.config_set("busy-reply-threshold", 0)
    running = Running(lambda: db.eval("local n = 0 while n < 1e7 do n = n + 1 end return n", 0))
    assert db.set("x", 1) is True
    assert running.ended() is None


def test_other_processes_are_told_and_can_end_it(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        db.config_set("busy-reply-threshold", THRESHOLD_MS)
        code = (
            f"import emberkv; db = emberkv.open({path!r})\n"
            f"try: db.eval({ENDLESS!r}, 0)\n"
            "except emberkv.ResponseError as error: print(error)"
        )
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        until_busy(db)
        assert db.script_kill() is True
        assert "killed by user" in child.communicate(timeout=60)[0]
        assert db.set("x", 1) is True


@pytest.fixture
def busy_elsewhere(tmp_path: Path) -> Iterator[emberkv.Ember[bytes]]:
    """A store at a path that another process's endless script, which has written, keeps busy."""
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        db.mset({"w": 1, "long": b"x" * 100_000})
        db.config_set("busy-reply-threshold", THRESHOLD_MS)
        code = f"import emberkv; emberkv.open({path!r}).eval({WROTE!r}, 0)"
        child = subprocess.Popen([sys.executable, "-c", code])
        try:
            until_busy(db)
            yield db
        finally:
            child.kill()
            child.wait()
        assert db.get("w") == b"1" and not db.exists("written")


def emberkv_command(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emberkv", *args]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)


def test_what_is_asked_from_outside_is_told(busy_elsewhere: Any) -> None:
    path = busy_elsewhere.path
    for protocol in ([], ["-3"], ["-a", "secret"], ["-n", "1"]):
        done = emberkv_command("cli", *protocol, path, "get", "w")
        assert "BUSY Redis is busy" in done.stdout, done
    assert "UNKILLABLE" in emberkv_command("cli", path, "SCRIPT", "KILL").stdout
    assert "no server to stop" in emberkv_command("cli", path, "SHUTDOWN", "NOSAVE").stdout
    for command in (["info", path], ["top", path], ["export", path, f"{path}.rdb"]):
        done = emberkv_command(*command)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "BUSY Redis is busy" in done.stderr, done
    assert f"It is open in process {os.getpid()}" in emberkv_command("info", path).stderr


def test_what_concerns_the_session_alone_is_told_too(busy_elsewhere: Any) -> None:
    db = busy_elsewhere
    for call in (
        lambda: db.view("long"),
        lambda: db.save(f"{db.path}.rdb"),
        lambda: db.execute_command("HELLO", 3),
        lambda: db.execute_command("UNWATCH"),
        lambda: db.pubsub().subscribe("other"),
    ):
        with pytest.raises(emberkv.ResponseError, match="BUSY"):
            call()
    with pytest.raises(emberkv.ResponseError, match="the script ends with its process"):
        db.shutdown(nosave=True)


def test_a_pubsub_is_let_go_of_when_the_script_has_ended(db: Any) -> None:
    closed, dropped = db.pubsub(), db.pubsub()
    closed.subscribe("news")
    dropped.subscribe("news")
    running = Running(lambda: db.eval(ENDLESS, 0))
    until_busy(db)
    closed.close()
    del dropped
    assert not closed.subscribed
    assert running.error is None and db.script_kill() is True
    assert "killed by user" in str(running.ended())
    give_up = time.monotonic() + 60
    while db.pubsub_numsub("news") != [(b"news", 0)]:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_process_that_dies_in_it_keeps_nobody_busy(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        db.config_set("busy-reply-threshold", THRESHOLD_MS)
        code = f"import emberkv; emberkv.open({path!r}).eval({WROTE!r}, 0)"
        child = subprocess.Popen([sys.executable, "-c", code])
        until_busy(db)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert db.set("x", 1) is True and not db.exists("written")
        with pytest.raises(emberkv.ResponseError, match="No scripts"):
            db.script_kill()
        assert db._store.check()


def test_ctrl_c_ends_a_script_and_nothing_of_it_stays(db: Any) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            db.eval(WROTE, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not db.exists("written")


def test_a_store_is_closed_when_its_script_has_ended(db: Any) -> None:
    with emberkv.open() as other:
        other.config_set("busy-reply-threshold", THRESHOLD_MS)
        running = Running(
            lambda: other.eval("local n = 0 while n < 2e7 do n = n + 1 end return n", 0)
        )
        until_busy(other)
    with pytest.raises(emberkv.ConnectionError):
        other.get("x")
    assert running.ended() is None and running.result == 20000000


def test_the_asyncio_twin_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "s.ember")
        async with emberkv.asyncio.open(path) as twin:
            with emberkv.open(path) as db:
                await twin.config_set("busy-reply-threshold", THRESHOLD_MS)
                running = Running(lambda: db.eval(ENDLESS, 0))
                until_busy(db)
                with pytest.raises(emberkv.ResponseError, match="BUSY"):
                    await twin.set("x", 1)
                assert await twin.script_kill() is True
                assert "killed by user" in str(running.ended())
                assert await twin.set("x", 1) is True

    asyncio.run(main())


def test_redis_py_on_the_bridge_is_told(db: Any) -> None:
    pytest.importorskip("redis")
    import redis

    client = emberkv.redis_client(db)
    client.ping()
    running = Running(lambda: db.eval(ENDLESS, 0))
    until_busy(db)
    with pytest.raises(redis.ResponseError, match="BUSY"):
        client.set("x", 1)
    assert client.script_kill() in (True, b"OK", "OK")
    assert "killed by user" in str(running.ended())
    client.close()


# --- a server ---


@pytest.fixture
def served(db: Any, tmp_path: Path) -> Iterator[tuple[Any, Callable[[], RawClient]]]:
    path = str(tmp_path / "socket")
    clients: list[RawClient] = []

    def connect() -> RawClient:
        clients.append(RawClient(path, 2))
        return clients[-1]

    with emberkv.serve(db, unixsocket=path):
        yield db, connect
        for client in clients:
            client.close()


def until_told(client: RawClient) -> Any:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        reply = client.execute("PING")
        if reply.kind == "error":
            return reply
    raise AssertionError("never busy")


def test_connections_of_a_server_are_told_while_it_runs_a_script(served: Any) -> None:
    _, connect = served
    runner, other, in_multi = connect(), connect(), connect()
    in_multi.execute("MULTI")
    running = Running(lambda: runner.execute("EVAL", STUBBORN, 0))
    assert b"BUSY" in until_told(other).value
    for call in (("GET", "x"), ("EVAL", "return 1", 0), ("FUNCTION", "STATS"), ("CLIENT", "ID")):
        assert other.execute(*call).value.startswith(b"BUSY"), call
    assert other.execute("MULTI").value == b"OK"
    assert other.execute("SET", "x", 1).value.startswith(b"BUSY")
    assert other.execute("EXEC").value.startswith(
        b"EXECABORT Transaction discarded because of: BUSY"
    )
    assert other.execute("WATCH", "x").value == b"OK"
    assert other.execute("UNWATCH").value == b"OK"
    assert in_multi.execute("EXEC").value.startswith(b"EXECABORT")
    late = connect()
    assert late.execute("PING").value.startswith(b"BUSY")
    connect().close()
    assert late.execute("HELLO", 3).kind == "map"
    assert late.execute("SCRIPT", "KILL").value == b"OK"
    assert running.ended() is None
    assert b"killed by user" in running.result.value
    assert other.execute("PING").value == late.execute("PING").value == b"PONG"


def test_connections_are_told_while_others_run_a_script(served: Any) -> None:
    db, connect = served
    old = connect()
    old.execute("PING")
    running = Running(lambda: db.eval(ENDLESS, 0))
    assert b"BUSY" in until_told(old).value
    late = connect()
    assert late.execute("GET", "x").value.startswith(b"BUSY")
    assert late.execute("SCRIPT", "KILL").value == b"OK"
    assert "killed by user" in str(running.ended())
    assert old.execute("SET", "x", 1).value == late.execute("SET", "x", 1).value == b"OK"


def test_what_was_put_off_is_run_when_the_script_ends(served: Any) -> None:
    db, connect = served
    waiting, other = connect(), connect()
    waiting.execute("PING")
    running = Running(lambda: db.eval(ENDLESS, 0))
    until_told(other)
    started = Running(lambda: waiting.execute("HELLO", 3))
    assert other.execute("SCRIPT", "KILL").value == b"OK"
    assert running.ended() and started.ended() is None and started.result.kind == "map"


def test_who_has_not_logged_in_cannot_end_a_script(served: Any) -> None:
    db, connect = served
    other = connect()
    other.execute("PING")
    db.config_set("requirepass", "secret")
    runner = connect()
    assert runner.execute("AUTH", "secret").value == b"OK"
    running = Running(lambda: runner.execute("EVAL", ENDLESS, 0))
    until_told(other)
    stranger = connect()
    assert stranger.execute("SCRIPT", "KILL").kind == "error"
    assert stranger.execute("AUTH", "wrong").value.startswith(b"WRONGPASS")
    assert other.execute("PING").value.startswith(b"BUSY")
    assert stranger.execute("AUTH", "secret").value == b"OK"
    assert stranger.execute("SCRIPT", "KILL").value == b"OK"
    assert running.ended() is None


def test_a_server_is_stopped_though_a_script_runs(db: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = emberkv.serve(db, unixsocket=path)
    runner, other = RawClient(path, 2), RawClient(path, 2)
    running = Running(lambda: runner.execute("EVAL", WROTE, 0))
    until_told(other)
    server.stop()
    running.ended()
    assert not db.exists("written") and db.set("x", 1) is True
    runner.close()
    other.close()
