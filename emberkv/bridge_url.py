"""`install_url_scheme`: have redis-py, and libraries that use it, take ``ember:`` URLs.

This is a patch of redis-py: ``parse_url`` in `redis.connection` and in `redis.asyncio.connection`,
which all its ``from_url`` go through, is replaced by one that knows one scheme more. All else it
gives to the old one.
"""

from __future__ import annotations

import sys
from typing import Any

from . import url as _url
from .bridge import Source, _no_redis

_REPLACED: dict[Any, Any] = {}


def _sync_connection() -> Any:
    from .bridge_connection import Connection

    return Connection


def _asyncio_connection() -> Any:
    from .bridge_asyncio import Connection

    return Connection


def connection_arguments(url: str, connection_class: Any) -> dict[str, Any]:
    """What a pool of redis-py is made with to have connections to the store at `url`.

    The store stays open as long as the process, as a server's would.
    """
    source = Source(url)
    _url.keep(source.open())
    return {**source.url_options, **source.arguments, "connection_class": connection_class}


def _knowing_ours(original: Any, connection_class: Any) -> Any:
    def parse_url(url: Any) -> Any:
        if _url.is_url(url):
            return connection_arguments(url, connection_class())
        return original(url)

    return parse_url


def _teach_kombu() -> None:
    from kombu.transport import TRANSPORT_ALIASES

    TRANSPORT_ALIASES[_url.SCHEME] = "emberkv.bridge_kombu:Transport"


def _teach_celery() -> None:
    from celery.app.backends import BACKEND_ALIASES

    _teach_kombu()
    BACKEND_ALIASES[_url.SCHEME] = "emberkv.bridge_celery:Backend"


# Libraries that look at the scheme of a URL before redis-py does, and where they are taught ours.
_TAUGHT = {"kombu": _teach_kombu, "celery": _teach_celery}


def install_url_scheme(*libraries: str) -> None:
    """Have ``redis.from_url("ember:///path")`` and the like work, sync and asyncio, process-wide.

    A patch of redis-py, for libraries that make their client of a URL and of nothing else; where
    a client or a pool can be given, `redis_client` needs no patch. Once is enough, again does no
    harm, and `uninstall_url_scheme` takes it back. What the URLs mean stands in `emberkv.url`.

    kombu and Celery look at the scheme themselves and have tables of those they know: ours is
    entered there for each that is imported already, or named in `libraries`.
    """
    try:
        import redis.asyncio.connection
        import redis.connection
    except ImportError as error:
        raise _no_redis(error) from error
    modules: list[tuple[Any, Any]] = [
        (redis.connection, _sync_connection),
        (redis.asyncio.connection, _asyncio_connection),
    ]
    for module, connection_class in modules:
        if module not in _REPLACED:
            _REPLACED[module] = module.parse_url
            module.parse_url = _knowing_ours(module.parse_url, connection_class)
    for name, teach in _TAUGHT.items():
        if name in libraries or name in sys.modules:
            teach()
    unknown = set(libraries) - _TAUGHT.keys()
    if unknown:
        raise ValueError(f"only {', '.join(_TAUGHT)} are taught: {', '.join(sorted(unknown))}")


def uninstall_url_scheme() -> None:
    """Take `install_url_scheme` back: redis-py is as it was. Clients that were made stay good."""
    while _REPLACED:
        module, original = _REPLACED.popitem()
        module.parse_url = original
    for module_name, table in (
        ("kombu.transport", "TRANSPORT_ALIASES"),
        ("celery.app.backends", "BACKEND_ALIASES"),
    ):
        if module_name in sys.modules:
            getattr(sys.modules[module_name], table).pop(_url.SCHEME, None)
