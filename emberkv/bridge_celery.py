"""Celery's result backend for ``ember:`` URLs; `emberkv.install_url_scheme` registers it."""

from __future__ import annotations

from typing import Any

from celery.backends.redis import RedisBackend

from .bridge_connection import Connection
from .bridge_url import connection_arguments


class Backend(RedisBackend):
    """Celery's backend for Redis, on a store of ours."""

    def _params_from_url(self, url: str, defaults: dict[str, Any]) -> dict[str, Any]:
        parameters = {name: defaults[name] for name in defaults if name not in ("host", "port")}
        return {**parameters, **connection_arguments(url, Connection)}
