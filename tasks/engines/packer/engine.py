"""The Packer engine: an image is built once and is the same in every environment.

One account owns a unit's images. In an environment of the owner, a release builds the image if it does not exist.
Every other environment selects that same image, which the owner shares. An image is identified by the files and
variables that determine its content. Its name is derived from them, and the engine finds the image by it. A rollback
selects the earlier image; an image in use is not removed.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines import sealed
from tasks.engines.base import Engine, Workspace
from tasks.engines.packer import building, copies, plans, selection, sources
from tasks.engines.packer.builds import Builder, described, is_whole, remove_half_made, source_in_manifest
from tasks.engines.packer.copies import Copy
from tasks.engines.packer.desired import Wanted, variables_file
from tasks.engines.packer.images import DIGEST, Image, Images
from tasks.engines.packer.options import PackerOptions
from tasks.engines.packer.plans import Does, Saved
from tasks.engines.packer.retirement import needed_by, retire
from tasks.engines.packer.sources import interface, reads
from tasks.engines.packer.validators import VALIDATORS

log = structlog.get_logger("flowmart.packer")


class Packer:
    """The engine for units whose source is a template of Packer's."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def validate(self) -> None:
        """Check the inputs; if this account builds the image, let Packer check the template's syntax."""
        wanted = Wanted(self.workspace)
        sources.refuse_wrong(wanted.workspace.folder, wanted.declared.variables, self.workspace.unit.name)
        building.refuse_several(wanted.workspace.folder, wanted.only)
        building.refuse_without_manifest(wanted.workspace.folder)
        if wanted.owns:
            Builder(self.workspace.executable, wanted.workspace).check(None)

    def plan(self, inputs: Inputs) -> Plan:
        """Plan to select the image if it exists and is finished; otherwise plan to build it, if this account owns it.

        Raises:
            Refused: another account owns the image and it does not exist; a copy is missing; or a half-made image is
                in use.
            Unanswered: the image or a copy is pending, or AWS does not respond.
            InvalidInput: an input or the template is wrong.
        """
        wanted, target = Wanted(self.workspace, inputs.values), self.workspace.target
        sources.refuse_wrong(wanted.workspace.folder, wanted.declared.variables, target.unit)
        building.refuse_several(wanted.workspace.folder, wanted.only)
        building.refuse_without_manifest(wanted.workspace.folder)
        found, there = wanted.images().named(wanted.name, wanted.declared.owner), copies.named(wanted, wanted.name)
        if found is not None and _is_usable(wanted, found):
            copies.refuse_missing(wanted.name, found.id, wanted.region, there)
            if all(copy.is_whole(wanted.digest) for copy in there):
                return selection.to_select(wanted, target, inputs.digest, found, there)
        if not wanted.owns:
            raise Refused(_not_there(wanted, target))
        return self._to_build(wanted, target, inputs.digest, found, there)

    def apply(self, plan: Plan) -> Applied:
        """Build, select or remove the planned image.

        Raises:
            StalePlan: the image, a copy or the variables are not as they were when the plan was made.
        """
        saved, wanted = plans.load(plan), Wanted(self.workspace)
        try:
            images = wanted.images(writing=True)
            found, there = wanted.seen(images, saved), copies.named(wanted, saved.name, writing=True)
            if plans.basis(found, wanted.workspace.receipt, copies.basis(there)) != plan.basis:
                raise StalePlan(f"{plan.target}: image {saved.name} changed since it was planned; plan again")
            if saved.does is Does.BUILD:
                return self._built(wanted, images, saved, there)
            return selection.carry_out(wanted, images, saved, found, there)
        except StalePlan:
            raise
        except Unanswered as error:
            return Applied.unanswered(error)
        except Refused as error:
            return Applied(Outcome.FAILED, detail=str(error))

    def verify(self) -> Verification:
        """Check that the image is available to this account, and so are its copies."""
        wanted = Wanted(self.workspace)
        receipt, images = wanted.workspace.receipt, wanted.images()
        if receipt is not None and receipt.target.release == self.workspace.target.release:
            found = images.identified(receipt.outputs["ami_id"])
        else:
            found = images.named(wanted.name, wanted.declared.owner)
        missing = [c for c in copies.named(wanted, wanted.name) if c.image is None or c.image.state != "available"]
        good = found is not None and found.state == "available" and not missing
        return Verification(Outcome.SUCCEEDED if good else Outcome.FAILED)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan to select the receipt's image again; without a receipt, plan to remove the image unless it is needed.

        Returns:
            The plan; None for a baseline.

        Raises:
            Refused: the receipt's image is not available any more.
        """
        if to is None:
            return selection.to_remove(Wanted(self.workspace), self.workspace.target)
        if isinstance(to, Baseline):
            return None
        wanted = Wanted(self.workspace)
        image, name = to.outputs["ami_id"], to.outputs["ami_name"]
        found = wanted.images().identified(image)
        if found is None or found.state != "available":
            told = "it was deregistered, or is not shared with this account any more" if not found else found.state
            raise Refused(f"{to.target}: its image {name} ({image}) cannot be selected again: {told}")
        return selection.to_select(wanted, to.target, to.inputs_digest, found, copies.named(wanted, name), to)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Check that the image still exists and is available; for its owner, also its tags and sharing."""
        wanted = Wanted(self.workspace)
        found = wanted.images().identified(receipt.outputs["ami_id"])
        accounts = wanted.declared.shared if wanted.owns else None
        changes = plans.drifted(receipt.target.unit, receipt, found, accounts) + copies.drifted(wanted, receipt)
        return wanted.plan(receipt.target, receipt.inputs_digest, changes)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return the differences right after a good apply."""
        return self.detect_drift(receipt).changes

    def observe(self, plan: Plan) -> Observation:
        """Find out whether the image exists and is finished, or is selected or removed as planned.

        Raises:
            Unanswered: the image is pending: AWS is still working on it.
        """
        saved, wanted = plans.load(plan), Wanted(self.workspace)
        images = wanted.images()
        found, there = wanted.seen(images, saved), copies.named(wanted, saved.name)
        if saved.does is Does.REMOVE:
            return selection.removal(images, plan, found)
        if saved.does is not Does.BUILD:
            shared = found is None or not wanted.owns or found.accounts == wanted.declared.shared
            shared = shared and not copies.to_share(plan.target.unit, there, wanted.declared.shared)
            progress = Progress.DONE if shared or saved.does is Does.KEEP else Progress.UNCHANGED
            return Observation(progress, saved.outputs if progress is Progress.DONE else {})
        return self._build_observed(wanted, plan, saved, found, there)

    def adopt(self) -> Baseline | None:
        """Return the available image of the same content; None if there is none. It is selected, not built again."""
        wanted = Wanted(self.workspace)
        found = wanted.images().named(wanted.name, wanted.declared.owner)
        usable = found is not None and found.state == "available"
        return Baseline(f"existing image {found.name} ({found.id})") if found and usable else None

    def _build_observed(
        self, wanted: Wanted, plan: Plan, saved: Saved, found: Image | None, there: tuple[Copy, ...]
    ) -> Observation:
        pending = [each for each in (found, *(copy.image for copy in there)) if each and each.state == "pending"]
        if pending:
            raise Unanswered(f"image {pending[0].name} ({pending[0].id}) is still pending")
        whole = all(copy.is_whole(saved.digest) for copy in there)
        if found is not None and found.id != saved.half_made and is_whole(found, saved.digest) and whole:
            source, amis = source_in_manifest(wanted.workspace, found), copies.ids((wanted.region, found.id), there)
            outputs = plans.outputs(found, wanted.region, saved.digest, source, amis)
            return Observation(Progress.DONE, outputs)
        left = "; ".join(described(wanted.leftovers()))
        if plans.basis(found, self.workspace.receipt, copies.basis(there)) == plan.basis:
            return Observation(Progress.UNCHANGED, detail=left)
        detail = f"image {found.name} ({found.id}) is half made" if found else f"image {saved.name} was removed"
        return Observation(Progress.PARTIAL, detail="; ".join(filter(None, [detail, left])))

    def _to_build(
        self, wanted: Wanted, target: Target, inputs_digest: str, found: Image | None, there: tuple[Copy, ...]
    ) -> Plan:
        variables = variables_file(wanted, target)
        Builder(self.workspace.executable, wanted.workspace).check(variables)
        half_made, warnings = "", [*described(wanted.leftovers())]
        if found is not None:
            _refuse_in_use(wanted, found)
            half_made = found.id
            warnings.append(f"{found.name} ({found.id}) was left by a build that did not end: it is removed first")
        if needed := copies.needed(wanted, there):
            raise Refused(f"image {wanted.name} is half made, yet {needed}; deregister it, then promote again")
        left = [f"{c.image.name} ({c.image.id} in {c.region})" for c in there if c.image]
        warnings += [f"{each} was left by a build that did not end: it is removed first" for each in left]
        after = {"ami_name": wanted.name, "accounts": sorted(wanted.declared.shared), **wanted.declared.variables}
        change = plans.to_build(target.unit, wanted.workspace.receipt, after)
        saved = Saved(
            Does.BUILD,
            wanted.name,
            wanted.digest,
            half_made=half_made,
            variables=str(variables),
            variables_sha256=sealed.sha256(variables),
        )
        asked = copies.basis(there)
        return wanted.plan(target, inputs_digest, (change,), saved, found, copies=asked, warnings=warnings)

    def _built(self, wanted: Wanted, images: Images, saved: Saved, there: tuple[Copy, ...]) -> Applied:
        """Build the image and check it. Leftovers of earlier builds, and a half-made image, are removed first.

        If the build is unanswered nothing is removed, because it may still be running.
        """
        wanted.leftovers(writing=True).remove()
        if saved.half_made and (half_made := images.identified(saved.half_made)):
            images.remove(half_made)
        copies.remove(there)
        try:
            built = Builder(self.workspace.executable, wanted.workspace).build(Path(saved.variables))
            image = _accepted(images.identified(built.images[wanted.region]), saved)
            there = copies.made(wanted, built.images)
            for copy in there:
                _accepted(copy.image, saved)
        except Unanswered as error:
            left = "".join(f"\n{line}" for line in described(wanted.leftovers()))
            return Applied.unanswered(error, f"{error}{left}")
        except Refused as error:
            places = (images, *(copy.images for copy in there))
            detail = "".join(remove_half_made(each, saved.name, wanted.declared.owner) for each in places)
            return Applied(Outcome.FAILED, detail=f"{error}{detail}")
        amis = copies.ids((wanted.region, image.id), there)
        log.info("built", image=image.id, name=image.name, regions=sorted(amis))
        retire(wanted, images, image, wanted.region)
        for copy in there:
            if copy.image is not None:
                retire(wanted, copy.images, copy.image, copy.region)
        return Applied(Outcome.SUCCEEDED, plans.outputs(image, wanted.region, saved.digest, built.source, amis))


def _is_usable(wanted: Wanted, image: Image) -> bool:
    """Tell whether this is the finished image. Of another account's image only the state is visible."""
    if image.state == "pending":
        raise Unanswered(f"image {image.name} ({image.id}) is pending: somebody builds it, or did until just now")
    return image.state == "available" and (not wanted.owns or is_whole(image, wanted.digest))


def _refuse_in_use(wanted: Wanted, half_made: Image) -> None:
    if needed := needed_by(wanted, wanted.images(), half_made):
        told = (
            f"image {half_made.name} ({half_made.id}) lacks the tag {DIGEST} that a finished build sets, yet {needed}"
        )
        raise Refused(f"{told}; set the tag to {wanted.digest} if it is whole, or deregister it, then promote again")


def _not_there(wanted: Wanted, target: Target) -> str:
    owner, account = wanted.declared.owner, wanted.workspace.environment.account
    told = f"account {owner} has no image {wanted.name} that account {account} may use"
    return f"{target}: {told}: promote the release to the environment of {owner} first, and share it with {account}"


def _accepted(image: Image | None, saved: Saved) -> Image:
    """Return the image that the manifest names; reject it if it is not what was to be built."""
    if image is None or image.state != "available":
        raise Refused(f"packer built {saved.name}, but the image is {image.state if image else 'not there'}")
    if image.name != saved.name or not is_whole(image, saved.digest):
        told = "the template must name and tag it with its variables name and tags"
        raise Refused(
            f"packer built {image.name} ({image.id}) where {saved.name} was wanted, or did not tag it: {told}"
        )
    return image


ENGINE = Engine(
    name="packer",
    make=Packer,
    reads=reads,
    interface=interface,
    options=PackerOptions,
    shares_source=True,
    validators=VALIDATORS,
    needs_aws=lambda _, __: True,
    executable="packer",
    usual_seconds=300.0,
)
