"""Exceptions of ours and of redis-py, which have the same names and are not the same classes."""

from __future__ import annotations

import pytest
import redis


def named(error_class):
    """`pytest.raises` for an exception of ours or the one of redis-py with its name."""
    return pytest.raises((error_class, getattr(redis.exceptions, error_class.__name__)))
