"""Buckets and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_BUCKET = {"Bucket": "{id}"}


class Bucket(ServiceKind):
    """AWS::S3::Bucket, some of whose properties have other names in S3's API."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties in the form of S3's API, with the region of the bucket."""
        found = {key: _SPELT[key](value) if key in _SPELT else value for key, value in p.items()}
        if "LoggingConfiguration" in found:
            found["LoggingConfiguration"] = {
                "TargetBucket": p["BucketName"],
                "TargetPrefix": "",
                **found["LoggingConfiguration"],
            }
        return found if aws.region == "us-east-1" else {**found, "Region": aws.region}


def _notifications(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Convert NotificationConfiguration: a template has one event for each destination, the API a list of events."""
    kinds = {"LambdaConfigurations": "Function", "QueueConfigurations": "Queue", "TopicConfigurations": "Topic"}
    names = {"Function": "LambdaFunctionArn", "Queue": "QueueArn", "Topic": "TopicArn"}
    found: dict[str, Any] = {}
    for kind, whom in kinds.items():
        items = declared.get(kind, [])
        spelt = [{names[whom]: item[whom], "Events": [item["Event"]], **_filter(item)} for item in items]
        if spelt:
            found["LambdaFunctionConfigurations" if whom == "Function" else kind] = spelt
    return found


def _filter(item: Mapping[str, Any]) -> dict[str, Any]:
    rules = item.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _lifecycle(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Convert LifecycleConfiguration, where a template names numbers of days after what happens then."""
    return {"Rules": [_rule(rule) for rule in declared["Rules"]]}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: rule[key] for key in ("Id", "Status", "AbortIncompleteMultipartUpload") if key in rule}
    moves = [*rule.get("Transitions", []), *([rule["Transition"]] if "Transition" in rule else [])]
    days = {"ExpirationInDays": "Expiration", "NoncurrentVersionExpirationInDays": "NoncurrentVersionExpiration"}
    unit = {"Expiration": "Days", "NoncurrentVersionExpiration": "NoncurrentDays"}
    return {
        **kept,
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **{name: {unit[name]: rule[key]} for key, name in days.items() if key in rule},
        **(
            {"Transitions": [{"Days": m["TransitionInDays"], "StorageClass": m["StorageClass"]} for m in moves]}
            if moves
            else {}
        ),
    }


def _website(declared: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"IndexDocument": "Suffix", "ErrorDocument": "Key"}
    return {key: {renamed[key]: value} if key in renamed else value for key, value in declared.items()}


_SPELT = {
    "NotificationConfiguration": _notifications,
    "LifecycleConfiguration": _lifecycle,
    "WebsiteConfiguration": _website,
}


def _put(operation: str, property_: str, argument: str, value: Any) -> Call:
    return Call(operation, {**_BUCKET, argument: value}, of=(property_,))


TYPES = {
    "AWS::S3::Bucket": Bucket(
        service="s3",
        making=Call(
            "create_bucket",
            of=("BucketName",),
            when={
                "Region": {"CreateBucketConfiguration": {"LocationConstraint": "{Region}"}},
                "ObjectLockEnabled": {"ObjectLockEnabledForBucket": "{ObjectLockEnabled}"},
                "AccessControl": {"ACL": "{AccessControl:kebab}"},
            },
        ),
        id="{BucketName}",
        reading=Call("head_bucket", _BUCKET),
        also={
            "VersioningConfiguration": Call("get_bucket_versioning", _BUCKET, found="{ Status: Status }"),
            "PublicAccessBlockConfiguration": Call(
                "get_public_access_block", _BUCKET, found="PublicAccessBlockConfiguration"
            ),
            "BucketEncryption": Call("get_bucket_encryption", _BUCKET, found="ServerSideEncryptionConfiguration"),
            "LifecycleConfiguration": Call("get_bucket_lifecycle_configuration", _BUCKET, found="Rules"),
        },
        changing=(
            _put(
                "put_bucket_ownership_controls",
                "OwnershipControls",
                "OwnershipControls",
                "{OwnershipControls}",
            ),
            _put(
                "put_bucket_versioning",
                "VersioningConfiguration",
                "VersioningConfiguration",
                "{VersioningConfiguration}",
            ),
            _put(
                "put_public_access_block",
                "PublicAccessBlockConfiguration",
                "PublicAccessBlockConfiguration",
                "{PublicAccessBlockConfiguration}",
            ),
            _put(
                "put_bucket_encryption",
                "BucketEncryption",
                "ServerSideEncryptionConfiguration",
                {"Rules": "{BucketEncryption.ServerSideEncryptionConfiguration}"},
            ),
            _put(
                "put_bucket_logging",
                "LoggingConfiguration",
                "BucketLoggingStatus",
                {"LoggingEnabled": "{LoggingConfiguration}"},
            ),
            _put(
                "put_object_lock_configuration",
                "ObjectLockConfiguration",
                "ObjectLockConfiguration",
                "{ObjectLockConfiguration}",
            ),
            _put(
                "put_bucket_replication",
                "ReplicationConfiguration",
                "ReplicationConfiguration",
                "{ReplicationConfiguration}",
            ),
            _put(
                "put_bucket_lifecycle_configuration",
                "LifecycleConfiguration",
                "LifecycleConfiguration",
                "{LifecycleConfiguration}",
            ),
            _put(
                "put_bucket_notification_configuration",
                "NotificationConfiguration",
                "NotificationConfiguration",
                "{NotificationConfiguration}",
            ),
            _put("put_bucket_website", "WebsiteConfiguration", "WebsiteConfiguration", "{WebsiteConfiguration}"),
            _put(
                "put_bucket_cors",
                "CorsConfiguration",
                "CORSConfiguration",
                {"CORSRules": "{CorsConfiguration.CorsRules}"},
            ),
        ),
        dropping=Call("delete_bucket", _BUCKET),
        gives={
            "Arn": "arn:aws:s3:::{id}",
            "DomainName": "{id}.s3.amazonaws.com",
            "RegionalDomainName": "{id}.s3.{region}.amazonaws.com",
            "DualStackDomainName": "{id}.s3.dualstack.{region}.amazonaws.com",
            "WebsiteURL": "http://{id}.s3-website-{region}.amazonaws.com",
        },
        named=("BucketName", 63),
        lowered=True,
        names={
            "BucketName": "Bucket",
            "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
            "DestinationBucketName": "TargetBucket",
            "LogFilePrefix": "TargetPrefix",
            "ExposedHeaders": "ExposeHeaders",
            "MaxAge": "MaxAgeSeconds",
        },
        tagging=Call("put_bucket_tagging", {**_BUCKET, "Tagging": {"TagSet": "{tags}"}}),
        unset={"VersioningConfiguration": {"Status": "Suspended"}, "NotificationConfiguration": {}},
        puts=True,
    ),
    "AWS::S3::BucketPolicy": ServiceKind(
        service="s3",
        making=Call("put_bucket_policy", {"Policy": "{PolicyDocument}"}),
        id="{Bucket}",
        reading=Call("get_bucket_policy", {"Bucket": "{Bucket}"}, found="{ PolicyDocument: Policy }"),
        changing=(
            Call("put_bucket_policy", {"Bucket": "{Bucket}", "Policy": "{PolicyDocument}"}, of=("PolicyDocument",)),
        ),
        dropping=Call("delete_bucket_policy", {"Bucket": "{Bucket}"}),
    ),
}
