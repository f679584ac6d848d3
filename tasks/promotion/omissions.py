"""Record which units a promotion leaves untouched, and why.

These are the units that the release was made without, and those that need a search server if none may be used.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.events import UnitsOmitted
from tasks.engines.terragrunt import record
from tasks.promotion.access import NO_OPENSEARCH
from tasks.promotion.environment_run import EnvironmentRun


def note(run: EnvironmentRun) -> None:
    """Record which units are left out, and why; does nothing if there are none."""
    for omitted in _omitted(run):
        run.record(omitted)
        run.log().warning("units omitted", what=omitted.description)


def _omitted(run: EnvironmentRun) -> Iterator[UnitsOmitted]:
    release, environment = run.release.id, run.environment.name
    if charts := run.released_without.in_(environment):
        yield UnitsOmitted(release=release, why=run.released_without.why, units=tuple(sorted(charts)))
    if searching := run.runtime.omitted(run.platform, environment) - {*charts}:
        why = f"FLOWMART_OPENSEARCH={NO_OPENSEARCH}"
        yield UnitsOmitted(release=release, why=why, units=tuple(sorted(searching)))
    found = record.load(run.here.infrastructure)
    if found is not None and found.omitted and environment in found.without:
        yield UnitsOmitted(release=release, why=found.omitted)
