"""S3 buckets. The settings of a bucket are resources of their own: see `s3_settings`."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place, code_of
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.services.s3_observed import SETTINGS, settings_of
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values

# The hosted zones of S3's website endpoints (AWS General Reference). Only eu-west-1 is needed here.
_ZONES = {"eu-west-1": "Z1BKCTXD74EZPE"}
# The longest name that S3 allows.
LONGEST_NAME = 63


class Bucket(Resource):
    """aws_s3_bucket. Settings that provider 4 moved to separate resources are shown but cannot be set here."""

    type = "aws_s3_bucket"
    service = "s3"
    label = "S3 Bucket"
    gone = ("NoSuchBucket", "404")
    args = frozen(emulated("bucket", "bucket_prefix", "force_destroy", "object_lock_enabled"))
    shared = SETTINGS

    @override
    def create(self, place: Place, new: Values) -> str:
        named = {"name": new["bucket"], "name_prefix": new["bucket_prefix"]}
        name = name_for(named, longest=LONGEST_NAME)
        where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        place.client("s3").create_bucket(
            Bucket=name,
            **({} if place.region == "us-east-1" else where),
            **({"ObjectLockEnabledForBucket": True} if new["object_lock_enabled"] else {}),
        )
        return name

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["tags_all"]:
            self._put_tags(place, new["id"], new["tags_all"])

    def _put_tags(self, place: Place, name: str, tags: Tags) -> None:
        if tags:
            place.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": as_pairs(tags)})
        else:
            place.client("s3").delete_bucket_tagging(Bucket=name)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        """Do nothing: only `force_destroy` can change in place, and Terraform alone uses it."""

    @override
    def read(self, place: Place, state: Values) -> Values:
        s3, name = place.client("s3"), state["id"]
        s3.head_bucket(Bucket=name)
        return {
            "arn": f"arn:aws:s3:::{name}",
            "bucket": name,
            "bucket_domain_name": f"{name}.s3.amazonaws.com",
            "bucket_region": place.region,
            "bucket_regional_domain_name": f"{name}.s3.{place.region}.amazonaws.com",
            "hosted_zone_id": _ZONES.get(place.region),
            "tags_all": self._tags(place, name),
            **settings_of(place, name, state["policy"]),
        }

    def _tags(self, place: Place, name: str) -> dict[str, str]:
        try:
            return from_pairs(place.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
        except place.client("s3").exceptions.ClientError as error:
            if code_of(error) != "NoSuchTagSet":
                raise
            return {}

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        kept = {key: value for key, value in self._tags(place, state["id"]).items() if key not in removed}
        self._put_tags(place, state["id"], {**kept, **added})

    @override
    def delete(self, place: Place, state: Values) -> None:
        if state["force_destroy"]:
            self._empty(place, state["id"])
        place.client("s3").delete_bucket(Bucket=state["id"])

    def _empty(self, place: Place, name: str) -> None:
        for page in place.client("s3").get_paginator("list_object_versions").paginate(Bucket=name):
            found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            if keys:
                place.client("s3").delete_objects(Bucket=name, Delete={"Objects": keys})


RESOURCES: tuple[type[Resource], ...] = (Bucket,)
