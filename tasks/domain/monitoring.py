"""Where an environment's metrics are asked for: a Prometheus, or another server of its API."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.servers import Server


@dataclass(frozen=True)
class PrometheusServer(Server):
    """The Prometheus of an environment. Requests are signed for Amazon Managed Service for Prometheus."""

    service: str = "aps"
