"""Machine images as AWS knows them: found by owner and name, shared, in use, retired.

Elsewhere than in the account that owns it an image shows neither its tags nor with whom it is shared (AWS's
documentation of shared AMIs), so what has to hold everywhere is found by name and id alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tasks import aws

DIGEST = "Digest"
"""The tag with the digest of what went into an image. Packer tags last: without it a build was interrupted."""

_NOT_THERE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed")
_ALIVE = ["pending", "running", "stopping", "stopped", "shutting-down"]


@dataclass(frozen=True)
class Image:
    """One image. `tags` and `accounts` (with whom it is shared) are empty where it is not ours."""

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
    """How many images of a family are kept, and for how many days at least."""

    count: int = 5
    days: int = 90


class Images:
    """The images that one account sees, asked with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str], account: str) -> None:
        self._ec2 = aws.client_with("ec2", variables)
        self._autoscaling = aws.client_with("autoscaling", variables)
        self._account = account

    def named(self, name: str, owner: str) -> Image | None:
        """The image of that name and owner, if there is one that we may see."""
        found = self._described(f"find image {name}", Owners=[owner], Filters=[{"Name": "name", "Values": [name]}])
        return found[0] if found else None

    def identified(self, identity: str) -> Image | None:
        """The image of that id, if we may see it still."""
        found = self._described(f"look at image {identity}", ImageIds=[identity])
        return found[0] if found else None

    def family(self, tags: Mapping[str, str]) -> tuple[Image, ...]:
        """Our own images that carry all of these tags."""
        asked = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        return self._described(f"list images tagged {tags}", Owners=[self._account], Filters=asked)

    def used(self, identities: Collection[str]) -> frozenset[str]:
        """Those of the images that something in this account is, or may be, started from.

        Instances, launch templates in all their versions, and launch configurations: an auto scaling group starts
        from one of the last two.
        """
        with aws.asking("find out which images are in use"):
            known = {*self._of_instances(identities), *self._of_templates(), *self._of_configurations()}
            return frozenset(identities) & known

    def snapshots(self, identities: Collection[str]) -> tuple[str, ...]:
        """Those of the snapshots that are still there."""
        asked = [{"Name": "snapshot-id", "Values": sorted(identities)}]
        with aws.asking("look for snapshots"):
            found = self._ec2.describe_snapshots(Filters=asked)["Snapshots"] if identities else []
            return tuple(each["SnapshotId"] for each in found)

    def share(self, image: Image, accounts: Collection[str]) -> None:
        """Let exactly these accounts use the image, and read the snapshots that it is started from."""
        add, remove = sorted({*accounts} - image.accounts), sorted(image.accounts - {*accounts})
        change = {"Add": [{"UserId": a} for a in add], "Remove": [{"UserId": a} for a in remove]}
        with aws.asking(f"share image {image.name} ({image.id})"):
            self._ec2.modify_image_attribute(ImageId=image.id, LaunchPermission=change)
            for snapshot in image.snapshots:
                self._ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=change)

    def remove(self, image: Image) -> None:
        """Deregister the image and delete its snapshots: for ever."""
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
        """Of all versions: a group may be bound to an old one by its number."""
        pages = self._ec2.get_paginator("describe_launch_templates").paginate()
        for template in [each for page in pages for each in page["LaunchTemplates"]]:
            versions = self._ec2.get_paginator("describe_launch_template_versions")
            for page in versions.paginate(LaunchTemplateId=template["LaunchTemplateId"]):
                yield from (v["LaunchTemplateData"].get("ImageId", "") for v in page["LaunchTemplateVersions"])

    def _of_configurations(self) -> Iterable[str]:
        pages = self._autoscaling.get_paginator("describe_launch_configurations").paginate()
        return [found["ImageId"] for page in pages for found in page["LaunchConfigurations"]]


def to_retire(family: Sequence[Image], keep: Keep, used: Collection[str], now: datetime) -> tuple[Image, ...]:
    """The images that may go: beyond the newest `keep.count`, older than `keep.days`, and not in use. Oldest first.

    An image of which AWS does not tell when it was made is taken for new.
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
