"""What a kustomize plan keeps for its apply: the manifests themselves and what is to go, sealed by a digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.cluster.objects import Manifest, Reference
from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed


@dataclass(frozen=True)
class Saved:
    """The objects to apply, the objects to remove, and whether fields are taken from whoever owns them."""

    wanted: Mapping[Reference, Manifest]
    gone: Sequence[Reference]
    force: bool = False


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only: there may be secrets in the manifests."""
    wanted = [{"about": _listed(about), "manifest": dict(manifest)} for about, manifest in saved.wanted.items()]
    content = {"wanted": wanted, "gone": listed(saved.gone), "force": saved.force}
    return sealed.save(content, folder / "kustomize.plan.json")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file is not the one that was planned."""
    kept = sealed.content(plan)
    wanted = {Reference(**item["about"]): item["manifest"] for item in kept["wanted"]}
    return Saved(wanted, recorded(kept["gone"]), kept["force"])


def listed(references: Sequence[Reference]) -> list[dict[str, str]]:
    """References as the outputs of a unit hold them."""
    return [_listed(about) for about in references]


def recorded(objects: Sequence[Mapping[str, Any]]) -> list[Reference]:
    """References from the outputs of a unit."""
    return [Reference(**item) for item in objects]


def _listed(about: Reference) -> dict[str, str]:
    return {
        "api_version": about.api_version,
        "kind": about.kind,
        "namespace": about.namespace,
        "name": about.name,
    }
