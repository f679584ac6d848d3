"""RDS subnet groups and parameter groups: where databases are placed, and their settings."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values

# The maximum number of parameters that RDS allows in one call.
MOST_PARAMETERS = 20


class Rds(Resource):
    """A type whose objects have RDS tags, stored by ARN."""

    service = "rds"

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("rds").remove_tags_from_resource(ResourceName=state["arn"], TagKeys=removed)
        if added:
            place.client("rds").add_tags_to_resource(ResourceName=state["arn"], Tags=as_pairs(added))

    def tags_of(self, place: Place, arn: str) -> dict[str, str]:
        """Return the tags of an object."""
        return from_pairs(place.client("rds").list_tags_for_resource(ResourceName=arn)["TagList"])


class SubnetGroup(Rds):
    """aws_db_subnet_group."""

    type = "aws_db_subnet_group"
    label = "RDS DB Subnet Group"
    gone = ("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound")
    args = frozen(emulated("name", "name_prefix", "description", "subnet_ids"))
    reads = frozen({"supported_network_types": "set(string)"})
    follows = frozen({"subnet_ids": ("vpc_id",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("rds").create_db_subnet_group(
            DBSubnetGroupName=name_for(new),
            DBSubnetGroupDescription=new["description"],
            SubnetIds=new["subnet_ids"],
            **given(Tags=as_pairs(new["tags_all"])),
        )
        return str(answer["DBSubnetGroup"]["DBSubnetGroupName"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        place.client("rds").modify_db_subnet_group(
            DBSubnetGroupName=state["id"],
            DBSubnetGroupDescription=new["description"],
            SubnetIds=new["subnet_ids"],
        )
        self._bring_back(place, {**new, "name": state["id"]})

    def _bring_back(self, place: Place, new: Values) -> None:
        """Create the group again if it is missing, because moto 5.2 loses a group that it modifies."""
        groups = place.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
        if new["name"] not in [group["DBSubnetGroupName"] for group in groups]:
            self.create(place, new)

    @override
    def read(self, place: Place, state: Values) -> Values:
        answer = place.client("rds").describe_db_subnet_groups(DBSubnetGroupName=state["id"])
        group = answer["DBSubnetGroups"][0]
        return {
            "arn": group["DBSubnetGroupArn"],
            "name": group["DBSubnetGroupName"],
            "description": group["DBSubnetGroupDescription"],
            "subnet_ids": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "supported_network_types": group.get("SupportedNetworkTypes", ["IPV4"]),
            "vpc_id": group.get("VpcId"),
            "tags_all": self.tags_of(place, group["DBSubnetGroupArn"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("rds").delete_db_subnet_group(DBSubnetGroupName=state["id"])


class ParameterGroup(Rds):
    """aws_db_parameter_group.

    moto cannot reset a parameter. One that is no longer wanted is set to the empty string, and counts as not set.
    """

    type = "aws_db_parameter_group"
    label = "RDS DB Parameter Group"
    gone = ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")
    args = frozen(
        emulated(
            "name",
            "name_prefix",
            "description",
            "family",
            "parameter.name",
            "parameter.value",
            "parameter.apply_method",
            "skip_destroy",
        )
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("rds").create_db_parameter_group(
            DBParameterGroupName=name_for(new),
            DBParameterGroupFamily=new["family"],
            Description=new["description"],
            **given(Tags=as_pairs(new["tags_all"])),
        )
        return str(answer["DBParameterGroup"]["DBParameterGroupName"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        self._set(place, new["id"], new["parameter"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        kept = {parameter["name"] for parameter in new["parameter"]}
        dropped = [{**parameter, "value": ""} for parameter in state["parameter"] if parameter["name"] not in kept]
        self._set(place, state["id"], [*dropped, *new["parameter"]])

    def _set(self, place: Place, name: str, parameters: list[Values]) -> None:
        wanted = [
            {"ParameterName": each["name"], "ParameterValue": each["value"], "ApplyMethod": each["apply_method"]}
            for each in parameters
        ]
        for start in range(0, len(wanted), MOST_PARAMETERS):
            batch = wanted[start : start + MOST_PARAMETERS]
            place.client("rds").modify_db_parameter_group(DBParameterGroupName=name, Parameters=batch)

    @override
    def read(self, place: Place, state: Values) -> Values:
        rds, name = place.client("rds"), state["id"]
        group = rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"][0]
        parameters = rds.describe_db_parameters(DBParameterGroupName=name, Source="user")["Parameters"]
        return {
            "arn": group["DBParameterGroupArn"],
            "name": group["DBParameterGroupName"],
            "description": group["Description"],
            "family": group["DBParameterGroupFamily"],
            "parameter": [_parameter(each) for each in parameters if each.get("ParameterValue")],
            "tags_all": self.tags_of(place, group["DBParameterGroupArn"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        if not state["skip_destroy"]:
            place.client("rds").delete_db_parameter_group(DBParameterGroupName=state["id"])


def _parameter(found: Any) -> Values:
    return {
        "name": found["ParameterName"],
        "value": found["ParameterValue"],
        "apply_method": found.get("ApplyMethod", "immediate"),
    }


RESOURCES: tuple[type[Resource], ...] = (SubnetGroup, ParameterGroup)
