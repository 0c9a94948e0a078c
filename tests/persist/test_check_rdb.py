"""`check_rdb`: what is whole, what is damaged and where, and what a repair leaves."""

from __future__ import annotations

import os
from pathlib import Path

import emberkv
from emberkv.check_rdb import check_rdb


def test_a_whole_file_is_told_and_left_alone(tmp_path: Path) -> None:
    clock = emberkv.Clock(1_000)
    with emberkv.open(clock=clock) as db:
        for i in range(3000):
            db.set(f"key:{i}", i)
        db.set("gone", 1, ex=5)
        db.save(tmp_path / "a.rdb")
    before = (tmp_path / "a.rdb").read_bytes()
    found = check_rdb(tmp_path / "a.rdb", fix=True)
    assert found[:4] == (True, "RDB 10: 3,000 keys, 1 expired", 3000, False)
    assert (tmp_path / "a.rdb").read_bytes() == before and os.listdir(tmp_path) == ["a.rdb"]


def test_of_a_damaged_file_the_keys_before_the_damage_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.rdb"
    with emberkv.open() as db:
        for i in range(3000):
            db.set(f"key:{i}", i)
        db.save(file)
    damaged = file.read_bytes()[:-9000]
    file.write_bytes(damaged)
    found = check_rdb(file)
    assert not found.whole and not found.fixed and found.text.startswith("at byte ")
    assert 1000 < found.keys < 3000 and file.read_bytes() == damaged
    assert check_rdb(file, fix=True)[:4] == (False, found.text, found.keys, True)
    assert (tmp_path / "a.rdb.damaged").read_bytes() == damaged
    assert check_rdb(file).whole and check_rdb(file).keys == found.keys
    with emberkv.load(file) as db:
        assert db.dbsize() == found.keys


def test_what_is_no_rdb_or_too_new_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.rdb"
    for data in (b"hello", b"", b"REDIS0099\xff" + bytes(8)):
        file.write_bytes(data)
        found = check_rdb(file, fix=True)
        assert not found.whole and not found.fixed and file.read_bytes() == data
    assert os.listdir(tmp_path) == ["a.rdb"]
