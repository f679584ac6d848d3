"""Select and share existing images, and remove what a failed first release built."""

from __future__ import annotations

import structlog

from tasks.domain.outcome import Applied, Observation, Outcome, Progress
from tasks.domain.plan import Plan
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.packer import copies, plans
from tasks.engines.packer.copies import Copy
from tasks.engines.packer.desired import Wanted, source_of
from tasks.engines.packer.images import Image, Images
from tasks.engines.packer.plans import Does, Saved
from tasks.engines.packer.retirement import needed_by

log = structlog.get_logger("flowmart.packer")


def carry_out(wanted: Wanted, images: Images, saved: Saved, found: Image | None, there: tuple[Copy, ...]) -> Applied:
    """Remove the image, or share it, as planned."""
    if saved.does is Does.REMOVE and found is not None:
        copies.remove(there)
        images.remove(found)
        log.info("deregistered", image=found.id, name=found.name)
        return Applied(Outcome.SUCCEEDED)
    selected = found if saved.does is Does.SELECT and wanted.owns else None
    if selected is not None and selected.accounts != wanted.declared.shared:
        images.share(selected, wanted.declared.shared)
    if selected is not None:
        copies.share(there, wanted.declared.shared)
    return Applied(Outcome.SUCCEEDED, saved.outputs)


def removal(images: Images, plan: Plan, found: Image | None) -> Observation:
    """Return how far the removal of an image got; its copies are removed first."""
    if found is not None:
        return Observation(Progress.UNCHANGED)
    before = [snapshot for change in plan.changes for snapshot in (change.before or {}).get("snapshots", ())]
    if left := images.snapshots(before):
        detail = f"the image is deregistered, its snapshots are there: delete {', '.join(left)}"
        return Observation(Progress.PARTIAL, detail=detail)
    return Observation(Progress.DONE)


def to_select(
    wanted: Wanted,
    target: Target,
    inputs_digest: str,
    image: Image,
    there: tuple[Copy, ...],
    to: Receipt | None = None,
) -> Plan:
    """Plan to select an existing image, and to share it and its copies as declared.

    Args:
        wanted: the unit's image.
        target: the release, environment and unit of the plan.
        inputs_digest: the digest of the inputs that it is made with.
        image: the image.
        there: its copies.
        to: the receipt that a rollback returns to; None for a promotion.
    """
    chosen = plans.to_select(target.unit, wanted.workspace.receipt, image)
    shared = plans.to_share(target.unit, image, wanted.declared.shared) if wanted.owns else ()
    shared += copies.to_share(target.unit, there, wanted.declared.shared)
    source, amis = source_of(wanted, image), copies.ids((wanted.region, image.id), there)
    outputs = to.outputs if to else plans.outputs(image, wanted.region, wanted.digest, source, amis)
    saved = Saved(Does.SELECT, image.name, image=image.id, outputs=outputs)
    return wanted.plan(target, inputs_digest, (*chosen, *shared), saved, image, copies=copies.basis(there))


def to_remove(wanted: Wanted, failed: Target) -> Plan:
    """Plan to remove what `failed` built. Nothing is removed if the image is needed or another account owns it."""
    receipt = wanted.workspace.receipt
    images, name = wanted.images(), wanted.name
    found = images.identified(receipt.outputs["ami_id"]) if receipt else images.named(name, wanted.declared.owner)
    digest = Inputs(values=wanted.workspace.unit.inputs).digest
    there = copies.named(wanted, found.name if found else name)
    needed = (needed_by(wanted, images, found) or copies.needed(wanted, there)) if found and wanted.owns else ""
    if found is None or needed or not wanted.owns:
        told = [f"{found.name} ({found.id}) stays: {needed}"] if found and needed else []
        kept, asked = images.named(name, wanted.declared.owner), copies.basis(copies.named(wanted, name))
        return wanted.plan(failed, digest, (), Saved(Does.KEEP, name), kept, copies=asked, warnings=told)
    saved = Saved(Does.REMOVE, found.name, image=found.id)
    gone = [plans.to_remove(copies.address(failed.unit, c.region), c.image) for c in there if c.image]
    changes = (plans.to_remove(failed.unit, found), *gone)
    return wanted.plan(failed, digest, changes, saved, found, copies=copies.basis(there))
