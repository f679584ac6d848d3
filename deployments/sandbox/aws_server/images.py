"""Lets accounts share machine images, which moto keeps apart: who may launch an image can see it and start from it.

Each function closes one gap, and its docstring says what AWS does and what moto does instead. Checked against
moto 5.2.
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
    """Close all gaps of images in this process."""
    _debian_is_there()
    _shared_images_are_seen()
    _only_owners_change_images()
    _made_images_are_like_their_instances()
    _copies_are_like_their_sources()


def know(ids: Iterable[str]) -> None:
    """Add public images with the given ids, which are like Debian's image otherwise. Skip ids that exist already."""
    there = {image["ami_id"] for image in AMIS}
    AMIS.extend({**_DEBIAN, "ami_id": id_, "name": f"public-{id_}"} for id_ in ids if id_ not in there)


def _debian_is_there() -> None:
    """Add Debian's public image, from which the base image is built. moto has public images of other owners only."""
    AMIS.append(dict(_DEBIAN))


class _Shared(Ami):
    """An image as an account sees it that does not own it: without tags, which belong to whoever set them."""

    def __init__(self, image: Ami) -> None:
        # Share the attributes of the owner's image, so that its changes are visible here.
        self.__dict__ = image.__dict__

    @override
    def get_tags(self) -> list[dict[str, str]]:
        return []


def _shared_images_are_seen() -> None:
    """Include images of other accounts that the caller may launch in DescribeImages and wherever an image is used.

    moto searches only the caller's own account, and starts instances even from images that do not exist. AWS shows an
    image under the same id in all accounts while the launch permission lasts. Afterwards it responds with
    InvalidAMIID.NotFound.
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
    """Refuse to read or change an image's attributes with AuthFailure if the caller may only launch the image.

    moto would change the image of another account, now that it finds it. Asked for its attributes, moto responds with
    an internal error.
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
    """Refuse a name in CreateImage that another image of the account has, and keep the root device of the source.

    moto makes a second image with the same name, where AWS responds with InvalidAMIName.Duplicate. moto also says
    that the root device of every new image is an instance store. AWS copies it from the image that the instance was
    started from. Packer cannot build on an image with an instance store.
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
    """Refuse a name in CopyImage that another image of the region has, and keep the root device of the source.

    moto makes a second image with the same name, and says that the root device of every copy is an instance store.
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
