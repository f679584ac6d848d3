"""Parse what a unit of images declares, and keep what its plans need for their apply.

A plan's file says what to do with which image, and contains the digest of the file of variables. So exactly what was
planned is built.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tasks.domain.errors import InvalidInput, StalePlan
from tasks.domain.plan import Action, Artifact, Change, Plan
from tasks.domain.release import Receipt
from tasks.domain.values import UNKNOWN, digest_of
from tasks.engines import sealed
from tasks.engines.packer.images import DIGEST, Image, Keep

KIND = "aws_ami"
SELECTED = "aws_ami_selection"
"""The selection of an existing image; it creates or changes nothing."""

Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]


class Retention(BaseModel):
    """Which images of a family stay: the newest `count`, and whatever is younger than `days`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=1)] = 5
    days: Annotated[int, Field(ge=0)] = 90


class Declared(BaseModel):
    """The inputs of a unit. `accounts` may use the image besides its owner, the account that builds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Account
    accounts: tuple[Account, ...] = ()
    variables: dict[str, Any] = Field(default_factory=dict)
    keep: Retention = Retention()

    @property
    def kept(self) -> Keep:
        """`keep` in the form that the code for retirement takes."""
        return Keep(self.keep.count, self.keep.days)

    @property
    def shared(self) -> frozenset[str]:
        """The accounts that the image is shared with, without the owner itself."""
        return frozenset(self.accounts) - {self.owner}


def declared(unit: str, values: Mapping[str, Any]) -> Declared:
    """Parse the inputs of a unit.

    Raises:
        InvalidInput: an input is wrong; the message names each wrong key.
    """
    try:
        return Declared.model_validate(dict(values))
    except ValidationError as error:
        wrong = (f"inputs.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{unit}: {'; '.join(wrong)}") from error


class Does(StrEnum):
    """The operation of a plan's apply."""

    BUILD = "build"
    SELECT = "select"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True)
class Saved:
    """The operation of a plan's apply, and its image.

    Attributes:
        does: the operation.
        name: the image's name.
        digest: for a build, the digest of everything that goes into the image.
        image: the image's id, to select or remove it.
        half_made: the id of an image that an interrupted build left under the name; removed first, with its copies.
        outputs: the unit's outputs, if an image is selected.
        variables: for a build, the path of the file of variables.
        variables_sha256: the digest of that file.
    """

    does: Does
    name: str
    digest: str = ""
    image: str = ""
    half_made: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    variables: str = ""
    variables_sha256: str = ""


def save(saved: Saved, folder: Path) -> Artifact:
    """Write the operation into `folder`, readable only by its owner."""
    return sealed.save(asdict(saved), folder / f"{saved.does}.plan.json")


def load(plan: Plan) -> Saved:
    """Return what `plan` saved.

    Raises:
        StalePlan: the plan's file, or the file of variables, is not what was planned.
    """
    kept = sealed.content(plan)
    saved = Saved(**{**kept, "does": Does(kept["does"])})
    if saved.variables and sealed.sha256(Path(saved.variables)) != saved.variables_sha256:
        raise StalePlan(f"{plan.target}: the variables in {saved.variables} are not those planned; plan again")
    return saved


def outputs(
    image: Image, region: str, digest: str, source: str, amis: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the unit's outputs. Tags and copies (`amis`, region -> id) are known only to the owner."""
    return {
        "ami_id": image.id,
        "ami_name": image.name,
        "region": region,
        "owner": image.owner,
        "source_ami": source,
        "digest": digest,
        "tags": dict(sorted(image.tags.items())),
        "amis": {region: image.id, **(amis or {})},
    }


def to_build(unit: str, receipt: Receipt | None, after: Mapping[str, Any]) -> Change:
    """Return the change for a new image: the first of a unit, or one that replaces another, which is kept."""
    before = _selected(receipt)
    action = Action.UPDATE if before else Action.CREATE
    return Change(f"{KIND}.{unit}", KIND, action, before, {"ami_id": UNKNOWN, **after})


def to_select(unit: str, receipt: Receipt | None, image: Image) -> tuple[Change, ...]:
    """Return the change that selects an existing image; empty if it is already selected."""
    before, after = _selected(receipt), {"ami_id": image.id, "ami_name": image.name}
    if before == after:
        return ()
    action = Action.UPDATE if before else Action.CREATE
    return (Change(f"{SELECTED}.{unit}", SELECTED, action, before, after),)


def to_share(unit: str, image: Image, accounts: Collection[str]) -> tuple[Change, ...]:
    """Return the change of the accounts that may use the image; empty if they are as declared."""
    if image.accounts == frozenset(accounts):
        return ()
    before, after = {"accounts": sorted(image.accounts)}, {"accounts": sorted(accounts)}
    return (Change(f"{KIND}.{unit}", KIND, Action.UPDATE, {"id": image.id, **before}, {"id": image.id, **after}),)


def to_remove(unit: str, image: Image) -> Change:
    """Return the change that removes an image or a copy, with its snapshots."""
    about = {"id": image.id, "name": image.name, "snapshots": list(image.snapshots)}
    return Change(f"{KIND}.{unit}", KIND, Action.DELETE, about, None)


def drifted(
    unit: str, receipt: Receipt, image: Image | None, accounts: Collection[str] | None, identity: str = ""
) -> tuple[Change, ...]:
    """Return what differs from the receipt.

    Args:
        unit: the name for the change's address.
        receipt: what was applied.
        image: as it is now; None if it does not exist.
        accounts: the accounts that it should be shared with; None if only its owner can see them.
        identity: the id of a copy in another region; empty for the receipt's image.
    """
    identity = identity or receipt.outputs["ami_id"]
    was: dict[str, Any] = {"id": identity, "name": receipt.outputs["ami_name"], "state": "available"}
    if image is None:
        return (Change(f"{KIND}.{unit}", KIND, Action.DELETE, was, None),)
    found: dict[str, Any] = {"id": image.id, "name": image.name, "state": image.state}
    if accounts is not None:
        was |= {"accounts": sorted(accounts), "tags": receipt.outputs.get("tags", {})}
        found |= {"accounts": sorted(image.accounts), "tags": dict(sorted(image.tags.items()))}
    return (Change(f"{KIND}.{unit}", KIND, Action.UPDATE, was, found),) if was != found else ()


def basis(image: Image | None, receipt: Receipt | None, copies: Sequence[Any] = ()) -> str:
    """Return a digest that changes when the image, one of its copies or the selected image changes."""
    return digest_of([seen(image), _selected(receipt), *copies])


def seen(image: Image | None) -> list[Any] | None:
    """Return the attributes of an image that plans depend on; None without an image."""
    return [image.id, image.state, sorted(image.accounts), image.tags.get(DIGEST)] if image else None


def _selected(receipt: Receipt | None) -> dict[str, Any] | None:
    return {name: receipt.outputs.get(name) for name in ("ami_id", "ami_name")} if receipt else None
