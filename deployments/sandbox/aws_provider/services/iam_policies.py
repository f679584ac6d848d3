"""Managed policies of IAM. A change creates a new version; IAM keeps at most five."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.iam import MISSING, document
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, policy

_MOST_VERSIONS = 5


class ManagedPolicy(Resource):
    """aws_iam_policy. Its id is the ARN. `attachment_count` also counts what other resources attached."""

    type = "aws_iam_policy"
    service = "iam"
    label = "IAM Policy"
    shared = ("attachment_count",)
    gone = MISSING
    args = frozen({**emulated("description", "name", "name_prefix", "path"), "policy": Arg(same=policy)})
    reads = frozen({"attachment_count": "number"})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("iam").create_policy(
            PolicyName=name_for(new),
            Path=new["path"],
            PolicyDocument=new["policy"],
            **given(Description=new["description"], Tags=as_pairs(new["tags_all"])),
        )
        return str(answer["Policy"]["Arn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        iam, arn = place.client("iam"), state["id"]
        others = [each for each in self._versions(place, arn) if not each["IsDefaultVersion"]]
        if len(others) + 1 >= _MOST_VERSIONS:
            oldest = min(others, key=lambda each: each["CreateDate"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=new["policy"], SetAsDefault=True)

    def _versions(self, place: Place, arn: str) -> list[Values]:
        return list(place.client("iam").list_policy_versions(PolicyArn=arn)["Versions"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        iam, arn = place.client("iam"), state["id"]
        found = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
        return {
            "arn": arn,
            "attachment_count": found.get("AttachmentCount", 0),
            "description": found.get("Description"),
            "name": found["PolicyName"],
            "path": found["Path"],
            "policy": document(version["Document"]),
            "policy_id": found["PolicyId"],
            "tags_all": from_pairs(found.get("Tags")),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("iam").untag_policy(PolicyArn=state["id"], TagKeys=removed)
        if added:
            place.client("iam").tag_policy(PolicyArn=state["id"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        iam, arn = place.client("iam"), state["id"]
        for each in self._versions(place, arn):
            if not each["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=each["VersionId"])
        iam.delete_policy(PolicyArn=arn)


RESOURCES: tuple[type[Resource], ...] = (ManagedPolicy,)
