"""What a kustomize plan saves for its apply: the manifests and the objects to remove, sealed by a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.order import Waves
from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed

_PARTS = ("api_version", "kind", "namespace", "name")


@dataclass(frozen=True)
class Saved:
    """What applying a plan does.

    Attributes:
        wanted: the objects to apply.
        gone: the objects to remove, with their UIDs.
        force: whether to take fields from other owners.
        replaced: the wanted objects whose live object is deleted first, with its UID.
        waves: the order in which the wanted objects are applied.
        removal: the waves of the objects to remove; the last one goes first.
    """

    wanted: Mapping[Reference, Manifest]
    gone: Mapping[Reference, str]
    force: bool = False
    replaced: Mapping[Reference, str] = field(default_factory=dict)
    waves: Waves = field(default_factory=Waves)
    removal: Waves = field(default_factory=Waves)


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable only by the owner, because manifests may contain secrets."""
    wanted = [{"about": _identity(about), "manifest": dict(manifest)} for about, manifest in saved.wanted.items()]
    content = {
        "wanted": wanted,
        "gone": listed(saved.gone, saved.gone),
        "force": saved.force,
        "replaced": listed(saved.replaced, saved.replaced),
        "waves": _kept(saved.waves),
        "removal": _kept(saved.removal),
    }
    return sealed.save(content, folder / "kustomize.plan.json")


def load(plan: Plan) -> Saved:
    """Load what `plan` saved.

    Raises:
        StalePlan: the file is not the one that was planned.
    """
    kept = sealed.content(plan)
    wanted = {Reference(**item["about"]): item["manifest"] for item in kept["wanted"]}
    order = (_waves(kept[part]) for part in ("waves", "removal"))
    return Saved(wanted, recorded(kept["gone"]), kept["force"], recorded(kept["replaced"]), *order)


def listed(references: Iterable[Reference], uids: Mapping[Reference, str]) -> list[dict[str, str]]:
    """Convert references to the form of a unit's outputs, with the UIDs that are known."""
    return [{**_identity(about), **({"uid": uids[about]} if uids.get(about) else {})} for about in references]


def recorded(objects: Sequence[Mapping[str, Any]]) -> dict[Reference, str]:
    """Parse references from a unit's outputs, with their UIDs; a UID that was not recorded is empty."""
    return {Reference(*(item[part] for part in _PARTS)): str(item.get("uid", "")) for item in objects}


def _kept(waves: Waves) -> list[dict[str, Any]]:
    return [
        {"about": _identity(about), "wave": number, "awaited": about in waves.awaited}
        for about, number in waves.of.items()
    ]


def _waves(kept: Sequence[Mapping[str, Any]]) -> Waves:
    found = [(Reference(**item["about"]), item) for item in kept]
    return Waves(
        {about: item["wave"] for about, item in found}, frozenset(about for about, item in found if item["awaited"])
    )


def _identity(about: Reference) -> dict[str, str]:
    return {part: str(getattr(about, part)) for part in _PARTS}
