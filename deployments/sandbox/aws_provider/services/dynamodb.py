"""DynamoDB tables."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values


class Table(Resource):
    """aws_dynamodb_table. Local indexes are created with the table; a change of them replaces the table."""

    type = "aws_dynamodb_table"
    service = "dynamodb"
    label = "DynamoDB Table"
    gone = ("ResourceNotFoundException",)
    args = frozen(
        {
            **emulated(
                "name",
                "attribute.*",
                "billing_mode",
                "deletion_protection_enabled",
                "global_secondary_index",
                "global_secondary_index.hash_key",
                "global_secondary_index.name",
                "global_secondary_index.non_key_attributes",
                "global_secondary_index.projection_type",
                "global_secondary_index.range_key",
                "global_secondary_index.read_capacity",
                "global_secondary_index.write_capacity",
                "hash_key",
                "local_secondary_index",
                "local_secondary_index.*",
                "point_in_time_recovery.enabled",
                "range_key",
                "read_capacity",
                "stream_enabled",
                "stream_view_type",
                "table_class",
                "ttl.*",
                "write_capacity",
            ),
            "server_side_encryption.enabled": Arg(fixed=True),
            "server_side_encryption.kms_key_arn": Arg(fixed=True),
        }
    )

    follows = frozen(
        {
            "stream_enabled": ("stream_arn", "stream_label", "stream_view_type"),
            "stream_view_type": ("stream_arn", "stream_label"),
            "billing_mode": ("read_capacity", "write_capacity"),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        place.client("dynamodb").create_table(
            TableName=new["name"],
            AttributeDefinitions=_attributes(new),
            KeySchema=_keys(new),
            BillingMode=new["billing_mode"],
            TableClass=new["table_class"],
            DeletionProtectionEnabled=bool(new["deletion_protection_enabled"]),
            **given(
                ProvisionedThroughput=_throughput(new, new["billing_mode"]),
                GlobalSecondaryIndexes=[_index(each, new["billing_mode"]) for each in new["global_secondary_index"]],
                LocalSecondaryIndexes=[
                    _index({**each, "hash_key": new["hash_key"]}, "") for each in new["local_secondary_index"]
                ],
                SSESpecification=_encryption(new),
                StreamSpecification=_stream(new) if new["stream_enabled"] else None,
                Tags=as_pairs(new["tags_all"]),
            ),
        )
        return str(new["name"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        place.client("dynamodb").get_waiter("table_exists").wait(TableName=new["id"], WaiterConfig={"Delay": 1})
        self._recovery(place, new)
        if new["ttl"] and new["ttl"][0]["enabled"]:
            self._expiry(place, new)

    def _recovery(self, place: Place, new: Values) -> None:
        if new["point_in_time_recovery"]:
            enabled = bool(new["point_in_time_recovery"][0]["enabled"])
            place.client("dynamodb").update_continuous_backups(
                TableName=new["id"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
            )

    def _expiry(self, place: Place, new: Values) -> None:
        if new["ttl"]:
            wanted = {"Enabled": bool(new["ttl"][0]["enabled"]), "AttributeName": new["ttl"][0]["attribute_name"]}
            place.client("dynamodb").update_time_to_live(TableName=new["id"], TimeToLiveSpecification=wanted)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        wanted = self._wanted(new, changed)
        if wanted:
            place.client("dynamodb").update_table(TableName=state["id"], **wanted)
        if "global_secondary_index" in changed:
            self._move_indexes(place, state, new)
        if "point_in_time_recovery" in changed:
            self._recovery(place, new)
        if "ttl" in changed:
            self._expiry(place, new)

    def _wanted(self, new: Values, changed: frozenset[str]) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if changed & {"billing_mode", "read_capacity", "write_capacity"}:
            throughput = given(ProvisionedThroughput=_throughput(new, new["billing_mode"]))
            wanted |= {"BillingMode": new["billing_mode"], **throughput}
        if "deletion_protection_enabled" in changed:
            wanted["DeletionProtectionEnabled"] = bool(new["deletion_protection_enabled"])
        if "table_class" in changed:
            wanted["TableClass"] = new["table_class"]
        if changed & {"stream_enabled", "stream_view_type"}:
            wanted["StreamSpecification"] = _stream(new)
        return wanted

    def _move_indexes(self, place: Place, state: Values, new: Values) -> None:
        """Create and delete indexes, one in each call, as DynamoDB requires. An index that differs is recreated."""
        before = {each["name"]: each for each in state["global_secondary_index"]}
        after = {each["name"]: each for each in new["global_secondary_index"]}
        made = [_index(each, new["billing_mode"]) for name, each in after.items() if each != before.get(name)]
        gone = [name for name, each in before.items() if each != after.get(name)]
        for change in [*({"Delete": {"IndexName": n}} for n in gone), *({"Create": each} for each in made)]:
            place.client("dynamodb").update_table(
                TableName=state["id"],
                AttributeDefinitions=_attributes(new),
                GlobalSecondaryIndexUpdates=[change],
            )

    @override
    def read(self, place: Place, state: Values) -> Values:
        dynamodb, name = place.client("dynamodb"), state["id"]
        table = dynamodb.describe_table(TableName=name)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        tags = dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        stream, keys = table.get("StreamSpecification", {}), _names_of(table["KeySchema"])
        mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        # moto still returns the throughput that was provisioned before.
        throughput = _found_throughput(table if mode == "PROVISIONED" else {})
        return {
            "arn": table["TableArn"],
            "name": table["TableName"],
            "attribute": [_attribute(each) for each in table["AttributeDefinitions"]],
            "billing_mode": mode,
            "deletion_protection_enabled": table.get("DeletionProtectionEnabled", False),
            "hash_key": keys["HASH"],
            "range_key": keys.get("RANGE"),
            "global_secondary_index": [_found_index(each) for each in table.get("GlobalSecondaryIndexes", [])],
            "local_secondary_index": [_found_local_index(each) for each in table.get("LocalSecondaryIndexes", [])],
            "point_in_time_recovery": [{"enabled": recovery == "ENABLED"}],
            "server_side_encryption": _found_encryption(table.get("SSEDescription"))
            or _turned_off(state["server_side_encryption"]),
            "stream_enabled": stream.get("StreamEnabled", False),
            "stream_view_type": stream.get("StreamViewType"),
            "stream_arn": table.get("LatestStreamArn"),
            "stream_label": table.get("LatestStreamLabel"),
            "ttl": [_found_expiry(expiry)]
            if _is_on(expiry)
            else _turned_off(state["ttl"]) or [_found_expiry(expiry)],
            "tags_all": from_pairs(tags),
            **throughput,
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("dynamodb").untag_resource(ResourceArn=state["arn"], TagKeys=removed)
        if added:
            place.client("dynamodb").tag_resource(ResourceArn=state["arn"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("dynamodb").delete_table(TableName=state["id"])


def _attributes(new: Values) -> list[dict[str, str]]:
    return [{"AttributeName": each["name"], "AttributeType": each["type"]} for each in new["attribute"]]


def _keys(keyed: Values) -> list[dict[str, str]]:
    keys = [("HASH", keyed["hash_key"]), ("RANGE", keyed["range_key"])]
    return [{"AttributeName": name, "KeyType": kind} for kind, name in keys if name]


def _throughput(values: Values, mode: str) -> dict[str, int] | None:
    if mode != "PROVISIONED":
        return None
    read, write = values["read_capacity"] or 1, values["write_capacity"] or 1
    return {"ReadCapacityUnits": int(read), "WriteCapacityUnits": int(write)}


def _index(index: Values, mode: str) -> dict[str, Any]:
    projection = {"ProjectionType": index["projection_type"], **given(NonKeyAttributes=index["non_key_attributes"])}
    named = {"IndexName": index["name"], "KeySchema": _keys(index), "Projection": projection}
    return named | given(ProvisionedThroughput=_throughput(index, mode))


def _encryption(new: Values) -> dict[str, Any] | None:
    if not new["server_side_encryption"] or not new["server_side_encryption"][0]["enabled"]:
        return None
    key = new["server_side_encryption"][0]["kms_key_arn"]
    return {"Enabled": True, "SSEType": "KMS", **given(KMSMasterKeyId=key)}


def _stream(new: Values) -> dict[str, Any]:
    if not new["stream_enabled"]:
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": new["stream_view_type"]}


def _names_of(key_schema: Any) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in key_schema}


def _attribute(found: Any) -> Values:
    return {"name": found["AttributeName"], "type": found["AttributeType"]}


def _found_index(found: Any) -> Values:
    return {
        **_found_local_index(found),
        "hash_key": _names_of(found["KeySchema"])["HASH"],
        **_found_throughput(found),
    }


def _found_local_index(found: Any) -> Values:
    projection = found["Projection"]
    return {
        "name": found["IndexName"],
        "range_key": _names_of(found["KeySchema"]).get("RANGE"),
        "projection_type": projection["ProjectionType"],
        "non_key_attributes": projection.get("NonKeyAttributes"),
    }


def _found_throughput(found: Any) -> Values:
    throughput = found.get("ProvisionedThroughput", {})
    return {
        "read_capacity": throughput.get("ReadCapacityUnits", 0),
        "write_capacity": throughput.get("WriteCapacityUnits", 0),
    }


def _found_encryption(found: Any) -> list[Values]:
    if not found or found.get("Status") == "DISABLED":
        return []
    return [{"enabled": True, "kms_key_arn": found.get("KMSMasterKeyArn")}]


def _is_on(expiry: Any) -> bool:
    return expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")


def _found_expiry(found: Any) -> Values:
    return {"enabled": _is_on(found), "attribute_name": found.get("AttributeName", "")}


def _turned_off(blocks: list[Values]) -> list[Values]:
    """Return the blocks that turn something off. AWS returns nothing for them, so they stay as written."""
    return [each for each in blocks if not each["enabled"]]


RESOURCES: tuple[type[Resource], ...] = (Table,)
