"""Figures of a store for Prometheus, by way of the `prometheus_client` package.

    from prometheus_client import REGISTRY
    REGISTRY.register(emberkv.metrics.collector(db))

`emberkv serve --metrics-port 9121` does the same for a server. What there is to see is in
`docs/metrics.md`; `docs/grafana.json` is a dashboard of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._core import _ember

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

    from .client import Ember

# Of INFO: the field, what it is called here, what it says. Times are in seconds, as is the custom.
GAUGES = [
    ("used_memory", "memory_used_bytes", "What blocks occupy."),
    ("used_memory_rss", "memory_resident_bytes", "What the arena holds of the system's memory."),
    ("used_memory_peak", "memory_peak_bytes", "The most that was ever used."),
    ("used_memory_dataset", "memory_dataset_bytes", "Used, without tables."),
    ("maxmemory", "memory_limit_bytes", "maxmemory; 0: none."),
    ("mem_fragmentation_ratio", "memory_fragmentation_ratio", "Resident by used."),
    ("connected_clients", "clients_connected", "Clients of servers, in all processes."),
    ("blocked_clients", "clients_blocked", "Clients that wait for a key."),
    ("tracking_clients", "clients_tracking", "Clients that cache."),
    ("pubsub_channels", "pubsub_channels", "Channels that somebody listens to."),
    ("pubsub_patterns", "pubsub_patterns", "Patterns that somebody listens to."),
    ("rdb_changes_since_last_save", "changes_since_save", "Changes not yet in a snapshot."),
    ("uptime_in_seconds", "uptime_seconds", "Since the process opened the store."),
]
COUNTERS = [
    ("total_connections_received", "connections", "Connections accepted."),
    ("rejected_connections", "connections_rejected", "Connections refused for maxclients."),
    ("total_net_input_bytes", "net_input_bytes", "Read from sockets."),
    ("total_net_output_bytes", "net_output_bytes", "Written to sockets."),
    ("expired_keys", "keys_expired", "Keys whose time had come."),
    ("evicted_keys", "keys_evicted", "Keys that went for maxmemory."),
    ("evicted_clients", "clients_evicted", "Clients that went for maxmemory-clients."),
    ("keyspace_hits", "keyspace_hits", "Reads of keys that were there."),
    ("keyspace_misses", "keyspace_misses", "Reads of keys that were not."),
    ("total_error_replies", "error_replies", "Errors, of this process."),
    ("used_cpu_sys", "cpu_system_seconds", "In the system, of this process."),
    ("used_cpu_user", "cpu_user_seconds", "Of its own, of this process."),
]


class StoreCollector:
    """Asks a store for its figures each time that it is scraped. Made by `collector`."""

    def __init__(self, db: Ember[Any], labels: dict[str, str]) -> None:
        self._db = db
        self._names = list(labels)
        self._values = list(labels.values())

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering asks the store nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now. O(databases + commands); takes the store's lock once."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        info = self._db.info("everything")
        for field, name, says in GAUGES:
            if field in info:
                gauge = GaugeMetricFamily(f"emberkv_{name}", says, labels=self._names)
                gauge.add_metric(self._values, float(info[field]))
                yield gauge
        for field, name, says in COUNTERS:
            if field in info:
                counter = CounterMetricFamily(f"emberkv_{name}", says, labels=self._names)
                counter.add_metric(self._values, float(info[field]))
                yield counter
        yield from self._commands(info)
        yield from self._databases(info)

    def _commands(self, info: dict[str, Any]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        names = [*self._names, "command"]
        families = {
            "calls": CounterMetricFamily("emberkv_commands", "Calls.", labels=names),
            "usec": CounterMetricFamily(
                "emberkv_commands_duration_seconds", "Time, of calls by sockets.", labels=names
            ),
            "failed_calls": CounterMetricFamily(
                "emberkv_commands_failed", "Calls that gave an error.", labels=names
            ),
            "rejected_calls": CounterMetricFamily(
                "emberkv_commands_rejected", "Calls that were refused.", labels=names
            ),
        }
        errors = CounterMetricFamily(
            "emberkv_errors",
            "Errors by their codes, of this process.",
            labels=[*self._names, "code"],
        )
        for name, value in info.items():
            kind, _, what = name.partition("_")
            if kind == "cmdstat":
                for field, family in families.items():
                    scale = 1e-6 if field == "usec" else 1
                    family.add_metric([*self._values, what], float(value[field]) * scale)
            elif kind == "errorstat":
                errors.add_metric([*self._values, what], float(value["count"]))
        yield from families.values()
        yield errors

    def _databases(self, info: dict[str, Any]) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        names = [*self._names, "db"]
        keys = GaugeMetricFamily("emberkv_keys", "Keys.", labels=names)
        expiring = GaugeMetricFamily("emberkv_keys_expiring", "With a time to live.", labels=names)
        for name, value in info.items():
            if name[:2] == "db" and name[2:].isdigit():
                keys.add_metric([*self._values, name], float(value["keys"]))
                expiring.add_metric([*self._values, name], float(value["expires"]))
        yield keys
        yield expiring


def collector(db: Ember[Any], **labels: str) -> Collector:
    """A collector of the store's figures, to be registered with `prometheus_client`.

    `labels` are put on each of them, where an application exports several stores:
    ``collector(db, store="sessions")``. The store must stay open while it is registered. A user
    who may not run INFO gets NoPermissionError here, and not at each scrape.
    """
    _ember.ask_rules(db._session, b"info")
    return StoreCollector(db, labels)


class Exporter:
    """A page of metrics on a port of its own, in a thread. Close it, or use it as a context.

    Without a store the page is empty until `export` is given one.
    """

    def __init__(self, db: Ember[Any] | None, port: int, host: str = "127.0.0.1") -> None:
        from prometheus_client import CollectorRegistry, start_http_server

        self._registry = CollectorRegistry()
        if db is not None:
            self.export(db)
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            why = f"cannot listen on port {port} for metrics: {error.strerror}"
            raise OSError(error.errno, why) from None
        self.port = int(self._server.server_port)

    def export(self, db: Ember[Any]) -> None:
        """Put the store's figures on the page."""
        self._registry.register(collector(db))

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Exporter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
