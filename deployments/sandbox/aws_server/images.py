"""Machine images across accounts, which moto keeps apart: who may use an image sees it and can start from it.

One function a gap, each with what AWS does instead. Checked against moto 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto import settings
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.amis import AMIS, Ami, AmiBackend
from typing_extensions import override

DEBIAN = "debian-12-amd64-20250316-2053"

_DEBIAN = {
    "ami_id": "ami-0deb1a12a3d640001",
    "name": DEBIAN,
    "description": "Debian 12 (20250316-2053)",
    "owner_id": "136693071363",
    "architecture": "x86_64",
    "hypervisor": "xen",
    "image_location": f"amazon/{DEBIAN}",
    "image_type": "machine",
    "public": True,
    "root_device_name": "/dev/xvda",
    "root_device_type": "ebs",
    "sriov": "simple",
    "state": "available",
    "virtualization_type": "hvm",
}


def close() -> None:
    """Close all gaps, in this process."""
    _debian_is_there()
    _shared_images_are_seen()
    _only_owners_change_images()
    _made_images_are_like_their_instances()
    _copies_are_like_their_sources()


def know(ids: Iterable[str]) -> None:
    """Let there be more of AWS's own images, like Debian's but for their ids."""
    there = {image["ami_id"] for image in AMIS}
    AMIS.extend({**_DEBIAN, "ami_id": id_, "name": f"public-{id_}"} for id_ in ids if id_ not in there)


def _debian_is_there() -> None:
    """Debian's image, which the base image begins with, is public. moto knows those of others only."""
    AMIS.append(dict(_DEBIAN))


class _Shared(Ami):
    """An image as an account sees it that does not own it: all but its tags, which belong to who set them."""

    def __init__(self, image: Ami) -> None:
        # No image of its own: whatever happens to the owner's is seen here.
        self.__dict__ = image.__dict__

    @override
    def get_tags(self) -> list[dict[str, str]]:
        return []


def _shared_images_are_seen() -> None:
    """DescribeImages, and whatever starts from an image, finds those of other accounts that the caller may launch.

    moto looks among the images of the caller's own account only, and starts instances from images that there are not.
    AWS shows the image under its one id while the launch permission lasts, and says InvalidAMIID.NotFound afterwards.
    """
    settings.ENABLE_AMI_VALIDATION = True
    describe = AmiBackend.describe_images

    def describe_all(backend: EC2Backend, *asked: Any, **named: Any) -> list[Ami]:
        own = backend.amis
        backend.amis = {**{image.id: image for image in _shared_with(backend)}, **own}
        try:
            return describe(backend, *asked, **named)
        finally:
            backend.amis = own

    AmiBackend.describe_images = describe_all  # type: ignore[method-assign,assignment]


def _shared_with(backend: EC2Backend) -> Iterator[Ami]:
    for account in list(ec2_backends):
        regions = ec2_backends[account]
        if account != backend.account_id and backend.region_name in regions:
            for image in regions[backend.region_name].amis.values():
                if {"UserId": backend.account_id} in image.launch_permissions:
                    yield _Shared(image)


def _only_owners_change_images() -> None:
    """Who may only launch an image is refused its attributes: AuthFailure.

    moto would change the image of another account, now that it finds it, and answers a question about its attributes
    with an internal error.
    """
    for name in ("modify_image_attribute", "describe_image_attribute"):
        setattr(AmiBackend, name, _for_owners(getattr(AmiBackend, name)))


def _for_owners(change: Callable[..., Any]) -> Callable[..., Any]:
    def change_own(backend: EC2Backend, ami_id: str, *asked: Any, **named: Any) -> Any:
        backend.describe_images(ami_ids=[ami_id])
        if ami_id not in backend.amis:
            raise EC2ClientError("AuthFailure", f"Not authorized for image:{ami_id}")
        return change(backend, ami_id, *asked, **named)

    return change_own


def _made_images_are_like_their_instances() -> None:
    """CreateImage refuses a name that an image of the account has, and the image has its instance's root device.

    moto makes a second image of the name (AWS: InvalidAMIName.Duplicate), and says of every image it makes that its
    root device is an instance store's (AWS: as that of the image which the instance was started from), on which
    Packer builds nothing.
    """
    create = AmiBackend.create_image

    def create_once(backend: EC2Backend, instance_id: str, name: str, *asked: Any, **named: Any) -> Ami:
        _refuse_taken(backend, name)
        made = create(backend, instance_id, name, *asked, **named)
        source = backend.describe_images(ami_ids=[backend.get_instance(instance_id).image_id])[0]
        made.root_device_type, made.root_device_name = source.root_device_type, source.root_device_name
        return made

    AmiBackend.create_image = create_once  # type: ignore[method-assign,assignment]


def _copies_are_like_their_sources() -> None:
    """CopyImage refuses a name that an image of the region has, and the copy has its source's root device.

    moto makes a second image of the name, and says that every copy's root device is an instance store's.
    """
    copy = AmiBackend.copy_image

    def copy_once(backend: EC2Backend, source_image_id: str, source_region: str, name: str, *asked: Any) -> Ami:
        _refuse_taken(backend, name)
        made = copy(backend, source_image_id, source_region, name, *asked)
        source = ec2_backends[backend.account_id][source_region].describe_images(ami_ids=[source_image_id])[0]
        made.root_device_type, made.root_device_name = source.root_device_type, source.root_device_name
        return made

    AmiBackend.copy_image = copy_once  # type: ignore[method-assign,assignment]


def _refuse_taken(backend: EC2Backend, name: str) -> None:
    taken = next((image.id for image in backend.amis.values() if image.name == name), None)
    if taken:
        told = f"AMI name {name} is already in use by AMI {taken}"
        raise EC2ClientError("InvalidAMIName.Duplicate", told)
