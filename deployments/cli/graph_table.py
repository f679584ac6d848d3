"""The environments as `flowmart status` shows them: a row each, wave by wave, indented by wave. Pure.

environment        after    release  since             state
dev                         b        2026-11-23 18:40  verified
  staging          dev      b        2026-11-23 19:02  verified
    production-eu  staging  a        2026-11-20 10:11  verified; b soaks until 2026-11-23 21:02:00 UTC
    production-us  staging  a        2026-11-20 10:13  verified; b soaks until 2026-11-23 21:02:00 UTC
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tasks.domain import environment_graph
from tasks.domain.platform import Environment
from tasks.domain.release import Provenance
from tasks.ledger.state import EnvironmentState
from tasks.reports import board

COLUMNS = ("environment", "after", "release", "", "since (UTC)", "state")

States = Mapping[str, EnvironmentState]


def rows(
    environments: Sequence[Environment],
    states: States,
    said: Mapping[str, str],
    now: datetime,
) -> Iterator[tuple[str, ...]]:
    """A row for each environment under `COLUMNS`.

    Args:
        environments: in promotion order.
        states: by environment.
        said: each environment's state in words.
        now: the current time, with a time zone.
    """
    depth = _depths(environments)
    for environment in environments:
        here = states[environment.name]
        coming = board.coming(environment, states, now)
        yield (
            f"{'  ' * depth[environment.name]}{environment.name}",
            ", ".join(environment.after),
            here.verified or "-",
            here.origins.get(here.verified or "", Provenance()).subject,
            (here.verified_at or "-")[:16].replace("T", " "),
            said[environment.name] + (f"; {coming[0]} {coming[1]}" if coming else ""),
        )


def document(environment: Environment, states: States, now: datetime) -> dict[str, Any]:
    """What the graph says about one environment: what it comes after, since when, and which release is next."""
    coming = board.coming(environment, states, now)
    until = coming[1].soaks_until if coming else None
    return {
        "after": list(environment.after),
        "since": states[environment.name].verified_at,
        "next": coming[0] if coming else None,
        "soaks_until": until.isoformat() if until else None,
    }


def _depths(environments: Sequence[Environment]) -> dict[str, int]:
    waves = environment_graph.waves({environment.name: environment.after for environment in environments})
    return {name: depth for depth, wave in enumerate(waves) for name in wave}
