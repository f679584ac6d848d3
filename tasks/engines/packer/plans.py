"""What a unit of images declares, and what its plans keep for their apply.

The file of a plan says what is to be done with which image, and names the file of variables by its digest: what is
built is what was planned, and nothing else.
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
"""The choice of an image that is there; nothing is made or changed by it."""

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
        """`keep` for those who decide about it."""
        return Keep(self.keep.count, self.keep.days)

    @property
    def shared(self) -> frozenset[str]:
        """The accounts that it is shared with: sharing with the owner is not a thing."""
        return frozenset(self.accounts) - {self.owner}


def declared(unit: str, values: Mapping[str, Any]) -> Declared:
    """Parse the inputs of a unit; `InvalidInput` names each key that is wrong."""
    try:
        return Declared.model_validate(dict(values))
    except ValidationError as error:
        wrong = (f"inputs.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{unit}: {'; '.join(wrong)}") from error


class Does(StrEnum):
    """What applying a plan does."""

    BUILD = "build"
    SELECT = "select"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True)
class Saved:
    """What is to be done: `build` the image of this name, or `select` the one of this id and share it.

    `half_made` is the id of what an interrupted build left under the name; it goes first, with all of its copies.
    `variables` is a file.
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
    """Write it into `folder`, readable for its owner only."""
    return sealed.save(asdict(saved), folder / f"{saved.does}.plan.json")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when its file, or that of the variables, is not what was planned."""
    kept = sealed.content(plan)
    saved = Saved(**{**kept, "does": Does(kept["does"])})
    if saved.variables and sealed.sha256(Path(saved.variables)) != saved.variables_sha256:
        raise StalePlan(f"{plan.target}: the variables in {saved.variables} are not those planned; plan again")
    return saved


def outputs(
    image: Image, region: str, digest: str, source: str, amis: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What units below may use. Elsewhere than at its owner's, tags and copies (`amis`, by region) are not known."""
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
    """A new image: the first one of a unit, or one in place of another, which stays."""
    before = _selected(receipt)
    action = Action.UPDATE if before else Action.CREATE
    return Change(f"{KIND}.{unit}", KIND, action, before, {"ami_id": UNKNOWN, **after})


def to_select(unit: str, receipt: Receipt | None, image: Image) -> tuple[Change, ...]:
    """The choice of an image that is there; nothing where it is chosen already."""
    before, after = _selected(receipt), {"ami_id": image.id, "ami_name": image.name}
    if before == after:
        return ()
    action = Action.UPDATE if before else Action.CREATE
    return (Change(f"{SELECTED}.{unit}", SELECTED, action, before, after),)


def to_share(unit: str, image: Image, accounts: Collection[str]) -> tuple[Change, ...]:
    """Who may use the image, where that is not as declared."""
    if image.accounts == frozenset(accounts):
        return ()
    before, after = {"accounts": sorted(image.accounts)}, {"accounts": sorted(accounts)}
    return (Change(f"{KIND}.{unit}", KIND, Action.UPDATE, {"id": image.id, **before}, {"id": image.id, **after}),)


def to_remove(unit: str, image: Image) -> Change:
    """The end of an image, or of a copy, and its snapshots."""
    about = {"id": image.id, "name": image.name, "snapshots": list(image.snapshots)}
    return Change(f"{KIND}.{unit}", KIND, Action.DELETE, about, None)


def drifted(
    unit: str, receipt: Receipt, image: Image | None, accounts: Collection[str] | None, identity: str = ""
) -> tuple[Change, ...]:
    """What differs from the receipt.

    Args:
        unit: what the change is of.
        receipt: what was applied.
        image: as it is now; None where it is gone.
        accounts: with whom it should be shared; None where only its owner knows.
        identity: its id, of a copy in another region; else the receipt says it.
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
    """Changes when the image or one of its copies does, or when another one is selected meanwhile."""
    return digest_of([seen(image), _selected(receipt), *copies])


def seen(image: Image | None) -> list[Any] | None:
    """What of an image a plan is about."""
    return [image.id, image.state, sorted(image.accounts), image.tags.get(DIGEST)] if image else None


def _selected(receipt: Receipt | None) -> dict[str, Any] | None:
    return {name: receipt.outputs.get(name) for name in ("ami_id", "ami_name")} if receipt else None
