"""Which of a platform's units a promotion leaves as they are, and says so: what a release was made without, and what
needs a search server where none may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks import manifest
from tasks.domain import graph, references
from tasks.domain.events import UnitsOmitted
from tasks.engines.terragrunt import record
from tasks.promotion.access import NO_OPENSEARCH

if TYPE_CHECKING:
    from tasks.promotion.environment_run import EnvironmentRun

_NO_SERVER = f"FLOWMART_OPENSEARCH={NO_OPENSEARCH}"


def note(run: EnvironmentRun) -> None:
    """Record that units are left out, and why; nothing where none are."""
    if run.omitted:
        units = tuple(sorted(run.omitted))
        run.record(UnitsOmitted(release=run.release.id, why=_NO_SERVER, units=units))
        run.log().warning("units omitted", what=f"{', '.join(units)} stay as they are, since {_NO_SERVER}")
    found = record.load(run.here.infrastructure)
    if found is None or not found.omitted or run.environment.name not in found.without:
        return
    run.record(UnitsOmitted(release=run.release.id, why=found.omitted))
    run.log().warning("units omitted", what=f"units that Terragrunt finds stay as they are: {found.omitted}")


def without_search_server(run: EnvironmentRun) -> frozenset[str]:
    """The units on the environment's search server, and those whose inputs name outputs of one of them."""
    platform, name = run.platform, run.environment.name
    units = {unit.name: manifest.resolve(platform, name, unit.name) for unit in platform.units_in(name)}
    found: set[str] = set()
    for each in graph.order({unit.name: unit.needs for unit in units.values()}):
        on_it = run.runtime.engines[units[each].engine].on_search_server
        if on_it or not found.isdisjoint(references.sources(units[each].inputs)):
            found.add(each)
    return frozenset(found)
