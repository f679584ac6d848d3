"""What a helm plan saves for its apply: a small file, sealed by its digest, with the digests of the files it names.

Helm has no saved plans, so an apply checks that it is the one that was planned. The chart archive, the values files
and the installed revision must be the same, and the chart must render to the same objects. For a rollback, the
revision to return to is saved instead of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tasks.cluster.objects import Manifest, indexed
from tasks.domain.errors import StalePlan
from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.charts import Installation, Packed
from tasks.engines.helm.rendering import Foretold


class Does(StrEnum):
    """What applying a plan does to the release."""

    UPGRADE = "upgrade"
    ROLL_BACK = "roll back"
    REMOVE = "remove"


@dataclass(frozen=True)
class Saved:
    """What to do with which release: files with digests for an upgrade, a revision for a rollback.

    Attributes:
        does: what applying does.
        release: the release's name.
        namespace: the release's namespace.
        files: (path, SHA-256) of the chart's archive and of the values files; later values files override earlier
            ones.
        revision: the revision to roll back to; else 0.
        manifests: the objects that the release consists of afterwards, without hooks.
        hooks: the objects of its hooks.
        nameless: whether there are further objects whose names cannot be predicted.
    """

    does: Does
    release: str
    namespace: str
    files: Sequence[Sequence[str]] = ()
    revision: int = 0
    manifests: Sequence[Manifest] = ()
    hooks: Sequence[Manifest] = ()
    nameless: bool = False

    @property
    def chart(self) -> Path:
        """The chart's archive."""
        return Path(self.files[0][0])

    @property
    def values(self) -> list[Path]:
        """The values files."""
        return [Path(path) for path, _ in self.files[1:]]

    @property
    def planned(self) -> Installed:
        """The revision that applying it produces."""
        objects, hooks = (indexed(part, "the plan", self.namespace) for part in (self.manifests, self.hooks))
        return Installed(self.revision, "planned", objects, hooks)


def upgrade(what: Installation, packed: Packed, new: Foretold) -> Saved:
    """Describe an upgrade, or the first install, with exactly these files and objects."""
    files = [(str(file), sealed.sha256(file)) for file in (packed.chart, *packed.values)]
    manifests, hooks = list(new.installed.objects.values()), list(new.installed.hooks.values())
    release, namespace = what.release, what.namespace
    return Saved(Does.UPGRADE, release, namespace, files, 0, manifests, hooks, bool(new.nameless))


def rollback(what: Installation, good: Installed) -> Saved:
    """Describe a rollback to a revision."""
    manifests, hooks = list(good.objects.values()), list(good.hooks.values())
    return Saved(
        Does.ROLL_BACK, what.release, what.namespace, revision=good.revision, manifests=manifests, hooks=hooks
    )


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable only by the owner, and return the plan's artifact."""
    return sealed.save(asdict(saved), folder / f"{saved.does.replace(' ', '-')}.plan.json")


def load(plan: Plan) -> Saved:
    """Load what `plan` saved.

    Raises:
        StalePlan: the file, or one that it names, is not what was planned.
    """
    kept = sealed.content(plan)
    saved = Saved(**{**kept, "does": Does(kept["does"])})
    for path, digest in saved.files:
        if sealed.sha256(Path(path)) != digest:
            raise StalePlan(f"{plan.target}: {path} is not the file that was planned; plan again")
    return saved
