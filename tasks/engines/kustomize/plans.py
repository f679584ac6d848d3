"""What a kustomize plan saves for its apply: the manifests and the objects to remove, sealed by a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasks.cluster.objects import Manifest, Reference, ordered
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
        ran: the digests of the manifests of Jobs that the cluster removes once they have ended.
        over: those of them that have ended and do not run again, with their UIDs.
        taken: the wanted objects of which fields are taken from other owners.
    """

    wanted: Mapping[Reference, Manifest]
    gone: Mapping[Reference, str]
    force: bool = False
    replaced: Mapping[Reference, str] = field(default_factory=dict)
    waves: Waves = field(default_factory=Waves)
    removal: Waves = field(default_factory=Waves)
    ran: Mapping[Reference, str] = field(default_factory=dict)
    over: Mapping[Reference, str] = field(default_factory=dict)
    taken: frozenset[Reference] = frozenset()

    def forces(self, about: Reference) -> bool:
        """Tell whether to take fields of an object from other owners."""
        return self.force or about in self.taken

    @property
    def everything(self) -> list[Reference]:
        """The objects of the release."""
        return [*self.wanted, *self.over]

    def outputs(self, uids: Mapping[Reference, str]) -> dict[str, list[dict[str, str]]]:
        """Return the unit's outputs, given the UIDs of what was applied."""
        return outputs({**self.over, **uids}, self.ran)


def outputs(
    uids: Mapping[Reference, str], ran: Mapping[Reference, str] = MappingProxyType({})
) -> dict[str, list[dict[str, str]]]:
    """Return a unit's outputs: its objects with their UIDs, and the digests of Jobs that the cluster removes."""
    return {"objects": listed(ordered(uids), uids, ran)}


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
        "ran": listed(saved.ran, {}, saved.ran),
        "over": listed(saved.over, saved.over),
        "taken": listed(ordered(saved.taken), {}),
    }
    return sealed.save(content, folder / "kustomize.plan.json")


def load(plan: Plan) -> Saved:
    """Load what `plan` saved.

    Raises:
        StalePlan: the file is not the one that was planned.
    """
    kept = sealed.content(plan)
    wanted = {Reference(**item["about"]): item["manifest"] for item in kept["wanted"]}
    gone, replaced, over = (recorded(kept[part]) for part in ("gone", "replaced", "over"))
    waves, removal = (_waves(kept[part]) for part in ("waves", "removal"))
    ran = {about: digest for about, (digest, _) in jobs(kept["ran"]).items()}
    taken = frozenset(recorded(kept["taken"]))
    return Saved(wanted, gone, kept["force"], replaced, waves, removal, ran, over, taken)


def listed(
    references: Iterable[Reference],
    uids: Mapping[Reference, str],
    ran: Mapping[Reference, str] = MappingProxyType({}),
) -> list[dict[str, str]]:
    """Convert references to the form of a unit's outputs, with the UIDs and digests that are known."""
    known = {"uid": uids, "ran": ran}
    return [
        {**_identity(about), **{name: of[about] for name, of in known.items() if of.get(about)}}
        for about in references
    ]


def recorded(objects: Sequence[Mapping[str, Any]]) -> dict[Reference, str]:
    """Parse references from a unit's outputs, with their UIDs; a UID that was not recorded is empty."""
    return {Reference(*(item[part] for part in _PARTS)): str(item.get("uid", "")) for item in objects}


def jobs(objects: Sequence[Mapping[str, Any]]) -> dict[Reference, tuple[str, str]]:
    """Parse the Jobs that the cluster removes from a unit's outputs: digests of their manifests, and UIDs."""
    every, uids = {Reference(*(item[part] for part in _PARTS)): item for item in objects}, recorded(objects)
    return {about: (str(item["ran"]), uids[about]) for about, item in every.items() if item.get("ran")}


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
