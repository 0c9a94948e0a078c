"""The fixtures of the bridge's tests, which these share."""

from bridge.conftest import path, run, server

__all__ = ["path", "run", "server"]
