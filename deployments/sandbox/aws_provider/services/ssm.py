"""Parameters of Systems Manager."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given, only
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values

_CHANGING = ("value", "insecure_value", "description")
_SECURE = "SecureString"


class Parameter(Resource):
    """aws_ssm_parameter. `value` is hidden in plans; `insecure_value` is shown."""

    type = "aws_ssm_parameter"
    service = "ssm"
    label = "SSM Parameter"
    gone = ("ParameterNotFound",)
    args = frozen(
        emulated(
            *("name", "type", "value", "insecure_value", "description", "tier", "data_type"),
            *("allowed_pattern", "key_id", "overwrite"),
        )
    )
    reads = frozen({"version": "number", "has_value_wo": "bool"})
    follows = frozen(dict.fromkeys(_CHANGING, ("version",)))

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = {} if new["overwrite"] else given(Tags=as_pairs(new["tags_all"]))
        self._put(place, new, overwrite=bool(new["overwrite"]), **tags)
        if new["overwrite"]:
            self.tag(place, {"id": new["name"]}, new["tags_all"], [])
        return str(new["name"])

    def _put(self, place: Place, new: Values, *, overwrite: bool, **more: object) -> None:
        place.client("ssm").put_parameter(
            Name=new["name"],
            Type=new["type"],
            Value=new["insecure_value"] or new["value"],
            Overwrite=overwrite,
            **given(
                AllowedPattern=new["allowed_pattern"],
                DataType=new["data_type"],
                Description=new["description"],
                KeyId=new["key_id"] if new["type"] == _SECURE else None,
                Tier=new["tier"],
            ),
            **more,
        )

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._put(place, new, overwrite=True)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        ssm, name = place.client("ssm"), state["id"]
        found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        named = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        more = only(ssm.describe_parameters(ParameterFilters=named)["Parameters"])
        if more is None:
            return None
        shown = bool(state.get("insecure_value")) and found["Type"] != _SECURE
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        return {
            "arn": found["ARN"],
            "name": found["Name"],
            "type": found["Type"],
            "version": found["Version"],
            "value": None if shown else found["Value"],
            "insecure_value": found["Value"] if shown else None,
            "description": more.get("Description", ""),
            "data_type": more.get("DataType", "text"),
            "tier": more.get("Tier", "Standard"),
            "key_id": more.get("KeyId", ""),
            "allowed_pattern": more.get("AllowedPattern", ""),
            "tags_all": from_pairs(tags),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        ssm, here = place.client("ssm"), {"ResourceType": "Parameter", "ResourceId": state["id"]}
        if removed:
            ssm.remove_tags_from_resource(**here, TagKeys=removed)
        if added:
            ssm.add_tags_to_resource(**here, Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ssm").delete_parameter(Name=state["name"])


RESOURCES: tuple[type[Resource], ...] = (Parameter,)
