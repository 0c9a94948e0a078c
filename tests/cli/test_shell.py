"""The interactive shell: completion, hints, history, and whole sessions at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import termios
import time

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import emberkv
from emberkv.cli.links import Target
from emberkv.cli.replies import Format
from emberkv.cli.shell import CommandCompleter, DiscreetHistory, Hints, Shell, tells_a_secret
from emberkv.cli.terminal import Terminal


class Printed(list):
    """An output that keeps what was written."""

    def write(self, data: bytes) -> None:
        self.append(data)

    def flush(self) -> None:
        pass

    @property
    def text(self) -> bytes:
        return b"".join(self)


@pytest.fixture
def terminal():
    opened = Terminal(Target(), Format(), output=Printed())
    yield opened
    opened.close()


def completions(terminal, text):
    found = CommandCompleter(terminal).get_completions(Document(text), CompleteEvent())
    return {text[: len(text) + one.start_position] + one.text for one in found}


def test_commands_are_completed(terminal):
    assert completions(terminal, "HGETA") == {"HGETALL"}
    assert {"zadd", "zcard"} < completions(terminal, "z")
    assert completions(terminal, "hel") == {"hello", "help"}
    assert completions(terminal, "nosuch") == set()


def test_subcommands_are_completed(terminal):
    assert completions(terminal, "object f") == {"object freq"}
    assert {"CONFIG GET", "CONFIG SET"} <= completions(terminal, "CONFIG ")
    assert completions(terminal, "object freq ") == set()


CONDITIONS = {"NX", "XX", "IFEQ", "IFNE", "IFDEQ", "IFDNE"}
CONDITION = (
    "[NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET key value ", CONDITIONS | {"GET", "EX", "PX", "EXAT", "PXAT", "KEEPTTL"}),
        ("SET key value E", {"EX", "EXAT"}),
        ("set key value NX k", {"keepttl"}),
        ("SET key value EX ", set()),
        ("SET key value EX 10 ", CONDITIONS | {"GET"}),
        ("SET key value GET EX 10 NX ", set()),
        ("SET \"a key\" 'a value' N", {"NX"}),
        ("ZADD z ", {"NX", "XX", "GT", "LT", "CH", "INCR"}),
        ("ZADD z NX C", {"CH"}),
        ("ZADD z 1 a ", set()),
        ("ZUNIONSTORE d 2 a ", set()),
        ("ZUNIONSTORE d 2 a b ", {"WEIGHTS", "AGGREGATE"}),
        ("ZUNIONSTORE d 2 a b AGGREGATE ", {"SUM", "MIN", "MAX", "COUNT"}),
        ("ZUNIONSTORE d 2 a b WEIGHTS 1 ", {"AGGREGATE"}),
        ("LMPOP 1 a ", {"LEFT", "RIGHT"}),
        ("SORT l BY x GET a ", {"GET", "LIMIT", "ASC", "DESC", "ALPHA", "STORE"}),
        ("GET a ", set()),
        ("5 SET a b N", {"NX"}),
    ],
)
def test_tokens_of_arguments_are_completed(terminal, text, expected):
    begun = text[: text.rindex(" ") + 1]
    assert completions(terminal, text) == {begun + token for token in expected}


def test_help_is_completed(terminal):
    assert completions(terminal, "help hgeta") == {"help hgetall"}
    assert {"help @hash", "help @string"} < completions(terminal, "help @")
    assert completions(terminal, "help object fr") == {"help object freq"}
    assert completions(terminal, "help @hash ") == set()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("get", " key"),
        ("get ", "key"),
        ("get a", ""),
        ("get a b", ""),
        ("GE", ""),
        ("", ""),
        ("nosuch ", ""),
        ("config", " subcommand ..."),
        ("config get", " parameter [parameter ...]"),
        ("config get a", " [parameter ...]"),
        ("mset a", " value [key value ...]"),
        ("hset h f", " value [field value ...]"),
        ("3 get ", "key"),
        ("lpop l", " [count]"),
        ("hrandfield h 2", " [WITHVALUES]"),
        ("zadd z NX", " [GT | LT] [CH] [INCR] score member [score member ...]"),
        ("zadd z 1 a", " [score member ...]"),
        (
            "zunionstore d 2 a",
            " key [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX | COUNT>]",
        ),
        ("zrange z 0 1 LIMIT 0", " count [BYSCORE | BYLEX] [REV] [WITHSCORES]"),
        ('set "a k', f" value {CONDITION} [GET] [EX seconds | PX milliseconds | EXAT "),
        ("set a b EX", f" seconds {CONDITION} [GET]"),
        ("help get", ""),
    ],
)
def test_hints_are_the_rest_of_the_syntax(terminal, text, hint):
    given = Hints(terminal).hint(text)
    assert given == hint if len(hint) < 60 or "AGGREGATE" in hint else given.startswith(hint)


def test_hints_can_be_switched_off(terminal):
    terminal.run_line(b":set nohints")
    assert Hints(terminal).hint("get ") == ""
    terminal.run_line(b":set hints")
    assert Hints(terminal).hint("get ") == "key"


def test_every_commands_syntax_is_that_of_the_reference(terminal):
    from emberkv._core._ember import command_syntax

    checked = 0
    for command in terminal.commands:
        for one in [command, *command.subcommands.values()]:
            if not one.subcommands:
                expected = command_syntax(one.name.lower().replace(" ", "|"))
                assert f"{one.name} {one.syntax}".strip() == expected
                checked += 1
    assert checked > 150


def test_an_older_servers_commands_are_ours(monkeypatch, terminal):
    from emberkv.cli.resp import Reply

    link = terminal.link
    monkeypatch.setattr(link, "execute", lambda *_: Reply("error", b"ERR unknown subcommand"))
    assert terminal.commands.find(["GET"]) is not None


def run_shell(keys: str, terminal: Terminal, history=None) -> bytes:
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        shell = Shell(
            terminal, history=history or InMemoryHistory(), input=pipe, output=DummyOutput()
        )
        assert shell.run() == 0
    return terminal.output.text


def test_a_session_edits_lines_and_ends(terminal):
    left, delete = "\x1b[D", "\x1b[3~"
    keys = f"set a 1\rget b{left}{delete}a\r  \rquit\r"
    assert run_shell(keys, terminal) == b'OK\n"1"\n'


def test_hints_go_with_the_line_that_they_are_about(terminal, monkeypatch):
    drawn = []
    hint = Hints.apply_transformation

    def draw(self, line):
        shown = hint(self, line)
        drawn.append("".join(text for _, text, *_ in shown.fragments).strip())
        return shown

    monkeypatch.setattr(Hints, "apply_transformation", draw)
    assert run_shell("set a 1\rquit\r", terminal) == b"OK\n"
    assert "set a 1" in drawn  # and not only with what may follow it


def test_ctrl_c_drops_the_line(terminal):
    assert run_shell("set a 1\x03ping\r\x04", terminal) == b"PONG\n"


def test_the_prompt_shows_database_and_transaction(terminal):
    assert terminal.prompt == "ember> "
    terminal.run_line(b"select 3")
    assert terminal.prompt == "ember[3]> "
    terminal.run_line(b"multi")
    assert terminal.prompt == "ember[3](TX)> "
    terminal.run_line(b"nosuch")
    terminal.run_line(b"exec")
    assert terminal.prompt == "ember[3]> "
    terminal.run_line(b"reset")
    assert terminal.prompt == "ember> "


def test_a_server_that_went_away_is_found_again(oracle):
    terminal = Terminal(Target(f"unix://{oracle.path}"), Format(), output=Printed())
    try:
        assert terminal.prompt == "not connected> "
        terminal.run_line(b"client kill type normal skipme no")
        assert terminal.run_line(b"ping") == 1
        assert terminal.prompt == "not connected> "
        assert terminal.run_line(b"ping") == 0
        assert terminal.prompt == f"{oracle.path}> "
        assert terminal.output.text.endswith(b"PONG\n")
    finally:
        terminal.close()


def test_history_is_private_and_keeps_no_passwords(terminal, tmp_path):
    path = tmp_path / "history"
    run_shell(
        "set a 1\rauth secret1\rconfig set requirepass secret2\r\x04",
        terminal,
        DiscreetHistory(str(path)),
    )
    kept = path.read_text()
    assert "+set a 1\n" in kept and "secret" not in kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "line",
    [
        "auth x",
        "AUTH u x",
        "hello 3 auth u x",
        "acl setuser u >x",
        "config set masterauth x",
        "config set maxmemory 1 requirepass x",
        "migrate h 1 k 0 1 AUTH x",
    ],
)
def test_lines_with_passwords_are_known(line):
    assert tells_a_secret(line.split())


def test_lines_without_passwords_are_kept():
    assert not any(tells_a_secret(line.split()) for line in ("", "get auth", "hello 3", "acl list"))


class Session:
    """`python -m emberkv` at a pseudo-terminal."""

    def __init__(self, tmp_path, *args: str) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 120))
        environ = {
            **os.environ,
            "EMBERKV_HISTORY": str(tmp_path / "history"),
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
        }
        environ.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emberkv", *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
            preexec_fn=lambda: _control(slave),
            close_fds=False,
        )
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, pattern: str, seconds: float = 8) -> str:
        """Read until `pattern`, a regular expression, shows; gives all up to its end."""
        deadline = time.monotonic() + seconds
        while (match := re.search(pattern, self.seen)) is None:
            readable, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            if not readable:
                raise AssertionError(f"{pattern!r} did not show in {self.seen!r}")
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                raise AssertionError(f"it ended: {self.seen!r}") from None
            self.seen += data.decode(errors="replace")
        shown, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return shown

    def interrupt(self) -> None:
        """Ctrl-C until the prompt shows: one that comes while the editor leaves is a letter."""
        for _ in range(20):
            self.type("\x03")
            with contextlib.suppress(AssertionError):
                self.wait_for(r"\x1b\[\?2004h.*>", 1.5)
                return
        raise AssertionError(f"no prompt in {self.seen!r}")

    def end(self) -> int:
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self._master)


def _control(descriptor: int) -> None:
    import fcntl

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def test_a_session_at_a_terminal(tmp_path):
    session = Session(tmp_path, "cli", str(tmp_path / "app.ember"))
    session.wait_for("app.ember>")
    session.type("set k")
    session.wait_for(r"value \[NX")  # the hint
    session.type(" v\r")
    session.wait_for("OK")
    session.type("rpush l a 1\r")
    session.wait_for(r"\(integer\) .*2")
    session.type("lrange l 0 -1\r")
    shown = session.wait_for(r'\x1b\[90m1\x1b\[0m\x1b\[90m\) \x1b\[0m\x1b\[32m"a"')
    assert "\x1b[32m" in shown
    session.type("hgeta\t")
    session.wait_for(" key")  # the hint of what it was completed to
    session.type(" nokey\r")
    session.wait_for(r"\(empty array\)")
    session.type("select 2\r")
    session.wait_for(r"app.ember\[2\]>")
    session.type("\x04")
    assert session.end() == 0
    assert "+set k v" in (tmp_path / "history").read_text()


def test_history_lasts_from_one_session_to_the_next(tmp_path):
    for keys in ("set a 1", "\x1b[A"):
        session = Session(tmp_path, "cli")
        session.wait_for("ember>")
        session.type(keys)
        session.wait_for("set a 1")
        session.type("\r")
        session.wait_for("OK")
        session.wait_for("ember>")
        session.type("\x04")
        assert session.end() == 0


def test_slow_answers_say_how_long_they_took(tmp_path, oracle):
    session = Session(tmp_path, "cli", "-s", oracle.path)
    session.wait_for(">")
    session.type("debug sleep 0.6\r")
    session.wait_for(r"OK\r\n\(0\.\d\ds\)")
    session.type("quit\r")
    assert session.end() == 0


@pytest.mark.parametrize("where", ["server", "path"])
def test_ctrl_c_ends_listening_and_the_shell_goes_on(tmp_path, oracle, where):
    with contextlib.ExitStack() as stack:
        if where == "server":
            client = oracle.client()
            stack.callback(client.close)
            place = f"unix://{oracle.path}"

            def execute(*words):
                return client.execute(*words).value

        else:
            db = stack.enter_context(emberkv.open(tmp_path / "app.ember"))
            execute, place = db.execute_command, db.path
        execute("DEL", "list")
        session = Session(tmp_path, "cli", place)
        session.wait_for(">")
        session.type("subscribe news\r")
        session.wait_for(r"Reading messages.*\n.*subscribe.*\n.*news.*\n.*1")
        execute("PUBLISH", "news", "hello")
        session.wait_for(r'"message".*\n.*"news".*\n.*"hello"')
        session.interrupt()
        session.type("blpop list 0\r")
        execute("LPUSH", "list", "pushed")
        session.wait_for(r'"list".*\n.*"pushed"')
        session.type("blpop list 0\r")
        session.wait_for(r"blpop list 0[\s\S]*\x1b\[\?2004l")  # the editor has left
        while b"blocked_clients:0" in as_bytes(execute("INFO", "clients")):
            pass
        session.interrupt()
        session.type("rpush list stays\r")
        session.wait_for("rpush list stays")
        session.wait_for(r"\(integer\) .*1")
        if where == "server" or knows_monitor(db):
            session.type("monitor\r")
            session.wait_for("OK")
            execute("SET", "a", "b")
            session.wait_for(r'"SET" "a" "b"')
            session.interrupt()
        session.type("llen list\r")
        # A server may take a while to notice that a client that waited has gone.
        session.wait_for(r"\(integer\) .*" + ("1" if where == "path" else ""))
        session.wait_for("> ?")
        session.type("quit\r")
        assert session.end() == 0


def as_bytes(info) -> bytes:
    return info if isinstance(info, bytes) else b"blocked_clients:%d" % info["blocked_clients"]


def knows_monitor(db) -> bool:
    return b"monitor" in db._undecoded(("COMMAND", "LIST"))


def test_a_terminal_that_hangs_up_ends_it(tmp_path):
    session = Session(tmp_path, "cli")
    session.wait_for("ember>")
    os.kill(session.process.pid, signal.SIGHUP)
    assert session.end() != 0
