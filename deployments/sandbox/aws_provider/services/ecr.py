"""ECR repositories and their lifecycle policies."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, json_text


class Repository(Resource):
    """aws_ecr_repository."""

    type = "aws_ecr_repository"
    service = "ecr"
    label = "ECR Repository"
    gone = ("RepositoryNotFoundException",)
    args = frozen(
        {
            **emulated(
                "name",
                "encryption_configuration.encryption_type",
                "encryption_configuration.kms_key",
                "force_delete",
                "image_scanning_configuration.scan_on_push",
                "image_tag_mutability",
            ),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        encryption = [
            {"encryptionType": each["encryption_type"], **given(kmsKey=each["kms_key"])}
            for each in new["encryption_configuration"]
        ]
        place.client("ecr").create_repository(
            repositoryName=new["name"],
            imageTagMutability=new["image_tag_mutability"],
            **given(
                encryptionConfiguration=encryption[0] if encryption else None,
                imageScanningConfiguration=_scanning(new),
                tags=as_pairs(new["tags_all"]),
            ),
        )
        return str(new["name"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        ecr, name = place.client("ecr"), state["id"]
        if "image_tag_mutability" in changed:
            ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=new["image_tag_mutability"])
        if "image_scanning_configuration" in changed:
            scanning = _scanning(new) or {"scanOnPush": False}
            ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=scanning)

    @override
    def read(self, place: Place, state: Values) -> Values:
        ecr = place.client("ecr")
        found = ecr.describe_repositories(repositoryNames=[state["id"]])["repositories"][0]
        encryption, scanning = found.get("encryptionConfiguration"), found.get("imageScanningConfiguration")
        shown = encryption and {
            "encryption_type": encryption["encryptionType"],
            "kms_key": encryption.get("kmsKey", ""),
        }
        return {
            "arn": found["repositoryArn"],
            "name": found["repositoryName"],
            "registry_id": found["registryId"],
            "repository_url": found["repositoryUri"],
            "image_tag_mutability": found["imageTagMutability"],
            "encryption_configuration": [shown] if shown else [],
            "image_scanning_configuration": [{"scan_on_push": scanning["scanOnPush"]}] if scanning else [],
            "tags_all": from_pairs(ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("ecr").untag_resource(resourceArn=state["arn"], tagKeys=removed)
        if added:
            place.client("ecr").tag_resource(resourceArn=state["arn"], tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ecr").delete_repository(repositoryName=state["id"], force=bool(state["force_delete"]))


def _scanning(new: Values) -> dict[str, bool] | None:
    blocks = new["image_scanning_configuration"]
    return {"scanOnPush": bool(blocks[0]["scan_on_push"])} if blocks else None


class LifecyclePolicy(Resource):
    """aws_ecr_lifecycle_policy."""

    type = "aws_ecr_lifecycle_policy"
    service = "ecr"
    label = "ECR Lifecycle Policy"
    gone = ("RepositoryNotFoundException", "LifecyclePolicyNotFoundException")
    args = frozen({**emulated("repository"), "policy": Arg(same=json_text)})

    @override
    def create(self, place: Place, new: Values) -> str:
        place.client("ecr").put_lifecycle_policy(repositoryName=new["repository"], lifecyclePolicyText=new["policy"])
        return str(new["repository"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("ecr").get_lifecycle_policy(repositoryName=state["id"])
        return {
            "policy": found["lifecyclePolicyText"],
            "repository": found["repositoryName"],
            "registry_id": found["registryId"],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ecr").delete_lifecycle_policy(repositoryName=state["id"])


RESOURCES: tuple[type[Resource], ...] = (Repository, LifecyclePolicy)
