"""Merges where an environment's metrics are queried: the platform's settings, overridden by the environment's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.monitoring import PrometheusServer
from tasks.manifest import placeholders, servers
from tasks.manifest.declared.monitoring import DeclaredMonitoring, DeclaredPrometheus
from tasks.manifest.mistakes import Mistake

KEY = ("monitoring", "prometheus")


def filled(
    platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None, about: Mapping[str, Any]
) -> PrometheusServer | None:
    """Return the Prometheus of an environment, with placeholders filled in from `about`; None if it has none."""
    declared = _merged(platform, own)
    if declared is None or declared.url is None:
        return None
    reached = {
        "url": str(placeholders.fill(declared.url, about)),
        "headers": placeholders.fill(declared.headers, about),
        "parameters": placeholders.fill(declared.parameters, about),
    }
    return PrometheusServer(
        **reached, **servers.authentication(declared.auth, about), **servers.tls(declared.tls, about)
    )


def mistakes(
    platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None, about: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Report the mistakes in an environment's merged monitoring. `about` are the known placeholders."""
    declared = _merged(platform, own)
    if declared is not None:
        yield from servers.mistakes(declared, KEY, about)


def _merged(platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None) -> DeclaredPrometheus | None:
    return servers.merged(*(each.prometheus if each else None for each in (platform, own)))
