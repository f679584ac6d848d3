"""Where metrics of an environment are asked for: what the platform says, and over it what the environment says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.monitoring import PrometheusServer, Secret
from tasks.manifest import placeholders
from tasks.manifest.declared_monitoring import (
    DeclaredAuth,
    DeclaredMonitoring,
    DeclaredPrometheus,
    DeclaredSecret,
    DeclaredTls,
)
from tasks.manifest.mistakes import Mistake

KEY = ("monitoring", "prometheus")


def filled(
    platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None, about: Mapping[str, Any]
) -> PrometheusServer | None:
    """The Prometheus of an environment, its placeholders filled in with `about`; None where there is none."""
    declared = _merged(platform, own)
    if declared is None or declared.url is None:
        return None
    auth, tls = declared.auth or DeclaredAuth(), declared.tls or DeclaredTls()
    return PrometheusServer(
        url=str(placeholders.fill(declared.url, about)),
        username=str(placeholders.fill(auth.basic.username, about)) if auth.basic else "",
        password=_secret(auth.basic.password if auth.basic else None, about),
        bearer=_secret(auth.bearer, about),
        sigv4=auth.sigv4.region if auth.sigv4 else "",
        **{name: str(placeholders.fill(path or "", about)) for name, path in tls},
        headers=placeholders.fill(declared.headers, about),
        parameters=placeholders.fill(declared.parameters, about),
    )


def mistakes(
    platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None, about: Mapping[str, Any]
) -> Iterator[Mistake]:
    """What is wrong with what an environment's monitoring comes to. `about` are the placeholders that there are."""
    declared = _merged(platform, own)
    if declared is None:
        return
    if declared.url is None:
        yield Mistake((*KEY, "url"), "is missing: add it here, or to `monitoring` of the platform")
    written = declared.model_dump(exclude_unset=True)
    yield from (mistake.below(KEY) for mistake in placeholders.mistakes(written, about))


def _merged(platform: DeclaredMonitoring | None, own: DeclaredMonitoring | None) -> DeclaredPrometheus | None:
    layers = [each.prometheus for each in (platform, own) if each is not None]
    if not layers:
        return None
    keys = {name: getattr(layer, name) for layer in layers for name in layer.model_fields_set}
    return DeclaredPrometheus.model_construct(_fields_set={*keys}, **keys)


def _secret(declared: DeclaredSecret | None, about: Mapping[str, Any]) -> Secret | None:
    if declared is None:
        return None
    return Secret(declared.variable or "", str(placeholders.fill(declared.file or "", about)))
