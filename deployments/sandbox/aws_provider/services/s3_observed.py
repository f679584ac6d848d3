"""The settings that a bucket shows, although separate resources set them since version 4 of the real provider.

They are read with the bucket, as in the real provider. Until they are imported, they are part of it.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.aws_provider.aws import Place, code_of
from deployments.sandbox.aws_provider.values import Values, policy

SETTINGS = (
    *("cors_rule", "grant", "lifecycle_rule", "logging", "policy"),
    *("server_side_encryption_configuration", "versioning"),
)
"""The attributes of a bucket that are shown here."""

_ABSENT = (
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
)


def settings_of(place: Place, bucket: str, held: Any) -> Values:
    """Return all settings that a bucket shows.

    Args:
        place: the account and region.
        bucket: its name.
        held: its policy in the state, whose spelling is kept if it means the same.
    """
    ask: Any = {"place": place, "bucket": bucket}
    encrypted = _answer("get_bucket_encryption", **ask).get("ServerSideEncryptionConfiguration", {})
    document = _answer("get_bucket_policy", **ask).get("Policy")
    return {
        "cors_rule": [_cors(rule) for rule in _answer("get_bucket_cors", **ask).get("CORSRules", [])],
        "grant": _grants(_answer("get_bucket_acl", **ask).get("Grants", [])),
        "lifecycle_rule": [
            _lifecycle(rule) for rule in _answer("get_bucket_lifecycle_configuration", **ask).get("Rules", [])
        ],
        "logging": _logging(_answer("get_bucket_logging", **ask).get("LoggingEnabled")),
        "policy": held if policy(held) == policy(document) else document,
        "server_side_encryption_configuration": _encryption(encrypted.get("Rules", [])),
        "versioning": [_versioning(_answer("get_bucket_versioning", **ask))],
    }


def _answer(call: str, place: Place, bucket: str) -> Any:
    """Return S3's response to a call about a bucket; empty for a setting that the bucket does not have."""
    s3 = place.client("s3")
    try:
        return getattr(s3, call)(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if code_of(error) not in _ABSENT:
            raise
        return {}


def _versioning(found: Any) -> Values:
    return {"enabled": found.get("Status") == "Enabled", "mfa_delete": found.get("MFADelete") == "Enabled"}


def _logging(found: Any) -> list[Values]:
    if not found:
        return []
    return [{"target_bucket": found["TargetBucket"], "target_prefix": found.get("TargetPrefix", "")}]


def _encryption(rules: Any) -> list[Values]:
    shown = [
        {
            "bucket_key_enabled": rule.get("BucketKeyEnabled", False),
            "apply_server_side_encryption_by_default": [
                {"sse_algorithm": each["SSEAlgorithm"], "kms_master_key_id": each.get("KMSMasterKeyID", "")}
                for each in [rule.get("ApplyServerSideEncryptionByDefault")]
                if each
            ],
        }
        for rule in rules
    ]
    return [{"rule": shown}] if shown else []


def _cors(rule: Any) -> Values:
    return {
        "allowed_headers": rule.get("AllowedHeaders", []),
        "allowed_methods": rule["AllowedMethods"],
        "allowed_origins": rule["AllowedOrigins"],
        "expose_headers": rule.get("ExposeHeaders", []),
        "max_age_seconds": rule.get("MaxAgeSeconds", 0),
    }


def _grants(found: Any) -> list[Values]:
    """Return one grant for each grantee, with all of its permissions."""
    grants: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        grantee = each["Grantee"]
        who = (grantee.get("ID", ""), grantee["Type"], grantee.get("URI", ""))
        grants.setdefault(who, []).append(each["Permission"])
    return [{"id": i, "type": t, "uri": u, "permissions": sorted(may)} for (i, t, u), may in grants.items()]


def _lifecycle(rule: Any) -> Values:
    expiration, old = rule.get("Expiration"), rule.get("NoncurrentVersionExpiration")
    return {
        "id": rule.get("ID", ""),
        "enabled": rule["Status"] == "Enabled",
        "prefix": rule.get("Prefix") or rule.get("Filter", {}).get("Prefix", ""),
        "abort_incomplete_multipart_upload_days": rule.get("AbortIncompleteMultipartUpload", {}).get(
            "DaysAfterInitiation", 0
        ),
        "expiration": [_expiration(expiration)] if expiration else [],
        "noncurrent_version_expiration": [{"days": old["NoncurrentDays"]}] if old else [],
        "noncurrent_version_transition": [
            {"days": each.get("NoncurrentDays", 0), "storage_class": each["StorageClass"]}
            for each in rule.get("NoncurrentVersionTransitions", [])
        ],
        "transition": [
            {"date": "", "days": each.get("Days", 0), "storage_class": each["StorageClass"]}
            for each in rule.get("Transitions", [])
        ],
    }


def _expiration(found: Any) -> Values:
    return {
        "date": "",
        "days": found.get("Days", 0),
        "expired_object_delete_marker": found.get("ExpiredObjectDeleteMarker", False),
    }
