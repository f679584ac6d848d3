"""Says which of a platform's units a release was made without: a promotion leaves them as they are."""

from __future__ import annotations

from tasks.domain.events import UnitsOmitted
from tasks.engines.terragrunt import record
from tasks.promotion.environment_run import EnvironmentRun


def note(run: EnvironmentRun) -> None:
    """Record that units are left out, and why; nothing where none are."""
    found = record.load(run.here.infrastructure)
    if found is None or not found.omitted or run.environment.name not in found.without:
        return
    run.record(UnitsOmitted(release=run.release.id, why=found.omitted))
    run.log().warning("units omitted", what=f"units that Terragrunt finds stay as they are: {found.omitted}")
