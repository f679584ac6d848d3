"""Where metrics of an environment are asked for: what the platform says, and over it what the environment says."""

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
    """The Prometheus of an environment, its placeholders filled in with `about`; None where there is none."""
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
    """What is wrong with what an environment's monitoring comes to. `about` are the placeholders that there are."""
    declared = _merged(platform, own)
    if declared is not None:
        yield from servers.mistakes(declared, KEY, about)


def _merged(platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None) -> DeclaredPrometheus | None:
    return servers.merged(*(each.prometheus if each else None for each in (platform, own)))
