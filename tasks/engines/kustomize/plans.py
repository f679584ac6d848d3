"""What a kustomize plan keeps for its apply: the manifests themselves and what is to go, sealed by a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.cluster.objects import Manifest, Reference
from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed

_PARTS = ("api_version", "kind", "namespace", "name")


@dataclass(frozen=True)
class Saved:
    """What applying a plan does.

    Attributes:
        wanted: the objects to apply.
        gone: the objects to remove, with their UIDs.
        force: whether fields are taken from whoever owns them.
        replaced: the wanted objects that are deleted before, with the UIDs of those that go.
    """

    wanted: Mapping[Reference, Manifest]
    gone: Mapping[Reference, str]
    force: bool = False
    replaced: Mapping[Reference, str] = field(default_factory=dict)


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only: there may be secrets in the manifests."""
    wanted = [{"about": _identity(about), "manifest": dict(manifest)} for about, manifest in saved.wanted.items()]
    content = {
        "wanted": wanted,
        "gone": listed(saved.gone, saved.gone),
        "force": saved.force,
        "replaced": listed(saved.replaced, saved.replaced),
    }
    return sealed.save(content, folder / "kustomize.plan.json")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file is not the one that was planned."""
    kept = sealed.content(plan)
    wanted = {Reference(**item["about"]): item["manifest"] for item in kept["wanted"]}
    return Saved(wanted, recorded(kept["gone"]), kept["force"], recorded(kept["replaced"]))


def listed(references: Iterable[Reference], uids: Mapping[Reference, str]) -> list[dict[str, str]]:
    """References as the outputs of a unit hold them, with the UIDs that are known."""
    return [{**_identity(about), **({"uid": uids[about]} if uids.get(about) else {})} for about in references]


def recorded(objects: Sequence[Mapping[str, Any]]) -> dict[Reference, str]:
    """References from the outputs of a unit, with their UIDs; empty where none is recorded."""
    return {Reference(*(item[part] for part in _PARTS)): str(item.get("uid", "")) for item in objects}


def _identity(about: Reference) -> dict[str, str]:
    return {part: str(getattr(about, part)) for part in _PARTS}
