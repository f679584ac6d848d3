"""Settings of a bucket: versioning, encryption, public access, policy, ownership. Their id is the bucket's name."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.values import Values, policy


class Setting(Resource):
    """A setting of a bucket. It is always set as a whole, so creating and changing it are the same call."""

    service = "s3"

    def put(self, place: Place, new: Values) -> None:
        """Set the setting to the values in `new`."""
        raise NotImplementedError

    @override
    def create(self, place: Place, new: Values) -> str:
        self.put(place, new)
        return str(new["bucket"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values | None:
        self.put(place, new)
        return None


class Versioning(Setting):
    """aws_s3_bucket_versioning. Versioning cannot be removed, so deleting this resource suspends it."""

    type = "aws_s3_bucket_versioning"
    label = "S3 Bucket Versioning"
    gone = ("NoSuchBucket",)
    args = frozen(emulated("bucket", "versioning_configuration.status"))

    @override
    def put(self, place: Place, new: Values) -> None:
        status = new["versioning_configuration"][0]["status"]
        if status != "Disabled":
            self._set(place, new["bucket"], status)

    def _set(self, place: Place, bucket: str, status: str) -> None:
        place.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        found = place.client("s3").get_bucket_versioning(Bucket=state["id"])
        return {"bucket": state["id"], "versioning_configuration": [{"status": found.get("Status", "Disabled")}]}

    @override
    def delete(self, place: Place, state: Values) -> None:
        if state["versioning_configuration"][0]["status"] == "Enabled":
            self._set(place, state["id"], "Suspended")


class Encryption(Setting):
    """aws_s3_bucket_server_side_encryption_configuration."""

    type = "aws_s3_bucket_server_side_encryption_configuration"
    label = "S3 Bucket Server-side Encryption Configuration"
    gone = ("NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError")
    args = frozen(
        emulated(
            "bucket",
            "rule.bucket_key_enabled",
            "rule.apply_server_side_encryption_by_default.kms_master_key_id",
            "rule.apply_server_side_encryption_by_default.sse_algorithm",
        )
    )

    @override
    def put(self, place: Place, new: Values) -> None:
        rules = [self._rule(each) for each in new["rule"]]
        place.client("s3").put_bucket_encryption(
            Bucket=new["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
        )

    def _rule(self, rule: Values) -> dict[str, Any]:
        by_default = [
            {"SSEAlgorithm": each["sse_algorithm"], **given(KMSMasterKeyID=each["kms_master_key_id"])}
            for each in rule["apply_server_side_encryption_by_default"]
        ]
        key = {} if rule["bucket_key_enabled"] is None else {"BucketKeyEnabled": rule["bucket_key_enabled"]}
        return {**({"ApplyServerSideEncryptionByDefault": by_default[0]} if by_default else {}), **key}

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_bucket_encryption(Bucket=state["id"])
        rules = found["ServerSideEncryptionConfiguration"]["Rules"]
        return {"bucket": state["id"], "rule": [self._found(each) for each in rules]}

    def _found(self, found: Any) -> Values:
        default = found.get("ApplyServerSideEncryptionByDefault")
        named = default and {
            "sse_algorithm": default["SSEAlgorithm"],
            "kms_master_key_id": default.get("KMSMasterKeyID"),
        }
        return {
            "bucket_key_enabled": found.get("BucketKeyEnabled", False),
            "apply_server_side_encryption_by_default": [named] if named else [],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_encryption(Bucket=state["id"])


class PublicAccessBlock(Setting):
    """aws_s3_bucket_public_access_block."""

    type = "aws_s3_bucket_public_access_block"
    label = "S3 Bucket Public Access Block"
    gone = ("NoSuchBucket", "NoSuchPublicAccessBlockConfiguration")
    args = frozen(
        emulated(
            "bucket",
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
            "skip_destroy",
        )
    )

    _SWITCHES = frozen(
        {
            "block_public_acls": "BlockPublicAcls",
            "block_public_policy": "BlockPublicPolicy",
            "ignore_public_acls": "IgnorePublicAcls",
            "restrict_public_buckets": "RestrictPublicBuckets",
        }
    )

    @override
    def put(self, place: Place, new: Values) -> None:
        wanted = {api: bool(new[name]) for name, api in self._SWITCHES.items()}
        place.client("s3").put_public_access_block(Bucket=new["bucket"], PublicAccessBlockConfiguration=wanted)

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_public_access_block(Bucket=state["id"])["PublicAccessBlockConfiguration"]
        return {"bucket": state["id"], **{name: found.get(api, False) for name, api in self._SWITCHES.items()}}

    @override
    def delete(self, place: Place, state: Values) -> None:
        if not state["skip_destroy"]:
            place.client("s3").delete_public_access_block(Bucket=state["id"])


class BucketPolicy(Setting):
    """aws_s3_bucket_policy."""

    type = "aws_s3_bucket_policy"
    label = "S3 Bucket Policy"
    gone = ("NoSuchBucket", "NoSuchBucketPolicy")
    args = frozen({**emulated("bucket"), "policy": Arg(same=policy)})

    @override
    def put(self, place: Place, new: Values) -> None:
        place.client("s3").put_bucket_policy(Bucket=new["bucket"], Policy=new["policy"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_bucket_policy(Bucket=state["id"])
        return {"bucket": state["id"], "policy": found["Policy"]}

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_policy(Bucket=state["id"])


class OwnershipControls(Setting):
    """aws_s3_bucket_ownership_controls."""

    type = "aws_s3_bucket_ownership_controls"
    label = "S3 Bucket Ownership Controls"
    gone = ("NoSuchBucket", "OwnershipControlsNotFoundError")
    args = frozen(emulated("bucket", "rule.object_ownership"))

    @override
    def put(self, place: Place, new: Values) -> None:
        rules = [{"ObjectOwnership": each["object_ownership"]} for each in new["rule"]]
        place.client("s3").put_bucket_ownership_controls(Bucket=new["bucket"], OwnershipControls={"Rules": rules})

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_bucket_ownership_controls(Bucket=state["id"])["OwnershipControls"]
        return {
            "bucket": state["id"],
            "rule": [{"object_ownership": each["ObjectOwnership"]} for each in found["Rules"]],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_ownership_controls(Bucket=state["id"])


RESOURCES: tuple[type[Resource], ...] = (Versioning, Encryption, PublicAccessBlock, BucketPolicy, OwnershipControls)
