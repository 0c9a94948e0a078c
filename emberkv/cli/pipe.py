"""--pipe: a stream of commands from stdin, as RESP or as lines, sent without waiting."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from .links import Link, ServerLink
from .resp import ProtocolError
from .scans import ProgressBar
from .terminal import Terminal
from .words import UnbalancedQuotes, split_line

CHUNK = 1 << 16
BATCH = 1000
MAX_LENGTH = 512 * 1024 * 1024


def pipe(terminal: Terminal, source: BinaryIO, timeout: float) -> int:
    """Run all of `source`, print errors on stderr and in the end how many there were."""
    link = terminal.link
    run = _through_server if isinstance(link, ServerLink) else _in_process
    return run(terminal, link, source, timeout)


def _size(source: BinaryIO) -> int | None:
    """Bytes of a file on stdin; None for a pipe."""
    try:
        status = os.fstat(source.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size or None


def _finish(terminal: Terminal, errors: int, replies: int) -> int:
    terminal.write(f"Last reply received from server.\nerrors: {errors}, replies: {replies}\n")
    return 1 if errors else 0


def _through_server(terminal: Terminal, link: Link, source: BinaryIO, timeout: float) -> int:
    """Send and receive at once. The end is known by the echo of a word that nobody else knows."""
    assert isinstance(link, ServerLink)
    sock = link._socket
    last = os.urandom(10).hex().encode()
    pending = b""
    errors = replies = read = 0
    sent_all = gone = False
    heard = time.monotonic()
    sock.setblocking(False)
    with ProgressBar("bytes", _size(source), sys.stderr.isatty() and bool(_size(source))) as bar:
        while True:
            if not pending and not sent_all:
                pending = source.read(CHUNK)
                read += len(pending)
                bar.to(read)
                if not pending:
                    sent_all = True
                    # The line's end closes an inline command that lacks it.
                    pending = b"\r\n*2\r\n$4\r\nECHO\r\n$20\r\n" + last + b"\r\n"
                    terminal.write("All data transferred. Waiting for the last reply...\n")
            readable, writable, _ = select.select([sock], [sock] if pending else [], [], 0.1)
            if writable:
                heard = time.monotonic()
                try:
                    pending = pending[sock.send(pending) :]
                except (BlockingIOError, InterruptedError):
                    pass
                except OSError:
                    # It has gone; what it said before may still be read.
                    pending, sent_all, gone = b"", True, True
            if readable:
                heard = time.monotonic()
                try:
                    while True:
                        reply = link.read()
                        if reply.kind == "bulk" and reply.value == last:
                            return _finish(terminal, errors, replies)
                        replies += 1
                        errors += reply.is_error
                        if reply.is_error:
                            terminal.complain(reply.text)
                except (BlockingIOError, InterruptedError):
                    pass
                except (ConnectionError, ProtocolError, OSError) as error:
                    if isinstance(error, ConnectionResetError) and not gone:
                        gone = True
                        continue
                    terminal.complain(f"Error: {error}")
                    return 1
            elif sent_all and not pending and timeout and time.monotonic() - heard > timeout:
                terminal.complain(f"No replies for {timeout:g} seconds: exiting.")
                terminal.write(f"errors: {errors + 1}, replies: {replies}\n")
                return 1


def _in_process(terminal: Terminal, link: Link, source: BinaryIO, timeout: float) -> int:
    errors = replies = 0
    batch: list[list[bytes]] = []
    broken = ""

    def run() -> None:
        nonlocal errors, replies
        for reply in link.execute_many(batch):
            errors += reply.is_error
            replies += 1
            if reply.is_error:
                terminal.complain(reply.text)
        batch.clear()

    size = _size(source)
    with ProgressBar("bytes", size, sys.stderr.isatty() and bool(size)) as bar:
        stream = CommandStream(source)
        try:
            for command in stream:
                batch.append(command)
                if len(batch) >= BATCH:
                    run()
                    bar.to(stream.read)
        except ProtocolError as error:
            broken = str(error)
        run()
    terminal.write("All data transferred. Waiting for the last reply...\n")
    if broken:
        terminal.complain(f"ERR {broken}")
        return 1
    return _finish(terminal, errors, replies)


class CommandStream:
    """The commands of a stream, as a server reads them: arrays of bulk strings, or lines."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.read = 0  # bytes so far

    def __iter__(self) -> Iterator[list[bytes]]:
        while line := self._line():
            if line[:1] == b"*":
                count = self._length(line, "multibulk")
                command = [self._bulk() for _ in range(count)]
            else:
                try:
                    command = split_line(line)
                except UnbalancedQuotes:
                    raise ProtocolError("Protocol error: unbalanced quotes in request") from None
            if command:
                yield command

    def _line(self) -> bytes:
        line = self._source.readline()
        self.read += len(line)
        return line

    @staticmethod
    def _length(line: bytes, what: str) -> int:
        digits = line[1:].rstrip(b"\r\n")
        if not digits.removeprefix(b"-").isdigit() or int(digits) > MAX_LENGTH:
            raise ProtocolError(f"Protocol error: invalid {what} length")
        return int(digits)

    def _bulk(self) -> bytes:
        line = self._line()
        if line[:1] != b"$":
            got = line[:1].decode("latin-1")
            raise ProtocolError(f"Protocol error: expected '$', got '{got}'")
        size = self._length(line, "bulk")
        if size < 0:
            raise ProtocolError("Protocol error: invalid bulk length")
        data = self._source.read(size)
        ending = self._source.read(2)
        self.read += size + 2
        if len(data) < size or len(ending) < 2:
            raise ProtocolError("Protocol error: unexpected end of the stream")
        return data
