"""A race of several processes: they begin together, and what came of each is put together."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from .bench import Plan, Result, Test
from .links import LinkError, Target
from .scans import ProgressBar

# (target, test, its part, its number, what is called when it is ready, and with what is done)
Measure = Callable[[Target, Test, Plan, int, Callable[[], object], Callable[[int], None]], Result]


def in_processes(
    measure: Measure, target: Target, test: Test, parts: Sequence[Plan], progress: bool | None
) -> Result:
    """Each part measured by a process of its own. The latencies are in no order."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(len(parts) + 1, timeout=60)
    workers = []
    sys.stdout.flush()
    for number, part in enumerate(parts):
        ours, theirs = context.Pipe(False)
        worker = context.Process(
            target=_work, args=(measure, target, test, part, number, ready, theirs), daemon=True
        )
        worker.start()
        theirs.close()
        workers.append((worker, ours))
    results: list[Result] = []
    problems: list[str] = []
    done = 0
    pending = {ours for _, ours in workers}
    with ProgressBar(test.name, sum(part.requests for part in parts), progress) as bar:
        with contextlib.suppress(threading.BrokenBarrierError):
            ready.wait()
        while pending:
            heard: Any = multiprocessing.connection.wait(pending)
            for pipe in heard:
                try:
                    message = pipe.recv()
                except EOFError:
                    message = "A client died before it was done."
                if isinstance(message, int):
                    done += message
                    bar.to(done)
                    continue
                pending.discard(pipe)
                if isinstance(message, str):
                    problems.append(message)
                else:
                    results.append(message)
    for worker, _ in workers:
        worker.join()
    if problems:
        raise LinkError(problems[0])
    latencies = [taken for result in results for taken in result.latencies]
    seconds = max(result.ended for result in results) - min(result.began for result in results)
    return Result(test, sum(result.requests for result in results), seconds, latencies)


def _work(
    measure: Measure, target: Target, test: Test, part: Plan, number: int, ready: Any, pipe: Any
) -> None:
    """Tells how far it is, and what came of it."""
    try:
        result = measure(target, test, part, number, ready.wait, pipe.send)
    except threading.BrokenBarrierError:
        return  # another one has told why
    except Exception as error:
        pipe.send(str(error) if isinstance(error, LinkError) else f"Error: {error}")
        ready.abort()
        return
    pipe.send(result)
