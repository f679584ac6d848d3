"""Query, share and remove machine images (AMIs) through AWS's API.

An image shows its tags and the accounts that it is shared with only to its owner (AWS's documentation of shared
AMIs). So other accounts find an image by name and id alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tasks import aws

DIGEST = "Digest"
"""The tag with the digest of what went into an image. Packer tags last: an image without it is unfinished."""

_NOT_THERE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed")
_ALIVE = ["pending", "running", "stopping", "stopped", "shutting-down"]


@dataclass(frozen=True)
class Image:
    """One image. `tags` and `accounts` (which it is shared with) are empty if another account owns it."""

    id: str
    name: str
    owner: str
    state: str
    created: datetime | None
    tags: Mapping[str, str]
    snapshots: tuple[str, ...]
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Keep:
    """The number of images of a family that are kept, and the number of days that each is kept at least."""

    count: int = 5
    days: int = 90


class Images:
    """The images that one account can see, queried with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str], account: str) -> None:
        self._ec2 = aws.client_with("ec2", variables)
        self._autoscaling = aws.client_with("autoscaling", variables)
        self._account = account

    def named(self, name: str, owner: str) -> Image | None:
        """Return the image with this name and owner; None if there is none that we can see."""
        found = self._described(f"find image {name}", Owners=[owner], Filters=[{"Name": "name", "Values": [name]}])
        return found[0] if found else None

    def identified(self, identity: str) -> Image | None:
        """Return the image with this id; None if it does not exist or we cannot see it any more."""
        found = self._described(f"look at image {identity}", ImageIds=[identity])
        return found[0] if found else None

    def family(self, tags: Mapping[str, str]) -> tuple[Image, ...]:
        """Return our own images that have all of these tags."""
        asked = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        return self._described(f"list images tagged {tags}", Owners=[self._account], Filters=asked)

    def used(self, identities: Collection[str]) -> frozenset[str]:
        """Return those of the images that are in use in this account.

        Instances, launch templates in all their versions, and launch configurations use images. An auto scaling group
        uses one of the last two.
        """
        with aws.asking("find out which images are in use"):
            known = {*self._of_instances(identities), *self._of_templates(), *self._of_configurations()}
            return frozenset(identities) & known

    def snapshots(self, identities: Collection[str]) -> tuple[str, ...]:
        """Return those of the snapshots that still exist."""
        asked = [{"Name": "snapshot-id", "Values": sorted(identities)}]
        with aws.asking("look for snapshots"):
            found = self._ec2.describe_snapshots(Filters=asked)["Snapshots"] if identities else []
            return tuple(each["SnapshotId"] for each in found)

    def share(self, image: Image, accounts: Collection[str]) -> None:
        """Let exactly these accounts use the image and read its snapshots."""
        add, remove = sorted({*accounts} - image.accounts), sorted(image.accounts - {*accounts})
        change = {"Add": [{"UserId": a} for a in add], "Remove": [{"UserId": a} for a in remove]}
        with aws.asking(f"share image {image.name} ({image.id})"):
            self._ec2.modify_image_attribute(ImageId=image.id, LaunchPermission=change)
            for snapshot in image.snapshots:
                self._ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=change)

    def remove(self, image: Image) -> None:
        """Deregister the image and delete its snapshots. This cannot be undone."""
        with aws.asking(f"deregister image {image.name} ({image.id})"):
            self._ec2.deregister_image(ImageId=image.id)
            for snapshot in image.snapshots:
                self._ec2.delete_snapshot(SnapshotId=snapshot)

    def _described(self, what: str, **asked: Any) -> tuple[Image, ...]:
        with aws.asking(what):
            try:
                found = self._ec2.describe_images(**asked)["Images"]
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_THERE:
                    return ()
                raise
            return tuple(self._image(each) for each in found)

    def _image(self, found: Mapping[str, Any]) -> Image:
        ours = found["OwnerId"] == self._account
        mappings = found.get("BlockDeviceMappings", [])
        return Image(
            id=found["ImageId"],
            name=found.get("Name", ""),
            owner=found["OwnerId"],
            state=found["State"],
            created=_time(found.get("CreationDate")),
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])} if ours else {},
            snapshots=tuple(m["Ebs"]["SnapshotId"] for m in mappings if m.get("Ebs", {}).get("SnapshotId")),
            accounts=self._shared_with(found["ImageId"]) if ours else frozenset(),
        )

    def _shared_with(self, identity: str) -> frozenset[str]:
        found = self._ec2.describe_image_attribute(ImageId=identity, Attribute="launchPermission")
        return frozenset(p.get("UserId") or p.get("Group", "") for p in found.get("LaunchPermissions", []))

    def _of_instances(self, identities: Collection[str]) -> Iterable[str]:
        asked = [
            {"Name": "image-id", "Values": sorted(identities)},
            {"Name": "instance-state-name", "Values": _ALIVE},
        ]
        pages = self._ec2.get_paginator("describe_instances").paginate(Filters=asked)
        return [i["ImageId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]

    def _of_templates(self) -> Iterable[str]:
        """Yield the images of all versions of launch templates: a group may be pinned to an old version."""
        pages = self._ec2.get_paginator("describe_launch_templates").paginate()
        for template in [each for page in pages for each in page["LaunchTemplates"]]:
            versions = self._ec2.get_paginator("describe_launch_template_versions")
            for page in versions.paginate(LaunchTemplateId=template["LaunchTemplateId"]):
                yield from (v["LaunchTemplateData"].get("ImageId", "") for v in page["LaunchTemplateVersions"])

    def _of_configurations(self) -> Iterable[str]:
        pages = self._autoscaling.get_paginator("describe_launch_configurations").paginate()
        return [found["ImageId"] for page in pages for found in page["LaunchConfigurations"]]


def to_retire(family: Sequence[Image], keep: Keep, used: Collection[str], now: datetime) -> tuple[Image, ...]:
    """Return the images that may be removed, oldest first.

    They are beyond the newest `keep.count`, older than `keep.days`, and not in use. An image without a creation date
    counts as new.

    Args:
        family: the images of a unit.
        keep: how many to keep, and for how long.
        used: the ids of images in use.
        now: the present time.
    """
    newest = sorted(family, key=lambda image: (image.created or now, image.id), reverse=True)
    old = now - timedelta(days=keep.days)
    return tuple(
        image
        for image in reversed(newest[keep.count :])
        if image.id not in used and image.created is not None and image.created < old
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
