"""Real servers on directories of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer


@pytest.fixture
def redis_server() -> Iterator[Any]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    servers: list[RedisServer] = []

    def start(directory: Path) -> RawClient:
        servers.append(RedisServer("--appendonly", "yes", "--dir", str(directory)))
        return servers[-1].client()

    yield start
    for server in servers:
        server.stop()
