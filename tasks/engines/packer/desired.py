"""One unit in one environment, with the image that it wants: its identity and name, and the plans about it."""

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
    """The image that a unit asks for in one environment."""

    def __init__(self, workspace: Workspace, values: Mapping[str, Any] | None = None) -> None:
        self.workspace = workspace
        self.declared: Declared = plans.declared(
            workspace.unit.name, workspace.unit.inputs if values is None else values
        )
        self.region = workspace.environment.region
        self.owns = workspace.environment.account == self.declared.owner
        """Whether this account builds the images and looks after their copies."""
        self.family = {"Platform": workspace.platform, "Unit": workspace.unit.name}
        self.only = workspace.options(PackerOptions).only
        self.digest = sources.identity(
            workspace.infrastructure, workspace.unit.source, self.declared.variables, self.only
        )
        self.copies = self._copies()
        self.name = f"{workspace.platform}-{Path(workspace.unit.source).name}-{self.digest[:12]}"

    def images(self, *, writing: bool = False, region: str = "") -> Images:
        """The images that this account sees in the environment's region, or in another one."""
        variables = self.workspace.writing if writing else self.workspace.reading
        elsewhere = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
        return Images({**variables(), **elsewhere}, self.workspace.environment.account)

    def _copies(self) -> tuple[str, ...]:
        """The other regions that the image is copied to, where it is ours."""
        if not self.owns:
            return ()
        found = regions.copied_to(self.workspace.folder, self.only, self.declared.variables)
        return tuple(sorted(found - {self.region}))

    def leftovers(self, *, writing: bool = False) -> Leftovers:
        """What builds of this unit left behind."""
        variables = self.workspace.writing if writing else self.workspace.reading
        return Leftovers(variables(), {**self.family, "ManagedBy": "packer"})

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
        copies: Sequence[Any] = (),
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
            basis=plans.basis(image, self.workspace.receipt, copies),
            artifact=plans.save(saved, self.folder) if saved else None,
            text=kubernetes_plans.text(changes, told),
            reversibility=Reversibility.IRREVERSIBLE if removes else Reversibility.REVERSIBLE,
            outputs=saved.outputs if saved and saved.does is Does.SELECT else None,
            warnings=told,
        )


def source_of(wanted: Wanted, image: Image) -> str:
    """What an image was made from, as the receipts remember it; "" when none does."""
    receipts = [*filter(None, [wanted.workspace.receipt]), *wanted.workspace.elsewhere()]
    known = (r.outputs.get("source_ami") for r in receipts if r.outputs.get("ami_id") == image.id)
    return str(next(filter(None, known), ""))


def variables_file(wanted: Wanted, target: Target) -> Path:
    """The values of the template's variables, in a file whose name tells Packer that it is JSON."""
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
