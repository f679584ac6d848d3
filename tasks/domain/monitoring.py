"""Defines where an environment's metrics are queried: a Prometheus, or another server with its API."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.servers import Server


@dataclass(frozen=True)
class PrometheusServer(Server):
    """The Prometheus of an environment. Requests are signed for Amazon Managed Service for Prometheus."""

    service: str = "aps"
