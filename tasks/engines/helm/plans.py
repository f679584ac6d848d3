"""What a helm plan keeps for its apply: a small file, sealed by its digest, that names its other files by theirs.

Helm has no saved plans. What makes an apply the one that was planned is this: the same chart archive, the same
values, on the same revision; or, for a rollback, the same revision to return to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tasks.cluster.objects import Reference
from tasks.domain.errors import StalePlan
from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed


class Does(StrEnum):
    """What applying a plan does to the release."""

    UPGRADE = "upgrade"
    ROLL_BACK = "roll back"
    REMOVE = "remove"


@dataclass(frozen=True)
class Saved:
    """What to do with which release. Paths and digests for an upgrade, a revision for a rollback.

    `objects` identifies what the release consists of afterwards.
    """

    does: Does
    release: str
    namespace: str
    chart: str = ""
    chart_sha256: str = ""
    values: str = ""
    values_sha256: str = ""
    revision: int = 0
    objects: tuple[tuple[str, ...], ...] = ()


def upgrade(
    release: str, namespace: str, chart: Path, values: Path, objects: tuple[tuple[str, ...], ...] = ()
) -> Saved:
    """An upgrade, or the first install, with exactly these files."""
    of_chart, of_values = sealed.sha256(chart), sealed.sha256(values)
    return Saved(Does.UPGRADE, release, namespace, str(chart), of_chart, str(values), of_values, objects=objects)


def identities(objects: Iterable[Reference]) -> tuple[tuple[str, ...], ...]:
    """What identifies objects, as a plan keeps it."""
    return tuple((about.api_version, about.kind, about.namespace, about.name) for about in objects)


def references(saved: Saved) -> list[Reference]:
    """The objects that a plan kept."""
    return [Reference(*parts) for parts in saved.objects]


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only."""
    return sealed.save(asdict(saved), folder / f"{saved.does.replace(' ', '-')}.plan.json")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file, or one that it names, is not what was planned."""
    kept = sealed.content(plan)
    saved = Saved(**{**kept, "does": Does(kept["does"])})
    for what, path, digest in (
        ("chart", saved.chart, saved.chart_sha256),
        ("values", saved.values, saved.values_sha256),
    ):
        if path and sealed.sha256(Path(path)) != digest:
            raise StalePlan(f"{plan.target}: the {what} in {path} are not those that were planned; plan again")
    return saved
