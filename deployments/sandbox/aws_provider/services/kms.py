"""KMS keys and their aliases."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, policy


class Key(Resource):
    """aws_kms_key. Deleting a key schedules its deletion, after which it counts as deleted."""

    type = "aws_kms_key"
    service = "kms"
    label = "KMS Key"
    gone = ("NotFoundException",)
    args = frozen(
        {
            **emulated(
                "customer_master_key_spec",
                "deletion_window_in_days",
                "description",
                "enable_key_rotation",
                "is_enabled",
                "key_usage",
                "multi_region",
                "rotation_period_in_days",
                "bypass_policy_lockout_safety_check",
            ),
            "policy": Arg(same=policy),
        }
    )
    follows = frozen({"enable_key_rotation": ("rotation_period_in_days",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("kms").create_key(
            KeySpec=new["customer_master_key_spec"],
            KeyUsage=new["key_usage"],
            MultiRegion=bool(new["multi_region"]),
            **given(
                Description=new["description"],
                Policy=new["policy"],
                Tags=as_pairs(new["tags_all"], "TagKey", "TagValue"),
            ),
        )
        return str(answer["KeyMetadata"]["KeyId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["enable_key_rotation"]:
            self._rotate(place, new)
        if not new["is_enabled"]:
            place.client("kms").disable_key(KeyId=new["id"])

    def _rotate(self, place: Place, new: Values) -> None:
        kms, key = place.client("kms"), new["id"]
        if new["enable_key_rotation"]:
            kms.enable_key_rotation(KeyId=key, **given(RotationPeriodInDays=_whole(new["rotation_period_in_days"])))
        else:
            kms.disable_key_rotation(KeyId=key)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        kms, key = place.client("kms"), state["id"]
        if "is_enabled" in changed and new["is_enabled"]:
            kms.enable_key(KeyId=key)
        if changed & {"enable_key_rotation", "rotation_period_in_days"}:
            self._rotate(place, new)
        if "description" in changed:
            kms.update_key_description(KeyId=key, Description=new["description"] or "")
        if "policy" in changed:
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=new["policy"])
        if "is_enabled" in changed and not new["is_enabled"]:
            kms.disable_key(KeyId=key)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        kms, key = place.client("kms"), state["id"]
        found = kms.describe_key(KeyId=key)["KeyMetadata"]
        if found["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        rotation = kms.get_key_rotation_status(KeyId=key)
        return {
            "arn": found["Arn"],
            "key_id": found["KeyId"],
            "customer_master_key_spec": found.get("KeySpec"),
            "description": found.get("Description"),
            "enable_key_rotation": rotation["KeyRotationEnabled"],
            "rotation_period_in_days": rotation.get("RotationPeriodInDays")
            if rotation["KeyRotationEnabled"]
            else None,
            "is_enabled": found["Enabled"],
            "key_usage": found["KeyUsage"],
            "multi_region": found.get("MultiRegion", False),
            "policy": kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
            "tags_all": from_pairs(kms.list_resource_tags(KeyId=key).get("Tags"), "TagKey", "TagValue"),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("kms").untag_resource(KeyId=state["id"], TagKeys=removed)
        if added:
            place.client("kms").tag_resource(KeyId=state["id"], Tags=as_pairs(added, "TagKey", "TagValue"))

    @override
    def delete(self, place: Place, state: Values) -> None:
        window = given(PendingWindowInDays=_whole(state["deletion_window_in_days"]))
        place.client("kms").schedule_key_deletion(KeyId=state["id"], **window)


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def _key_id(value: Any) -> Any:
    """Return a key's id, given the id or the ARN."""
    return value.rpartition("/")[2] if isinstance(value, str) and value.startswith("arn:") else value


class Alias(Resource):
    """aws_kms_alias."""

    type = "aws_kms_alias"
    service = "kms"
    label = "KMS Alias"
    gone = ("NotFoundException",)
    args = frozen({**emulated("name", "name_prefix"), "target_key_id": Arg(same=_key_id)})
    follows = frozen({"target_key_id": ("target_key_arn",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new, kind="alias/")
        place.client("kms").create_alias(AliasName=name, TargetKeyId=new["target_key_id"])
        return name

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        place.client("kms").update_alias(AliasName=state["id"], TargetKeyId=new["target_key_id"])

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        pages = place.client("kms").get_paginator("list_aliases").paginate()
        aliases = (alias for page in pages for alias in page["Aliases"])
        alias = next((alias for alias in aliases if alias["AliasName"] == state["id"]), None)
        return alias and {
            "arn": alias["AliasArn"],
            "name": alias["AliasName"],
            "target_key_id": alias["TargetKeyId"],
            "target_key_arn": place.arn("kms", f"key/{alias['TargetKeyId']}"),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("kms").delete_alias(AliasName=state["id"])


RESOURCES: tuple[type[Resource], ...] = (Key, Alias)
