"""Lifecycle rules: how long a bucket keeps its objects."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.s3_settings import Setting
from deployments.sandbox.aws_provider.services.words import api_name
from deployments.sandbox.aws_provider.values import Values

_ODD = {"id": "ID"}


class Lifecycle(Setting):
    """aws_s3_bucket_lifecycle_configuration."""

    type = "aws_s3_bucket_lifecycle_configuration"
    label = "S3 Bucket Lifecycle Configuration"
    gone = ("NoSuchBucket", "NoSuchLifecycleConfiguration")
    args = frozen(
        emulated(
            "bucket",
            "rule.id",
            "rule.status",
            "rule.abort_incomplete_multipart_upload.*",
            "rule.expiration.days",
            "rule.expiration.expired_object_delete_marker",
            "rule.filter.prefix",
            "rule.noncurrent_version_expiration.*",
            "rule.noncurrent_version_transition.*",
            "rule.transition.days",
            "rule.transition.storage_class",
            "transition_default_minimum_object_size",
        )
    )

    # {block of a rule: its name in the API}: first blocks that occur at most once, then those that may repeat.
    _ONE = frozen(
        {
            "abort_incomplete_multipart_upload": "AbortIncompleteMultipartUpload",
            "expiration": "Expiration",
            "noncurrent_version_expiration": "NoncurrentVersionExpiration",
        }
    )
    _MANY = frozen({"noncurrent_version_transition": "NoncurrentVersionTransitions", "transition": "Transitions"})

    @override
    def put(self, place: Place, new: Values) -> None:
        rules = [self._rule(each) for each in new["rule"]]
        place.client("s3").put_bucket_lifecycle_configuration(
            Bucket=new["bucket"], LifecycleConfiguration={"Rules": rules}
        )

    def _rule(self, rule: Values) -> dict[str, Any]:
        prefixes = [each["prefix"] for each in rule["filter"] if each["prefix"]]
        parts = {api: _asked(rule[name][0]) for name, api in self._ONE.items() if rule[name]}
        if rule["expiration"]:
            # The real provider fills in 0 and false, which S3 does not accept.
            asked = {name: value for name, value in parts["Expiration"].items() if value}
            parts["Expiration"] = asked or {"ExpiredObjectDeleteMarker": False}
        lists = {api: [_asked(each) for each in rule[name]] for name, api in self._MANY.items() if rule[name]}
        named = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": prefixes[0] if prefixes else ""}}
        return named | parts | lists

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_bucket_lifecycle_configuration(Bucket=state["id"])["Rules"]
        return {"bucket": state["id"], "rule": [self._found(each) for each in found]}

    def _found(self, found: Any) -> Values:
        block = self.shape.blocks["rule"].shape
        rule: Values = {"id": found.get("ID"), "status": found["Status"]}
        for name, api in self._ONE.items():
            rule[name] = [_answered(block.blocks[name].shape.fields, found[api])] if api in found else []
        for name, api in self._MANY.items():
            rule[name] = [_answered(block.blocks[name].shape.fields, each) for each in found.get(api, [])]
        rule["filter"] = [{"prefix": (found.get("Filter") or {}).get("Prefix") or found.get("Prefix") or None}]
        return rule

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_lifecycle(Bucket=state["id"])


def _asked(block: Values) -> dict[str, Any]:
    whole = {name: int(value) if isinstance(value, float) else value for name, value in block.items()}
    return given(**{api_name(name, _ODD): value for name, value in whole.items()})


def _answered(names: Any, found: Any) -> Values:
    return {name: found.get(api_name(name, _ODD)) for name in names}


RESOURCES: tuple[type[Resource], ...] = (Lifecycle,)
