"""`emberkv top`: one page of it, of a path and of a server; and what Prometheus is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry, generate_latest

import emberkv
import emberkv.metrics
from emberkv.cli.links import LinkError
from emberkv.cli.top import top


def metrics_of(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_a_page_tells_what_others_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    ended = threading.Event()
    with emberkv.open(tmp_path / "db") as db:
        db.config_set("maxmemory-policy", "allkeys-lfu")
        db.set("the big one", b"x" * 50_000)

        def work() -> None:
            while not ended.is_set():
                db.incr("counter")

        worker = threading.Thread(target=work)
        worker.start()
        try:
            shown = CliRunner().invoke(top, [str(tmp_path / "db"), "-n", "1", "-i", "0.5"])
        finally:
            ended.set()
            worker.join()
    assert shown.exit_code == 0, shown.output
    assert "incrby" in shown.output or "incr" in shown.output
    assert "the big one" in shown.output and "Hot keys" in shown.output
    assert "2 keys" in shown.output


def test_no_store_is_made_by_looking(tmp_path: Path) -> None:
    shown = CliRunner().invoke(top, [str(tmp_path / "typo.ember")])
    assert isinstance(shown.exception, LinkError) and "No store at" in str(shown.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_page_about_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    with emberkv.open() as db, emberkv.serve(db) as server:
        db.set("key", "value")
        url = f"redis://127.0.0.1:{server.port}"
        shown = CliRunner().invoke(top, [url, "-n", "1", "-i", "0.1"])
    assert shown.exit_code == 0, shown.output
    assert "1 clients" in shown.output and "info" in shown.output and "p99" in shown.output


def test_a_collector_of_a_user_who_may_not_see_the_figures_is_refused() -> None:
    with emberkv.open() as db:
        db.execute_command("ACL", "SETUSER", "reader", "on", "nopass", "~*", "+get")
        db.auth("any", "reader")
        with pytest.raises(emberkv.exceptions.NoPermissionError, match="info"):
            emberkv.metrics.collector(db)


def test_a_collector_exports_a_store() -> None:
    registry = CollectorRegistry()
    with emberkv.open() as db:
        registry.register(emberkv.metrics.collector(db, store="it"))
        db.set("key", "1")
        db.get("key")
        with pytest.raises(emberkv.ResponseError):
            db.lpush("key", "x")
        told = metrics_of(generate_latest(registry).decode())
    assert told['emberkv_commands_total{command="set",store="it"}'] == 1
    assert told['emberkv_keyspace_hits_total{store="it"}'] == 1
    assert told['emberkv_errors_total{code="WRONGTYPE",store="it"}'] == 1
    assert told['emberkv_keys{db="db0",store="it"}'] == 1
    assert told['emberkv_memory_used_bytes{store="it"}'] > 0


def test_a_server_answers_prometheus() -> None:
    program = (
        "import socket, emberkv.server\n"
        "s = socket.socket(); s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]; s.close()\n"
        "def started(server):\n"
        "    import urllib.request\n"
        "    url = f'http://127.0.0.1:{port}/metrics'\n"
        "    server.db.execute_command('ACL', 'SETUSER', 'default', 'nocommands')\n"
        "    page = urllib.request.urlopen(url, timeout=20).read()\n"
        "    print(b'emberkv_uptime_seconds' in page, flush=True); server.stop()\n"
        "raise SystemExit(emberkv.server.run(port=0, unixsocket=None, tls_port=None,\n"
        "    metrics_port=port, started=started, host='127.0.0.1'))\n"
    ).replace("port=0, unixsocket=None, tls_port=None,", "port=free(),")
    program = (
        "def free():\n"
        "    import socket\n"
        "    with socket.socket() as s:\n"
        "        s.bind(('127.0.0.1', 0))\n"
        "        return s.getsockname()[1]\n"
    ) + program
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "True" in done.stdout, done


def test_the_dashboard_asks_for_what_is_exported() -> None:
    dashboard = json.loads((Path(__file__).parents[2] / "docs" / "grafana.json").read_text())
    registry = CollectorRegistry()
    with emberkv.open() as db:
        registry.register(emberkv.metrics.collector(db))
        told = generate_latest(registry).decode()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            for word in target["expr"].replace("{", " ").replace("(", " ").split():
                if word.startswith("emberkv_"):
                    assert f"{word} " in told, word


def test_metrics_answer_while_the_store_is_used() -> None:
    with emberkv.open() as db, emberkv.metrics.Exporter(db, 0) as exporter:
        url = f"http://127.0.0.1:{exporter.port}/metrics"
        for i in range(5):
            db.set(f"key:{i}", i)
            with urllib.request.urlopen(url, timeout=20) as page:
                told = metrics_of(page.read().decode())
            assert told['emberkv_keys{db="db0"}'] == i + 1
