"""Commands that came after 7.0, held against a redis-server 8."""

from __future__ import annotations

import pytest
from differential.cases import bitmaps, blocking, field_times, ranks, streams_later
from differential.pair import Pair
from differential.tables import readers_of, report, run_sequence, run_singles
from oracle import RedisServer

SINGLES = (
    field_times.SINGLES | ranks.SINGLES | streams_later.SINGLES | bitmaps.LATER | blocking.LATER
)
SEQUENCES = field_times.SEQUENCES


@pytest.fixture(scope="module")
def later_readers(later_oracle: RedisServer) -> frozenset[bytes]:
    client = later_oracle.client()
    found = readers_of(client)
    client.close()
    return found


@pytest.mark.parametrize("name", SINGLES)
def test_single_commands_agree(
    later_pair: Pair, later_readers: frozenset[bytes], name: str
) -> None:
    mismatches = run_singles(later_pair, later_readers, *SINGLES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_agree(later_pair: Pair, name: str) -> None:
    mismatches = run_sequence(later_pair, SEQUENCES[name])
    if mismatches:
        pytest.fail(report(mismatches), pytrace=False)
