"""The copies of an image in other regions. Each is an image of its own, with its own id, and is shared separately.

Only the account that owns an image maintains its copies. Other environments use the copy in their own region as the
image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.plan import Change
from tasks.domain.release import Receipt
from tasks.engines.packer import plans
from tasks.engines.packer.desired import Wanted
from tasks.engines.packer.images import DIGEST, Image, Images
from tasks.engines.packer.retirement import needed_by


@dataclass(frozen=True)
class Copy:
    """The image of one region.

    Attributes:
        region: the region.
        images: access to the region's images.
        image: the image; None if it does not exist.
    """

    region: str
    images: Images
    image: Image | None

    def is_whole(self, digest: str) -> bool:
        """Tell whether the copy is finished: Packer tags last."""
        found = self.image
        return found is not None and found.state == "available" and found.tags.get(DIGEST) == digest


def named(wanted: Wanted, name: str, *, writing: bool = False) -> tuple[Copy, ...]:
    """Return the copies that the image of this name should have; none if another account owns it."""
    return tuple(
        Copy(region, images, images.named(name, wanted.declared.owner))
        for region, images in _asked(wanted, writing=writing)
    )


def made(wanted: Wanted, identities: Mapping[str, str]) -> tuple[Copy, ...]:
    """Return the copies that a build made. AWS may not find them by their name yet.

    Args:
        wanted: the unit's image.
        identities: region -> id, from the build's manifest.
    """
    return tuple(
        Copy(region, images, images.identified(identities[region]) if region in identities else None)
        for region, images in _asked(wanted, writing=True)
    )


def _asked(wanted: Wanted, *, writing: bool) -> Iterator[tuple[str, Images]]:
    for region in wanted.copies:
        yield region, wanted.images(writing=writing, region=region)


def ids(main: tuple[str, str], copies: tuple[Copy, ...]) -> dict[str, str]:
    """Return region -> id for an image and its copies."""
    return dict([main, *((each.region, each.image.id) for each in copies if each.image)])


def refuse_missing(name: str, source: str, region: str, copies: tuple[Copy, ...]) -> None:
    """Check that a finished image has all of its copies.

    Only a build makes copies, and an image of the same name cannot be built twice.

    Raises:
        Refused: a copy is missing.
        Unanswered: a copy is still being made.
    """
    for each in copies:
        if each.image is not None and each.image.state == "pending":
            raise Unanswered(f"image {name} ({each.image.id}) is pending in {each.region}: it is being copied")
    missing = [each.region for each in copies if each.image is None]
    if missing:
        command = (
            f"aws ec2 copy-image --region {missing[0]} --source-region {region} --source-image-id {source} "
            f"--name {name} --copy-image-tags"
        )
        raise Refused(f"image {name} ({source}) has no copy in {', '.join(missing)}: copy it again with: {command}")


def to_share(unit: str, copies: tuple[Copy, ...], accounts: frozenset[str]) -> tuple[Change, ...]:
    """Return the changes of the accounts that may use the copies; empty if they are as declared."""
    found = [plans.to_share(address(unit, c.region), c.image, accounts) for c in copies if c.image]
    return tuple(change for changes in found for change in changes)


def share(copies: tuple[Copy, ...], accounts: frozenset[str]) -> None:
    """Let exactly these accounts use each copy."""
    for each in copies:
        if each.image is not None and each.image.accounts != accounts:
            each.images.share(each.image, accounts)


def remove(copies: tuple[Copy, ...]) -> None:
    """Deregister all copies that exist."""
    for each in copies:
        if each.image is not None:
            each.images.remove(each.image)


def needed(wanted: Wanted, copies: tuple[Copy, ...]) -> str:
    """Describe who may still need one of the copies; empty if none is needed."""
    found = ((each, needed_by(wanted, each.images, each.image)) for each in copies if each.image)
    return next((f"of its copy in {each.region}: {why}" for each, why in found if why), "")


def drifted(wanted: Wanted, receipt: Receipt) -> tuple[Change, ...]:
    """Return what differs from the receipt in other regions, if this account owns the image."""
    changes: list[Change] = []
    for region, identity in recorded(receipt).items():
        if region == wanted.region or not wanted.owns:
            continue
        found = wanted.images(region=region).identified(identity)
        unit = address(receipt.target.unit, region)
        changes += plans.drifted(unit, receipt, found, wanted.declared.shared, identity)
    return tuple(changes)


def recorded(receipt: Receipt) -> Mapping[str, str]:
    """Return region -> id for the receipt's image and its copies."""
    found: Any = receipt.outputs.get("amis") or {}
    return {str(region): str(identity) for region, identity in found.items()}


def basis(copies: tuple[Copy, ...]) -> list[Any]:
    """Return a value that changes when one of the copies does."""
    return [[each.region, plans.seen(each.image)] for each in copies]


def address(unit: str, region: str) -> str:
    """Return the address of a copy in a plan."""
    return f"{unit}[{region}]"
