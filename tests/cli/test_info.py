"""`emberkv info`: what the page says, and that looking changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import emberkv
from emberkv.cli.links import Target

pytestmark = pytest.mark.quick


def page_and_facts(command_line, path):
    facts = command_line("info", str(path), "--json")
    page = command_line("info", str(path))
    assert facts.status == page.status == 0
    return page.stdout.decode(), json.loads(facts.stdout)


def test_the_page_tells_of_keys_memory_and_settings(command_line, tmp_path):
    path = tmp_path / "app[1].ember"
    with emberkv.open(path) as db:
        db.mset({f"k{i}": "v" * 100 for i in range(1200)})
        db.set("s", 1, ex=100)
        db.rpush("l", 1, 2)
        db.select(3)
        db.hset("h", "a", 1)
        db.config_set("hash-max-listpack-entries", 7)
        page, facts = page_and_facts(command_line, path)
        assert facts["databases"]["0"]["keys"] == 1202
        assert facts["databases"]["0"]["expiring"] == 1
        strings = facts["databases"]["0"]["types"]["string"]
        assert strings["keys"] == 1201
        db.select(0)
        keys = [f"k{i}" for i in range(1200)] + ["s"]
        assert strings["memory_bytes"] == sum(map(db.memory_usage, keys))
        assert list(facts["databases"]["0"]["types"]) == ["string", "list"]
        assert facts["databases"]["3"]["types"]["hash"]["keys"] == 1
        assert facts["memory"]["used_bytes"] == db._store.stats()["used_bytes"]
        assert facts["settings"]["hash-max-listpack-entries"] == {"value": "7", "default": "512"}
    assert str(path) in page and "KiB used of" in page
    for words in ("1,202", "string", "1,201", "hash-max-listpack-entries   7       512"):
        assert words in page
    assert "Nobody else has it open." in page


def test_an_empty_store_has_a_page(command_line, tmp_path):
    with emberkv.open(tmp_path / "a.ember", durable=False):
        page, facts = page_and_facts(command_line, tmp_path / "a.ember")
    assert facts["databases"] == {} == facts["settings"]
    assert "No keys." in page and "All settings are as in a new store." in page


def test_who_has_it_open_is_told(command_line, tmp_path):
    path = str(tmp_path / "app.ember")
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import emberkv, sys; a, b = emberkv.open(sys.argv[1]), emberkv.open(sys.argv[1]);"
            "print('open', flush=True); sys.stdin.read()",
            path,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout.readline() == b"open\n"
    page, facts = page_and_facts(command_line, path)
    (process,) = facts["attached"]
    assert (process["pid"], process["handles"]) == (child.pid, 2)
    assert process["command"].startswith(sys.executable)
    assert str(child.pid) in page and "0 s" in page
    child.communicate(b"")
    assert command_line("info", path).status == 1


def test_a_store_that_was_left_is_left_again(command_line, ours, tmp_path):
    path = str(tmp_path / "app.ember")
    emberkv.open(path, keep=True).set("a", 1)
    for _ in range(2):
        assert command_line("info", path).status == 0
        assert ours(path, "get", "a").stdout == b"1\n"
    emberkv.open(path).close()
    assert not Target(path).has_memory


def test_the_last_visitor_takes_an_ended_store_with_it(ours, tmp_path):
    path = str(tmp_path / "app.ember")
    db = emberkv.open(path)
    visitor = Target(path).open_store()
    db.close()
    visitor.close()
    assert not Target(path).has_memory
    assert ours("--keep", path, "set", "a", "1").stdout == b"OK\n"
    assert ours(path, "get", "a").stdout == b"1\n"
    emberkv.open(path).close()


def test_a_store_that_is_on_disk_alone_is_told_of(command_line, tmp_path):
    path = tmp_path / "app.ember"
    with emberkv.open(path, durable=True) as db:
        db.set("k", "v")
    _, facts = page_and_facts(command_line, path)
    assert facts["databases"]["0"]["keys"] == 1


def test_no_store_is_made_by_asking(command_line, tmp_path):
    done = command_line("info", str(tmp_path / "no.ember"))
    assert done.status == 1 and b"No store at" in done.stderr
    assert list(tmp_path.iterdir()) == []
    done = command_line("info", "redis://localhost")
    assert done.status == 1 and b"is no path" in done.stderr


def test_a_path_that_cannot_be_looked_at_is_not_called_empty(command_line, tmp_path):
    path = tmp_path / "app.ember"
    path.symlink_to(path)
    done = command_line("info", str(path))
    assert done.status == 1 and b"Too many levels" in done.stderr, done.stderr


def test_fast_leaves_out_the_walk(command_line, tmp_path):
    with emberkv.open(tmp_path / "a.ember") as db:
        db.set("a", 1)
        done = command_line("info", "--fast", "--json", db.path)
    assert json.loads(done.stdout)["databases"] == {"0": {"keys": 1, "expiring": 0}}
