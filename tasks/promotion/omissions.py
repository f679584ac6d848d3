"""Which of a platform's units a promotion leaves as they are, and says so: what a release was made without, and what
needs a search server where none may be asked."""

from __future__ import annotations

from tasks.domain.events import UnitsOmitted
from tasks.engines.terragrunt import record
from tasks.promotion.access import NO_OPENSEARCH
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
