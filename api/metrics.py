"""Figures for Prometheus; a registry per application, so that two of them in one process do not meet."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics:
    """Counts requests by route template, never by path; gauges are set when somebody looks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "jidoka_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "jidoka_http_request_seconds",
            "Time from the request to the end of its answer.",
            ("method", "route"),
            buckets=_LATENCY_S,
            registry=self._registry,
        )
        self._incidents = Gauge("jidoka_open_incidents", "Incidents that wait for a decision.", registry=self._registry)
        self._outbox = Gauge(
            "jidoka_outbox_lag_seconds",
            "Age of the oldest domain event that is not dispatched yet; 0: none waits.",
            registry=self._registry,
        )

        self._letters = Gauge("jidoka_letters_waiting", "Letters that are still to be sent.", registry=self._registry)
        self._late = Gauge(
            "jidoka_letters_late",
            "Letters that the mail server has not taken in four attempts; they are kept and tried again.",
            registry=self._registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    def set_backlog(self, *, open_incidents: int, outbox_lag_s: float, letters_waiting: int, letters_late: int) -> None:
        self._incidents.set(open_incidents)
        self._outbox.set(outbox_lag_s)
        self._letters.set(letters_waiting)
        self._late.set(letters_late)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self._registry)
