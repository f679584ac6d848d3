"""Packer behind the engine protocol: images that are built once and are the same in every environment.

One account owns a unit's images: where it is the environment's, a release builds what it needs; everywhere else the
very same image is selected, which the owner shares. What an image is follows from the files and variables that
go into it, and so does its name, by which it is found. Going back selects the earlier image; an image in use stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from tasks.engines import kubernetes_plans, packer_plans
from tasks.engines import packer_sources as sources
from tasks.engines.base import Workspace, Workspaces
from tasks.engines.packer_builds import Builder, is_whole, tidied
from tasks.engines.packer_images import DIGEST, Image, Images, to_retire
from tasks.engines.packer_plans import Declared, Does, Saved
from tasks.engines.packer_sources import interface, reads
from tasks.errors import CouldNotAsk, FlowmartError, Refused, StalePlan
from tasks.model import Applied, Change, Inputs, Outcome, Plan, Receipt, Reversibility, Target

__all__ = ["Packer", "interface", "reads"]

log = structlog.get_logger("flowmart.packer")


class Packer:
    """The engine for units whose source is a template of Packer's."""

    def __init__(self, workspaces: Workspaces, executable: str = "packer") -> None:
        self._workspaces = workspaces
        self._executable = executable or "packer"

    def prepare(self, target: Target) -> None:
        """The inputs are of the right kind, and where images are built, Packer takes the template."""
        here = _Here(self._workspaces(target))
        sources.refuse_wrong(here.workspace.folder, here.declared.variables, target.unit)
        if here.owns:
            Builder(self._executable, here.workspace).check(None)

    def plan(self, target: Target, inputs: Inputs) -> Plan:
        """The image that the target asks for: selected where it is there, else built, where it is to be owned."""
        here = _Here(self._workspaces(target), inputs.values)
        sources.refuse_wrong(here.workspace.folder, here.declared.variables, target.unit)
        found = here.images().named(here.name, here.declared.owner)
        if found is not None and _is_usable(here, found):
            return _to_select(here, target, inputs.digest, found)
        if not here.owns:
            raise Refused(_not_there(here, target))
        return self._to_build(here, target, inputs.digest, found)

    def apply(self, plan: Plan) -> Applied:
        """Build, select or remove what was planned; `StalePlan` when the image is not what it was."""
        saved = packer_plans.load(plan)
        here = _Here(self._workspaces(plan.target))
        images = here.images(writing=True)
        found = here.seen(images, saved)
        if packer_plans.basis(found, here.workspace.receipt) != plan.basis:
            raise StalePlan(f"{plan.target}: image {saved.name} is not what it was when it was planned; plan again")
        if saved.does is Does.BUILD:
            return self._built(here, images, saved)
        if saved.does is Does.REMOVE and found is not None:
            images.remove(found)
            log.info("deregistered", image=found.id, name=found.name)
            return Applied(Outcome.SUCCEEDED)
        if saved.does is Does.SELECT and found is not None and here.owns and found.accounts != here.declared.shared:
            images.share(found, here.declared.shared)
        return Applied(Outcome.SUCCEEDED, saved.outputs)

    def verify(self, target: Target) -> Outcome:
        """Whether the image of the target is available and may be used from this account."""
        here = _Here(self._workspaces(target))
        receipt, images = here.workspace.receipt, here.images()
        if receipt is not None and receipt.target.release == target.release:
            found = images.identified(receipt.outputs["ami_id"])
        else:
            found = images.named(here.name, here.declared.owner)
        good = found is not None and found.state == "available"
        return Outcome.SUCCEEDED if good else Outcome.FAILED

    def plan_rollback(self, failed: Target, to: Receipt | None) -> Plan:
        """Back to the image that the receipt selected; without one, its removal, unless somebody needs it."""
        if to is None:
            return _to_remove(_Here(self._workspaces(failed)), failed)
        here = _Here(self._workspaces(to.target))
        image, name = to.outputs["ami_id"], to.outputs["ami_name"]
        found = here.images().identified(image)
        if found is None or found.state != "available":
            told = "it was deregistered, or is not shared with this account any more" if not found else found.state
            raise Refused(f"{to.target}: its image {name} ({image}) cannot be selected again: {told}")
        return _to_select(here, to.target, to.inputs_digest, found, to)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Whether the image is gone, and, where it is ours, its tags and with whom it is shared."""
        here = _Here(self._workspaces(receipt.target))
        found = here.images().identified(receipt.outputs["ami_id"])
        accounts = here.declared.shared if here.owns else None
        changes = packer_plans.drifted(receipt.target.unit, receipt, found, accounts)
        return here.plan(receipt.target, receipt.inputs_digest, changes)

    def _to_build(self, here: _Here, target: Target, inputs_digest: str, found: Image | None) -> Plan:
        variables = _variables_file(here, target)
        Builder(self._executable, here.workspace).check(variables)
        half_made, warnings = "", []
        if found is not None:
            _refuse_in_use(here, found)
            half_made = found.id
            warnings = [f"{found.name} ({found.id}) was left by a build that did not end: it is removed first"]
        after = {"ami_name": here.name, "accounts": sorted(here.declared.shared), **here.declared.variables}
        change = packer_plans.to_build(target.unit, here.workspace.receipt, after)
        saved = Saved(
            Does.BUILD,
            here.name,
            here.digest,
            half_made=half_made,
            variables=str(variables),
            variables_sha256=packer_plans.sha256(variables),
        )
        return here.plan(target, inputs_digest, (change,), saved, found, warnings=warnings)

    def _built(self, here: _Here, images: Images, saved: Saved) -> Applied:
        """Build the image and look at it; what a failed build left is removed or named."""
        if saved.half_made and (left := images.identified(saved.half_made)):
            images.remove(left)
        try:
            built = Builder(self._executable, here.workspace).build(Path(saved.variables))
            image = _accepted(images.identified(built.image), saved)
        except (CouldNotAsk, Refused) as error:
            outcome = Outcome.ERRORED if isinstance(error, CouldNotAsk) else Outcome.FAILED
            return Applied(outcome, detail=f"{error}{tidied(images, saved.name, here.declared.owner)}")
        log.info("built", image=image.id, name=image.name)
        _retire(here, images, image)
        return Applied(Outcome.SUCCEEDED, packer_plans.outputs(image, here.region, saved.digest, built.source))


class _Here:
    """One unit in one environment, with the image that it asks for."""

    def __init__(self, workspace: Workspace, values: Mapping[str, Any] | None = None) -> None:
        self.workspace = workspace
        self.declared: Declared = packer_plans.declared(
            workspace.unit.name, workspace.unit.inputs if values is None else values
        )
        self.region = workspace.environment.region
        self.owns = workspace.environment.account == self.declared.owner
        self.family = f"flowmart-{Path(workspace.unit.source).name}-"
        self.digest = sources.identity(workspace.infrastructure, workspace.unit.source, self.declared.variables)
        self.name = f"{self.family}{self.digest[:12]}"

    def images(self, *, writing: bool = False) -> Images:
        """The images that this account sees."""
        variables = self.workspace.writing if writing else self.workspace.reading
        return Images(variables(), self.workspace.environment.account)

    def seen(self, images: Images, saved: Saved) -> Image | None:
        """The image that a plan is about, as it is now."""
        return images.identified(saved.image) if saved.image else images.named(saved.name, self.declared.owner)

    @property
    def folder(self) -> Path:
        """Where the unit's files of variables and plans are: beside the release's files, not among them."""
        place = self.workspace.environment.name, self.workspace.unit.name
        folder = self.workspace.infrastructure.parent.joinpath("packer", *place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def plan(
        self,
        target: Target,
        inputs_digest: str,
        changes: tuple[Change, ...],
        saved: Saved | None = None,
        image: Image | None = None,
        *,
        warnings: Iterable[str] = (),
    ) -> Plan:
        """A plan about `image` as it is now. Selecting can be undone; removing cannot."""
        told = tuple(warnings)
        removes = saved is not None and saved.does is Does.REMOVE
        return Plan(
            target=target,
            engine="packer",
            changes=changes,
            unit_digest=self.workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=packer_plans.basis(image, self.workspace.receipt),
            artifact=packer_plans.save(saved, self.folder) if saved else None,
            text=kubernetes_plans.text(changes, told),
            reversibility=Reversibility.IRREVERSIBLE if removes else Reversibility.REVERSIBLE,
            outputs=saved.outputs if saved and saved.does is Does.SELECT else None,
            warnings=told,
        )


def _is_usable(here: _Here, image: Image) -> bool:
    """Whether this is the finished image. Of somebody else's only the state can be seen."""
    if image.state == "pending":
        raise CouldNotAsk(f"image {image.name} ({image.id}) is pending: somebody builds it, or did until just now")
    return image.state == "available" and (not here.owns or is_whole(image, here.digest))


def _to_select(here: _Here, target: Target, inputs_digest: str, image: Image, to: Receipt | None = None) -> Plan:
    chosen = packer_plans.to_select(target.unit, here.workspace.receipt, image)
    shared = packer_plans.to_share(target.unit, image, here.declared.shared) if here.owns else ()
    source = _source_of(here, image)
    outputs = to.outputs if to else packer_plans.outputs(image, here.region, here.digest, source)
    saved = Saved(Does.SELECT, image.name, image=image.id, outputs=outputs)
    return here.plan(target, inputs_digest, (*chosen, *shared), saved, image)


def _to_remove(here: _Here, failed: Target) -> Plan:
    """The end of what `failed` built; nothing elsewhere, where an image is only chosen."""
    receipt = here.workspace.receipt
    images, name = here.images(), here.name
    found = images.identified(receipt.outputs["ami_id"]) if receipt else images.named(name, here.declared.owner)
    digest = Inputs(values=here.workspace.unit.inputs).digest
    needed = _needed(here, images, found) if found and here.owns else ""
    if found is None or needed or not here.owns:
        told = [f"{found.name} ({found.id}) stays: {needed}"] if found and needed else []
        return here.plan(
            failed, digest, (), Saved(Does.KEEP, name), images.named(name, here.declared.owner), warnings=told
        )
    saved = Saved(Does.REMOVE, found.name, image=found.id)
    return here.plan(failed, digest, (packer_plans.to_remove(failed.unit, found),), saved, found)


def _needed(here: _Here, images: Images, image: Image) -> str:
    """Who may still want an image, in words; empty when nobody does."""
    if image.accounts:
        return f"it is shared with {', '.join(sorted(image.accounts))}"
    selected = [r.target.environment for r in here.workspace.elsewhere() if r.outputs.get("ami_id") == image.id]
    if selected:
        return f"it is selected in {', '.join(sorted({*selected}))}"
    return "an instance or a launch template is of it" if images.used([image.id]) else ""


def _refuse_in_use(here: _Here, half_made: Image) -> None:
    if needed := _needed(here, here.images(), half_made):
        told = (
            f"image {half_made.name} ({half_made.id}) lacks the tag {DIGEST} that a finished build sets, yet {needed}"
        )
        raise Refused(f"{told}; set the tag to {here.digest} if it is whole, or deregister it, then promote again")


def _not_there(here: _Here, target: Target) -> str:
    owner, account = here.declared.owner, here.workspace.environment.account
    told = f"account {owner} has no image {here.name} that account {account} may use"
    return f"{target}: {told}: promote the release to the environment of {owner} first, and share it with {account}"


def _accepted(image: Image | None, saved: Saved) -> Image:
    """The image that the manifest names, if it is what was to be built."""
    if image is None or image.state != "available":
        raise Refused(f"packer built {saved.name}, but the image is {image.state if image else 'not there'}")
    if image.name != saved.name or not is_whole(image, saved.digest):
        told = "the template must name and tag it with its variables name and tags"
        raise Refused(
            f"packer built {image.name} ({image.id}) where {saved.name} was wanted, or did not tag it: {told}"
        )
    return image


def _source_of(here: _Here, image: Image) -> str:
    """What an image was made from, as the receipts remember it; "" when none does."""
    receipts = [*filter(None, [here.workspace.receipt]), *here.workspace.elsewhere()]
    known = (r.outputs.get("source_ami") for r in receipts if r.outputs.get("ami_id") == image.id)
    return str(next(filter(None, known), ""))


def _variables_file(here: _Here, target: Target) -> Path:
    """The values of the template's variables, in a file whose name tells Packer that it is JSON."""
    tags = {
        "Project": "flowmart",
        "Unit": target.unit,
        "ManagedBy": "packer",
        "Release": target.release,
        DIGEST: here.digest,
    }
    supplied = {"name": here.name, "region": here.region, "accounts": sorted(here.declared.shared), "tags": tags}
    file = here.folder / "variables.pkrvars.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({**here.declared.variables, **supplied}, indent=1))
    return file


def _retire(here: _Here, images: Images, newest: Image) -> None:
    """Deregister old images of the family. The build stands even if this fails: the next one will try again."""
    receipts = [*filter(None, [here.workspace.receipt]), *here.workspace.elsewhere()]
    selected = {newest.id, *(str(receipt.outputs.get("ami_id")) for receipt in receipts)}
    try:
        family = images.family(here.family)
        used = selected | images.used([image.id for image in family])
        for image in to_retire(family, here.declared.kept, used, datetime.now(UTC)):
            images.remove(image)
            log.info("retired", image=image.id, name=image.name)
    except FlowmartError as error:
        log.warning("old images stay", family=here.family, why=str(error))
