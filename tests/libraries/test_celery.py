from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

celery = pytest.importorskip("celery")

# kombu's locks are scripts. Without them its worker tries again and again.
pytestmark = [
    pytest.mark.needs("EVALSHA", run=False),
    pytest.mark.filterwarnings("ignore"),
]

HERE = str(Path(__file__).parent)


@pytest.fixture
def app(url, monkeypatch, tmp_path):
    """The app, and a worker process that does its tasks."""
    monkeypatch.setenv("URL", url)
    monkeypatch.syspath_prepend(HERE)
    sys.modules.pop("celery_app", None)
    module = importlib.import_module("celery_app")
    log = open(tmp_path / "worker.log", "w+")
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "celery_app", "worker"),
            *("--pool", "solo", "--loglevel", "INFO", "--without-mingle", "--without-heartbeat"),
        ],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=log,
        stderr=log,
    )
    yield module
    worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(30)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
    finally:
        module.app.close()
        log.close()


def test_200_tasks_are_done_by_a_worker_process(app):
    results = [app.double.delay(n) for n in range(200)]
    assert [result.get(timeout=60) for result in results] == [2 * n for n in range(200)]
    failing = app.fail.delay()
    with pytest.raises(ValueError, match="as told"):
        failing.get(timeout=60)
    chord = celery.chord([app.double.s(n) for n in range(10)], app.total.s())
    assert chord.delay().get(timeout=60) == 90
