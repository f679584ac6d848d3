"""RDS option groups."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.services.rds import Rds
from deployments.sandbox.aws_provider.tags import as_pairs
from deployments.sandbox.aws_provider.values import Values


class OptionGroup(Rds):
    """aws_db_option_group, without options, because moto stores none."""

    type = "aws_db_option_group"
    label = "RDS DB Option Group"
    gone = ("OptionGroupNotFoundFault", "OptionGroupNotFound")
    args = frozen(
        emulated(
            "engine_name", "major_engine_version", "name", "name_prefix", "option_group_description", "skip_destroy"
        )
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("rds").create_option_group(
            OptionGroupName=name_for(new),
            EngineName=new["engine_name"],
            MajorEngineVersion=new["major_engine_version"],
            OptionGroupDescription=new["option_group_description"],
            **given(Tags=as_pairs(new["tags_all"])),
        )
        return str(answer["OptionGroup"]["OptionGroupName"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        group = self._found(place, state["id"])
        return {
            "arn": group["OptionGroupArn"],
            "engine_name": group["EngineName"],
            "major_engine_version": group["MajorEngineVersion"],
            "name": group["OptionGroupName"],
            "option_group_description": group["OptionGroupDescription"],
            "tags_all": self.tags_of(place, group["OptionGroupArn"]),
        }

    def _found(self, place: Place, name: str) -> Any:
        return place.client("rds").describe_option_groups(OptionGroupName=name)["OptionGroupsList"][0]

    @override
    def delete(self, place: Place, state: Values) -> None:
        if not state["skip_destroy"]:
            place.client("rds").delete_option_group(OptionGroupName=state["id"])


RESOURCES: tuple[type[Resource], ...] = (OptionGroup,)
