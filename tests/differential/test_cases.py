"""The hand-written tables of edge cases, each command on both sides, in RESP2 and RESP3."""

from __future__ import annotations

import pytest
from differential.cases import SEQUENCES, SINGLES
from differential.pair import Command, Mismatch, Pair, quote
from differential.script import commands
from differential.tables import readers_of, report, run_sequence, run_singles
from oracle import RedisServer, Reply


@pytest.fixture(scope="module")
def readers(oracle: RedisServer) -> frozenset[bytes]:
    client = oracle.client()
    found = readers_of(client)
    client.close()
    return found


@pytest.mark.parametrize("name", SINGLES)
def test_single_commands_agree(pair: Pair, readers: frozenset[bytes], name: str) -> None:
    mismatches = run_singles(pair, readers, *SINGLES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_agree(pair: Pair, name: str) -> None:
    mismatches = run_sequence(pair, SEQUENCES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.parametrize("served_pair", [3], indirect=True, ids=["resp3"])
@pytest.mark.parametrize("name", SINGLES)
def test_single_commands_agree_through_the_server(
    served_pair: Pair, readers: frozenset[bytes], name: str
) -> None:
    mismatches = run_singles(served_pair, readers, *SINGLES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_agree_through_the_server(served_pair: Pair, name: str) -> None:
    mismatches = run_sequence(served_pair, SEQUENCES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.parametrize("name", [n for n in SEQUENCES if n.startswith("transactions")])
def test_transactions_agree_between_handles_on_a_path(shared_pair: Pair, name: str) -> None:
    mismatches = run_sequence(shared_pair, SEQUENCES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.quick
def test_script_expands_choices_and_words() -> None:
    got = [repr(c) for c in commands('SET k {v|"a b"} {NX|}\n# no\n2> DEL @k1..3\nPING @x*100')]
    assert got == [
        "SET k v NX",
        "SET k v",
        'SET k "a b" NX',
        'SET k "a b"',
        "2> DEL k1 k2 k3",
        "PING @x*100",
    ]
    assert commands('ZADD z @1..2=m "\\x00\\xff"')[0].args == (
        *(b"ZADD", b"z", b"1", b"m1", b"2", b"m2"),
        b"\x00\xff",
    )


@pytest.mark.quick
def test_a_planted_difference_is_seen(pair: Pair) -> None:
    pair.run(Command((b"SET", b"k", b"v")))
    pair.viewer.ours.execute("SET", "k", "w")
    with pytest.raises(Mismatch, match="GET k"):
        pair.run(Command((b"GET", b"k")))
    with pytest.raises(Mismatch, match="value"):
        pair.compare_keyspaces()
    pair.viewer.ours.execute("SET", "k", "v", "EX", "100")
    with pytest.raises(Mismatch, match="PTTL"):
        pair.compare_keyspaces()
    assert quote(b"k") == "k" and pair.viewer.ours.execute("GET", "k") == Reply("bulk", b"v")
