"""IAM roles and their permissions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, policy

MISSING = ("NoSuchEntity", "NoSuchEntityException")


def stamp(moment: datetime) -> str:
    """Return a time in the real provider's format."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(answer: Any) -> str:
    """Return a policy as text; boto3 returns IAM's policies already parsed."""
    return answer if isinstance(answer, str) else json.dumps(answer)


def _attached(place: Place, role: str) -> list[str]:
    pages = place.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]]


def _inline(place: Place, role: str, held: list[Values]) -> list[Values]:
    """Return the inline policies of a role, in the spelling of the state where that means the same."""
    spelled = {each["name"]: each["policy"] for each in held}
    iam = place.client("iam")
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    names = [name for page in pages for name in page["PolicyNames"]]
    found = [iam.get_role_policy(RoleName=role, PolicyName=name) for name in names]
    documents = {each["PolicyName"]: document(each["PolicyDocument"]) for each in found}
    return [
        {"name": name, "policy": spelled[name] if policy(text) == policy(spelled.get(name)) else text}
        for name, text in documents.items()
    ]


class Role(Resource):
    """aws_iam_role. `managed_policy_arns` and `inline_policy` also show policies that other resources attached."""

    type = "aws_iam_role"
    service = "iam"
    label = "IAM Role"
    shared = ("inline_policy", "managed_policy_arns")
    gone = MISSING
    args = frozen(
        {
            **emulated(
                "description",
                "force_detach_policies",
                "max_session_duration",
                "name",
                "name_prefix",
                "path",
                "permissions_boundary",
            ),
            "assume_role_policy": Arg(same=policy),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new)
        place.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=new["assume_role_policy"],
            MaxSessionDuration=int(new["max_session_duration"]),
            Path=new["path"],
            **given(
                Description=new["description"],
                PermissionsBoundary=new["permissions_boundary"],
                Tags=as_pairs(new["tags_all"]),
            ),
        )
        return name

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        iam, name = place.client("iam"), state["id"]
        if "assume_role_policy" in changed:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=new["assume_role_policy"])
        if changed & {"description", "max_session_duration"}:
            duration = int(new["max_session_duration"])
            iam.update_role(RoleName=name, Description=new["description"] or "", MaxSessionDuration=duration)
        if "permissions_boundary" in changed and new["permissions_boundary"]:
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=new["permissions_boundary"])
        elif "permissions_boundary" in changed:
            iam.delete_role_permissions_boundary(RoleName=name)

    @override
    def read(self, place: Place, state: Values) -> Values:
        role = place.client("iam").get_role(RoleName=state["id"])["Role"]
        return {
            "arn": role["Arn"],
            "assume_role_policy": document(role["AssumeRolePolicyDocument"]),
            "create_date": stamp(role["CreateDate"]),
            "description": role.get("Description"),
            "inline_policy": _inline(place, role["RoleName"], state["inline_policy"]),
            "managed_policy_arns": _attached(place, role["RoleName"]),
            "max_session_duration": role.get("MaxSessionDuration"),
            "name": role["RoleName"],
            "path": role["Path"],
            "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "unique_id": role["RoleId"],
            "tags_all": from_pairs(role.get("Tags")),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("iam").untag_role(RoleName=state["id"], TagKeys=removed)
        if added:
            place.client("iam").tag_role(RoleName=state["id"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        iam, name = place.client("iam"), state["id"]
        for profile in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]:
            profile_name = profile["InstanceProfileName"]
            iam.remove_role_from_instance_profile(InstanceProfileName=profile_name, RoleName=name)
        if state["force_detach_policies"]:
            self._detach_all(place, name)
        iam.delete_role(RoleName=name)

    def _detach_all(self, place: Place, name: str) -> None:
        iam = place.client("iam")
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)


class RolePolicy(Resource):
    """aws_iam_role_policy. Its id is role:name."""

    type = "aws_iam_role_policy"
    service = "iam"
    label = "IAM Role Policy"
    gone = MISSING
    args = frozen({**emulated("name", "name_prefix", "role"), "policy": Arg(same=policy)})

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new)
        self._put(place, new["role"], name, new["policy"])
        return f"{new['role']}:{name}"

    def _put(self, place: Place, role: str, name: str, document: str) -> None:
        place.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._put(place, state["role"], state["name"], new["policy"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        role, _, name = state["id"].partition(":")
        answer = place.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {"name": name, "role": role, "policy": document(answer["PolicyDocument"])}

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("iam").delete_role_policy(RoleName=state["role"], PolicyName=state["name"])


class RolePolicyAttachment(Resource):
    """aws_iam_role_policy_attachment. Its id is role/policy ARN."""

    type = "aws_iam_role_policy_attachment"
    service = "iam"
    label = "IAM Role Policy Attachment"
    gone = MISSING
    args = frozen(emulated("policy_arn", "role"))

    @override
    def create(self, place: Place, new: Values) -> str:
        place.client("iam").attach_role_policy(RoleName=new["role"], PolicyArn=new["policy_arn"])
        return f"{new['role']}/{new['policy_arn']}"

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        role, _, arn = state["id"].partition("/")
        return {"role": role, "policy_arn": arn} if arn in _attached(place, role) else None

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("iam").detach_role_policy(RoleName=state["role"], PolicyArn=state["policy_arn"])


RESOURCES: tuple[type[Resource], ...] = (Role, RolePolicy, RolePolicyAttachment)
