"""Merges where an environment's logs are kept: the platform's settings, overridden by the environment's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from tasks.domain import servers as domain
from tasks.domain.logging import DashboardsServer, ElasticsearchServer
from tasks.manifest import placeholders, servers
from tasks.manifest.declared.logging import DeclaredElasticsearch, DeclaredElasticsearchAuth, DeclaredLogging
from tasks.manifest.mistakes import Mistake

Server = TypeVar("Server", bound=ElasticsearchServer)

LINKED = ("trace", "claim", "release")
"""Placeholders of `link` that are filled in for each run."""


def elasticsearch(
    platform: DeclaredLogging | None, own: DeclaredLogging | None, about: Mapping[str, Any]
) -> ElasticsearchServer | None:
    """Return the Elasticsearch of an environment, with placeholders filled in from `about`; None if it has none."""
    return _filled(ElasticsearchServer, _merged(platform, own, "elasticsearch"), about)


def dashboards(
    platform: DeclaredLogging | None, own: DeclaredLogging | None, about: Mapping[str, Any]
) -> DashboardsServer | None:
    """Return the Kibana of an environment, with placeholders filled in from `about`; None if it has none."""
    return _filled(DashboardsServer, _merged(platform, own, "dashboards"), about)


def mistakes(
    platform: DeclaredLogging | None, own: DeclaredLogging | None, about: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Report the mistakes in an environment's merged logging. `about` are the known placeholders."""
    for name in ("elasticsearch", "dashboards"):
        declared = _merged(platform, own, name)
        if declared is not None:
            yield from servers.mistakes(declared, ("logging", name), about)
    written, names = _link(platform, own), {**about, **dict.fromkeys(LINKED, "")}
    yield from (mistake.below(("logging", "link")) for mistake in placeholders.mistakes(written, names))


def _filled(kind: type[Server], declared: DeclaredElasticsearch | None, about: Mapping[str, Any]) -> Server | None:
    if declared is None or declared.url is None:
        return None
    reached = {
        "url": str(placeholders.fill(declared.url, about)),
        **servers.tls(declared.tls, about),
        "headers": placeholders.fill(declared.headers, about),
    }
    writing = {**reached, **_authentication(declared.write_auth, about)}
    return kind(
        **reached,
        **_authentication(declared.auth, about),
        writer=domain.Server(**writing) if declared.write_auth else None,
    )


def link(platform: DeclaredLogging | None, own: DeclaredLogging | None, about: Mapping[str, Any]) -> str:
    """Return the address of the page that shows FlowMart's log; "" if there is none.

    Placeholders of `LINKED` stay in it.
    """
    return str(placeholders.fill(_link(platform, own), about))


def _link(platform: DeclaredLogging | None, own: DeclaredLogging | None) -> str:
    return next((str(each.link) for each in (own, platform) if each is not None and each.link), "")


def _merged(platform: DeclaredLogging | None, own: DeclaredLogging | None, name: str) -> DeclaredElasticsearch | None:
    layers: list[DeclaredElasticsearch | None] = [getattr(each, name) if each else None for each in (platform, own)]
    return servers.merged(*layers)


def _authentication(auth: DeclaredElasticsearchAuth | None, about: Mapping[str, Any]) -> dict[str, Any]:
    if auth is None:
        return {}
    return {
        **servers.authentication(auth, about),
        "api_key": servers.secret(auth.api_key, about),
        "service": auth.sigv4.service if auth.sigv4 else "es",
    }
