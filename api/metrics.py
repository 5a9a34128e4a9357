"""Counts and latencies of requests, in Prometheus's text format; read by operators alone."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; 0.02 is what search and profile have to keep to."""

Labels = tuple[str, str, int]
"""Method, route template (never the path itself, which names entities), status."""


class Metrics:
    """What one process counts; any number of threads may add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Labels, int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            labels = (method, route, status)
            self._counts[labels] = self._counts.get(labels, 0) + 1
            buckets = self._buckets.setdefault(route, [0] * (len(BUCKETS) + 1))
            buckets[bisect_left(BUCKETS, seconds)] += 1
            self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All counts as text; `gauges` are further values by name, with what each means."""
        with self._lock:
            lines = [*self._requests(), *self._latencies()]
        for name, (meaning, value) in gauges.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"

    def _requests(self) -> Iterator[str]:
        yield "# HELP guanxi_requests_total Requests by method, route and status."
        yield "# TYPE guanxi_requests_total counter"
        for (method, route, status), count in sorted(self._counts.items()):
            yield f'guanxi_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'

    def _latencies(self) -> Iterator[str]:
        yield "# HELP guanxi_request_seconds Time to answer, by route."
        yield "# TYPE guanxi_request_seconds histogram"
        for route, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*(f"{b:g}" for b in BUCKETS), "+Inf"), buckets, strict=True):
                total += count
                yield f'guanxi_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}'
            yield f'guanxi_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}'
            yield f'guanxi_request_seconds_count{{route="{route}"}} {total}'
