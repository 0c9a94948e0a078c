"""kombu's transport for ``ember:`` URLs, so that Celery's broker can be a store of ours.

It is kombu's transport for Redis with connections that end in this process; kombu polls their
descriptors. `emberkv.install_url_scheme` registers it.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis as _redis

from .bridge_connection import Connection
from .bridge_url import connection_arguments


class Channel(_redis.Channel):
    connection_class = Connection

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._connparams(asynchronous=asynchronous)
        own = connection_arguments(
            self.connection.client.hostname, parameters.pop("connection_class")
        )
        # A class that kombu made of ours, which tells its poller of a disconnect.
        return {**parameters, **own}


class Transport(_redis.Transport):
    Channel = Channel
    driver_name = "emberkv"
    # The URL stays whole, in the place of a host name.
    can_parse_url = True
    default_connection_params = {"hostname": "ember://"}
