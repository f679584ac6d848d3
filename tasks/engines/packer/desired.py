"""The image that one unit wants in one environment: its identity and name, and plans for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.domain.plan import Change, Plan, Reversibility
from tasks.domain.release import Target
from tasks.engines import kubernetes_plans
from tasks.engines.base import Workspace
from tasks.engines.packer import plans, regions, sources
from tasks.engines.packer.images import DIGEST, Image, Images
from tasks.engines.packer.leftovers import Leftovers
from tasks.engines.packer.options import PackerOptions
from tasks.engines.packer.plans import Declared, Does, Saved


class Wanted:
    """The image that a unit wants in one environment.

    Attributes:
        workspace: the unit, its environment and credentials.
        declared: the unit's inputs.
        region: the environment's region.
        family: the tags that all images of the unit have.
        only: the pattern of the image to build; empty for all.
        digest: the digest of everything that goes into the image.
        copies: the other regions that the image is copied to.
        name: the image's name, which contains the digest.
    """

    def __init__(self, workspace: Workspace, values: Mapping[str, Any] | None = None) -> None:
        self.workspace = workspace
        self.declared: Declared = plans.declared(
            workspace.unit.name, workspace.unit.inputs if values is None else values
        )
        self.region = workspace.environment.region
        self.owns = workspace.environment.account == self.declared.owner
        """Whether this account builds the images and maintains their copies."""
        self.family = {"Platform": workspace.platform, "Unit": workspace.unit.name}
        self.only = workspace.options(PackerOptions).only
        self.digest = sources.identity(
            workspace.infrastructure, workspace.unit.source, self.declared.variables, self.only
        )
        self.copies = self._copies()
        self.name = f"{workspace.platform}-{Path(workspace.unit.source).name}-{self.digest[:12]}"

    def images(self, *, writing: bool = False, region: str = "") -> Images:
        """Return access to the images that this account sees in the environment's region, or in another region."""
        variables = self.workspace.writing if writing else self.workspace.reading
        elsewhere = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
        return Images({**variables(), **elsewhere}, self.workspace.environment.account)

    def _copies(self) -> tuple[str, ...]:
        """Return the other regions that the image is copied to; none if another account owns it."""
        if not self.owns:
            return ()
        found = regions.copied_to(self.workspace.folder, self.only, self.declared.variables)
        return tuple(sorted(found - {self.region}))

    def leftovers(self, *, writing: bool = False) -> Leftovers:
        """Return access to what builds of this unit left behind."""
        variables = self.workspace.writing if writing else self.workspace.reading
        return Leftovers(variables(), {**self.family, "ManagedBy": "packer"})

    def seen(self, images: Images, saved: Saved) -> Image | None:
        """Return the image that a plan is about, as it is now; None if it does not exist."""
        return images.identified(saved.image) if saved.image else images.named(saved.name, self.declared.owner)

    @property
    def folder(self) -> Path:
        """The folder for the unit's files of variables and plans: beside the release's files, not among them."""
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
        copies: Sequence[Any] = (),
        warnings: Iterable[str] = (),
    ) -> Plan:
        """Return a plan about `image` as it is now. Selecting an image is reversible, removing one is not.

        Args:
            target: the release, environment and unit.
            inputs_digest: the digest of the inputs that it is made with.
            changes: what the apply changes.
            saved: the operation; None for a plan that only reports.
            image: the image that the plan depends on.
            copies: the basis of its copies.
            warnings: what approvers should know.
        """
        told = tuple(warnings)
        removes = saved is not None and saved.does is Does.REMOVE
        return Plan(
            target=target,
            engine="packer",
            changes=changes,
            unit_digest=self.workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=plans.basis(image, self.workspace.receipt, copies),
            artifact=plans.save(saved, self.folder) if saved else None,
            text=kubernetes_plans.text(changes, told),
            reversibility=Reversibility.IRREVERSIBLE if removes else Reversibility.REVERSIBLE,
            outputs=saved.outputs if saved and saved.does is Does.SELECT else None,
            warnings=told,
        )


def source_of(wanted: Wanted, image: Image) -> str:
    """Return the id of the image's source, as recorded in receipts; "" if no receipt has it."""
    receipts = [*filter(None, [wanted.workspace.receipt]), *wanted.workspace.elsewhere()]
    known = (r.outputs.get("source_ami") for r in receipts if r.outputs.get("ami_id") == image.id)
    return str(next(filter(None, known), ""))


def variables_file(wanted: Wanted, target: Target) -> Path:
    """Write the values of the template's variables to a file. Its suffix makes Packer read it as JSON."""
    tags = {
        "Project": wanted.workspace.platform,
        **wanted.family,
        "ManagedBy": "packer",
        "Release": target.release,
        DIGEST: wanted.digest,
    }
    supplied = {
        "name": wanted.name,
        "region": wanted.region,
        "accounts": sorted(wanted.declared.shared),
        "tags": tags,
    }
    file = wanted.folder / "variables.pkrvars.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({**wanted.declared.variables, **supplied}, indent=1))
    return file
