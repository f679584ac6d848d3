"""The copies of an image in other regions, which are images of their own: with another id, and shared for themselves.

Only the account that owns an image looks after its copies. Elsewhere the copy in the environment's own region is the
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
    """The image of one region, where it is there, and what asks about it."""

    region: str
    images: Images
    image: Image | None

    def is_whole(self, digest: str) -> bool:
        """Whether it came to its end: Packer tags last."""
        found = self.image
        return found is not None and found.state == "available" and found.tags.get(DIGEST) == digest


def named(wanted: Wanted, name: str, *, writing: bool = False) -> tuple[Copy, ...]:
    """The copies that there should be of the image of that name; none where somebody else owns it."""
    return tuple(
        Copy(region, images, images.named(name, wanted.declared.owner))
        for region, images in _asked(wanted, writing=writing)
    )


def made(wanted: Wanted, identities: Mapping[str, str]) -> tuple[Copy, ...]:
    """The copies that a build has made; AWS may not find them by their name yet.

    Args:
        identities: region -> id, as the build says.
    """
    return tuple(
        Copy(region, images, images.identified(identities[region]) if region in identities else None)
        for region, images in _asked(wanted, writing=True)
    )


def _asked(wanted: Wanted, *, writing: bool) -> Iterator[tuple[str, Images]]:
    for region in wanted.copies:
        yield region, wanted.images(writing=writing, region=region)


def ids(main: tuple[str, str], copies: tuple[Copy, ...]) -> dict[str, str]:
    """region -> id, of an image and its copies."""
    return dict([main, *((each.region, each.image.id) for each in copies if each.image)])


def refuse_missing(name: str, source: str, region: str, copies: tuple[Copy, ...]) -> None:
    """`Refused` when a finished image lacks a copy, `Unanswered` while one is made.

    Nothing but a build makes copies, and there cannot be another build of the same name.
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
    """Who may use the copies, where that is not as declared."""
    found = [plans.to_share(address(unit, c.region), c.image, accounts) for c in copies if c.image]
    return tuple(change for changes in found for change in changes)


def share(copies: tuple[Copy, ...], accounts: frozenset[str]) -> None:
    """Let exactly these accounts use each copy."""
    for each in copies:
        if each.image is not None and each.image.accounts != accounts:
            each.images.share(each.image, accounts)


def remove(copies: tuple[Copy, ...]) -> None:
    """Deregister all that are there."""
    for each in copies:
        if each.image is not None:
            each.images.remove(each.image)


def needed(wanted: Wanted, copies: tuple[Copy, ...]) -> str:
    """Who may still want one of the copies, in words; empty when nobody does."""
    found = ((each, needed_by(wanted, each.images, each.image)) for each in copies if each.image)
    return next((f"of its copy in {each.region}: {why}" for each, why in found if why), "")


def drifted(wanted: Wanted, receipt: Receipt) -> tuple[Change, ...]:
    """What differs from the receipt in other regions, where the image is ours."""
    changes: list[Change] = []
    for region, identity in recorded(receipt).items():
        if region == wanted.region or not wanted.owns:
            continue
        found = wanted.images(region=region).identified(identity)
        unit = address(receipt.target.unit, region)
        changes += plans.drifted(unit, receipt, found, wanted.declared.shared, identity)
    return tuple(changes)


def recorded(receipt: Receipt) -> Mapping[str, str]:
    """region -> id, of the image that a receipt selects and its copies."""
    found: Any = receipt.outputs.get("amis") or {}
    return {str(region): str(identity) for region, identity in found.items()}


def basis(copies: tuple[Copy, ...]) -> list[Any]:
    """Changes when one of them does."""
    return [[each.region, plans.seen(each.image)] for each in copies]


def address(unit: str, region: str) -> str:
    """What a plan calls the copy of a unit's image."""
    return f"{unit}[{region}]"
