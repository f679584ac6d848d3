"""Find and remove what a killed build left behind, by its tags or by the names that Packer gives.

Packer removes its temporary resources unless it is killed. Resources with our tags belong to an earlier build of the
same unit, and the next build removes them. Resources that only have Packer's names may belong to anybody's build.

Source: the amazon-ebs builder's documentation: `run_tags` are on the instance and its volumes, and from some version
on key pairs and security groups; those two are named packer_<uuid>.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tasks import aws
from tasks.domain.errors import FlowmartError

log = structlog.get_logger("flowmart.packer")

ALIVE = ["pending", "running", "stopping", "stopped"]
_NAMED = "packer_*"


@dataclass(frozen=True)
class Leftover:
    """One resource. `kind` is "instance", "volume", "key pair" or "security group". `ours`: it has our tags."""

    kind: str
    id: str
    ours: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Leftovers:
    """The resources that builds of one unit left in one account."""

    def __init__(self, variables: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._ec2 = aws.client_with("ec2", variables)
        self._tags = tags

    def find(self) -> tuple[Leftover, ...]:
        """Return all leftovers, ours first."""
        with aws.asking("look for what killed builds left"):
            found = [*self._instances(), *self._volumes(), *self._key_pairs(), *self._groups()]
        return tuple(sorted(set(found), key=lambda each: (not each.ours, each.kind, each.id)))

    def remove(self) -> tuple[Leftover, ...]:
        """Remove our leftovers and return those that remain. A group can be deleted only without instances."""
        return tuple(each for each in self.find() if each.ours and not self._is_removed(each))

    def _is_removed(self, each: Leftover) -> bool:
        calls: Mapping[str, Callable[[str], Any]] = {
            "instance": lambda id: self._ec2.terminate_instances(InstanceIds=[id]),
            "volume": lambda id: self._ec2.delete_volume(VolumeId=id),
            "key pair": lambda id: self._ec2.delete_key_pair(KeyName=id),
            "security group": lambda id: self._ec2.delete_security_group(GroupId=id),
        }
        try:
            with aws.asking(f"remove {each}"):
                calls[each.kind](each.id)
        except FlowmartError as error:
            log.warning("left behind", what=str(each), why=str(error))
            return False
        log.info("removed what a killed build left", what=str(each))
        return True

    def _instances(self) -> list[Leftover]:
        alive = {"Name": "instance-state-name", "Values": ALIVE}
        pages = self._ec2.get_paginator("describe_instances").paginate(Filters=[*self._filters, alive])
        found = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
        return [Leftover("instance", instance["InstanceId"], True) for instance in found]

    def _volumes(self) -> list[Leftover]:
        free = {"Name": "status", "Values": ["available"]}
        pages = self._ec2.get_paginator("describe_volumes").paginate(Filters=[*self._filters, free])
        return [Leftover("volume", volume["VolumeId"], True) for page in pages for volume in page["Volumes"]]

    def _key_pairs(self) -> list[Leftover]:
        found = self._ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [_NAMED]}])["KeyPairs"]
        return [Leftover("key pair", pair["KeyName"], self._is_ours(pair)) for pair in found]

    def _groups(self) -> list[Leftover]:
        asked = [{"Name": "group-name", "Values": [_NAMED]}]
        pages = self._ec2.get_paginator("describe_security_groups").paginate(Filters=asked)
        found = [group for page in pages for group in page["SecurityGroups"]]
        return [Leftover("security group", group["GroupId"], self._is_ours(group)) for group in found]

    def _is_ours(self, found: Mapping[str, Any]) -> bool:
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        return self._tags.items() <= tags.items()

    @property
    def _filters(self) -> list[dict[str, Any]]:
        return [{"Name": f"tag:{key}", "Values": [value]} for key, value in self._tags.items()]
