"""Access to a bucket from outside: its ACL, CORS rules, access logs and website."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import DataSource, Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.s3_settings import Setting
from deployments.sandbox.aws_provider.values import Values

_GROUPS = "http://acs.amazonaws.com/groups/"
_CANNED = {
    "private": set(),
    "public-read": {(f"{_GROUPS}global/AllUsers", "READ")},
    "public-read-write": {(f"{_GROUPS}global/AllUsers", "READ"), (f"{_GROUPS}global/AllUsers", "WRITE")},
    "authenticated-read": {(f"{_GROUPS}global/AuthenticatedUsers", "READ")},
    "log-delivery-write": {(f"{_GROUPS}s3/LogDelivery", "WRITE"), (f"{_GROUPS}s3/LogDelivery", "READ_ACP")},
}
"""{canned ACL: its grants}, without the owner's, who may do everything.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
"""


class BucketAcl(Setting):
    """aws_s3_bucket_acl, as a canned ACL. An ACL cannot be removed, so deleting this resource leaves it in place."""

    type = "aws_s3_bucket_acl"
    label = "S3 Bucket ACL"
    gone = ("NoSuchBucket",)
    args = frozen(emulated("acl", "bucket"))
    follows = frozen({"acl": ("id", "access_control_policy")})

    @override
    def locate(self, identity: str) -> Values:
        bucket, _, acl = identity.partition(",")
        return {"id": identity, "bucket": bucket, "acl": acl or None}

    @override
    def put(self, place: Place, new: Values) -> None:
        place.client("s3").put_bucket_acl(Bucket=new["bucket"], ACL=new["acl"])

    @override
    def create(self, place: Place, new: Values) -> str:
        self.put(place, new)
        return f"{new['bucket']},{new['acl']}"

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values:
        self.put(place, new)
        return {"id": f"{new['bucket']},{new['acl']}"}

    @override
    def read(self, place: Place, state: Values) -> Values:
        bucket = state["id"].partition(",")[0]
        grants = place.client("s3").get_bucket_acl(Bucket=bucket)["Grants"]
        found = {(each["Grantee"].get("URI"), each["Permission"]) for each in grants}
        others = {grant for grant in found if grant[0]}
        acl = next((name for name, granted in _CANNED.items() if granted == others), None)
        return {"bucket": bucket, "acl": acl}

    @override
    def delete(self, place: Place, state: Values) -> None:
        pass


_CORS = {
    "allowed_headers": "AllowedHeaders",
    "allowed_methods": "AllowedMethods",
    "allowed_origins": "AllowedOrigins",
    "expose_headers": "ExposeHeaders",
    "id": "ID",
    "max_age_seconds": "MaxAgeSeconds",
}


class Cors(Setting):
    """aws_s3_bucket_cors_configuration."""

    type = "aws_s3_bucket_cors_configuration"
    label = "S3 Bucket CORS Configuration"
    gone = ("NoSuchBucket", "NoSuchCORSConfiguration")
    args = frozen(emulated("bucket", "cors_rule.*"))

    @override
    def put(self, place: Place, new: Values) -> None:
        rules = [given(**{api: _whole(rule[name]) for name, api in _CORS.items()}) for rule in new["cors_rule"]]
        place.client("s3").put_bucket_cors(Bucket=new["bucket"], CORSConfiguration={"CORSRules": rules})

    @override
    def read(self, place: Place, state: Values) -> Values:
        rules = place.client("s3").get_bucket_cors(Bucket=state["id"])["CORSRules"]
        found = [{name: rule.get(api) for name, api in _CORS.items()} for rule in rules]
        return {"bucket": state["id"], "cors_rule": found}

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_cors(Bucket=state["id"])


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


class Logging(Setting):
    """aws_s3_bucket_logging."""

    type = "aws_s3_bucket_logging"
    label = "S3 Bucket Logging"
    gone = ("NoSuchBucket",)
    args = frozen(emulated("bucket", "target_bucket", "target_prefix"))

    @override
    def put(self, place: Place, new: Values) -> None:
        enabled = {"TargetBucket": new["target_bucket"], "TargetPrefix": new["target_prefix"]}
        place.client("s3").put_bucket_logging(Bucket=new["bucket"], BucketLoggingStatus={"LoggingEnabled": enabled})

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        found = place.client("s3").get_bucket_logging(Bucket=state["id"]).get("LoggingEnabled")
        return found and {
            "bucket": state["id"],
            "target_bucket": found["TargetBucket"],
            "target_prefix": found.get("TargetPrefix", ""),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").put_bucket_logging(Bucket=state["id"], BucketLoggingStatus={})


class Website(Setting):
    """aws_s3_bucket_website_configuration, without routing rules."""

    type = "aws_s3_bucket_website_configuration"
    label = "S3 Bucket Website Configuration"
    gone = ("NoSuchBucket", "NoSuchWebsiteConfiguration")
    args = frozen(
        emulated(
            "bucket",
            "error_document.key",
            "index_document.suffix",
            "redirect_all_requests_to.host_name",
            "redirect_all_requests_to.protocol",
        )
    )

    @override
    def put(self, place: Place, new: Values) -> None:
        errors, index, elsewhere = (
            new[name] for name in ("error_document", "index_document", "redirect_all_requests_to")
        )
        configuration = {
            **({"ErrorDocument": {"Key": errors[0]["key"]}} if errors else {}),
            **({"IndexDocument": {"Suffix": index[0]["suffix"]}} if index else {}),
            **({"RedirectAllRequestsTo": _redirect(elsewhere[0])} if elsewhere else {}),
        }
        place.client("s3").put_bucket_website(Bucket=new["bucket"], WebsiteConfiguration=configuration)

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("s3").get_bucket_website(Bucket=state["id"])
        errors, index = found.get("ErrorDocument"), found.get("IndexDocument")
        elsewhere, domain = found.get("RedirectAllRequestsTo"), f"s3-website-{place.region}.amazonaws.com"
        return {
            "bucket": state["id"],
            "error_document": [{"key": errors["Key"]}] if errors else [],
            "index_document": [{"suffix": index["Suffix"]}] if index else [],
            "redirect_all_requests_to": [{"host_name": elsewhere["HostName"], "protocol": elsewhere.get("Protocol")}]
            if elsewhere
            else [],
            "website_domain": domain,
            "website_endpoint": f"{state['id']}.{domain}",
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("s3").delete_bucket_website(Bucket=state["id"])


def _redirect(block: Values) -> dict[str, Any]:
    return {"HostName": block["host_name"], **given(Protocol=block["protocol"])}


class CanonicalUserId(DataSource):
    """aws_canonical_user_id."""

    type = "aws_canonical_user_id"
    service = "s3"
    label = "S3 Canonical User"

    @override
    def read(self, place: Place, config: Values, filled: Values) -> Values:
        owner = place.client("s3").list_buckets()["Owner"]
        return {"id": owner["ID"], "display_name": owner.get("DisplayName", "")}


RESOURCES: tuple[type[Resource], ...] = (BucketAcl, Cors, Logging, Website)
DATA_SOURCES: tuple[type[DataSource], ...] = (CanonicalUserId,)
