"""Policies, users and groups of IAM, and secrets."""

from __future__ import annotations

import json

from deployments.sandbox.aws_server.cloudformation.calls import Call, Each
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_ROLE_POLICY = {"RoleName": "{RoleName}", "PolicyName": "{PolicyName}"}


def _inline(whose: str) -> Each:
    """Return the calls for the inline policies of a role, user or group."""
    name = {f"{whose.title()}Name": "{id}", "PolicyName": "{item.PolicyName}"}
    return Each(
        "Policies",
        Call(f"put_{whose}_policy", {**name, "PolicyDocument": "{item.PolicyDocument}"}),
        Call(f"delete_{whose}_policy", name),
    )


def _attached(whose: str) -> Each:
    """Return the calls for the managed policies of a role, user or group."""
    both = {f"{whose.title()}Name": "{id}", "PolicyArn": "{item}"}
    return Each("ManagedPolicyArns", Call(f"attach_{whose}_policy", both), Call(f"detach_{whose}_policy", both))


def _put_on(whose: str) -> Each:
    """Return the calls for the roles, users or groups of an inline policy."""
    name = {f"{whose.title()}Name": "{item}", "PolicyName": "{PolicyName}"}
    return Each(
        f"{whose.title()}s",
        Call(f"put_{whose}_policy", {**name, "PolicyDocument": "{PolicyDocument}"}),
        Call(f"delete_{whose}_policy", name),
    )


def _attached_to(whose: str) -> Each:
    """Return the calls for the roles, users or groups of a managed policy."""
    both = {f"{whose.title()}Name": "{item}", "PolicyArn": "{id}"}
    return Each(f"{whose.title()}s", Call(f"attach_{whose}_policy", both), Call(f"detach_{whose}_policy", both))


def _member(property_: str, group: str, user: str) -> Each:
    both = {"GroupName": group, "UserName": user}
    return Each(property_, Call("add_user_to_group", both), Call("remove_user_from_group", both))


class Secret(ServiceKind):
    """AWS::SecretsManager::Secret, whose value AWS may generate."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties with the value that GenerateSecretString describes."""
        if "GenerateSecretString" not in p:
            return p
        asked = dict(p["GenerateSecretString"])
        key, text = asked.pop("GenerateStringKey", None), asked.pop("SecretStringTemplate", "{}")
        shape = {name: value for name, value in asked.items() if name != "PasswordLength"}
        length = int(asked.get("PasswordLength", 32))
        made = aws("secretsmanager").get_random_password(PasswordLength=length, **shape)["RandomPassword"]
        return {**p, "SecretString": json.dumps({**json.loads(text), key: made}) if key else made}


TYPES = {
    "AWS::IAM::Role": ServiceKind(
        service="iam",
        making=Call("create_role", found="Role"),
        id="RoleName",
        reading=Call("get_role", {"RoleName": "{id}"}, found="Role"),
        also={
            "ManagedPolicyArns": Call(
                "list_attached_role_policies", {"RoleName": "{id}"}, found="sort(AttachedPolicies[].PolicyArn)"
            ),
            "Policies": Call("list_role_policies", {"RoleName": "{id}"}, found="sort(PolicyNames)"),
        },
        changing=(
            Call(
                "update_assume_role_policy",
                {"RoleName": "{id}", "PolicyDocument": "{AssumeRolePolicyDocument}"},
                of=("AssumeRolePolicyDocument",),
            ),
            Call("update_role", {"RoleName": "{id}"}),
            Call("put_role_permissions_boundary", {"RoleName": "{id}"}),
        ),
        lists=(_inline("role"), _attached("role")),
        dropping=Call("delete_role", {"RoleName": "{id}"}),
        gives={"Arn": "Arn", "RoleId": "RoleId"},
        named=("RoleName", 64),
        tagging=Call("tag_role", {"RoleName": "{id}", "Tags": "{tags}"}),
        unset={"Description": ""},
    ),
    "AWS::IAM::InstanceProfile": ServiceKind(
        service="iam",
        making=Call("create_instance_profile", found="InstanceProfile"),
        id="InstanceProfileName",
        reading=Call(
            "get_instance_profile",
            {"InstanceProfileName": "{id}"},
            found="InstanceProfile.{ Path: Path, Arn: Arn, Roles: Roles[].RoleName }",
        ),
        lists=(
            Each(
                "Roles",
                Call("add_role_to_instance_profile", {"InstanceProfileName": "{id}", "RoleName": "{item}"}),
                Call("remove_role_from_instance_profile", {"InstanceProfileName": "{id}", "RoleName": "{item}"}),
            ),
        ),
        dropping=Call("delete_instance_profile", {"InstanceProfileName": "{id}"}),
        gives={"Arn": "Arn"},
        named=("InstanceProfileName", 128),
    ),
    "AWS::IAM::RolePolicy": ServiceKind(
        service="iam",
        making=Call("put_role_policy"),
        id="{PolicyName}|{RoleName}",
        reading=Call("get_role_policy", _ROLE_POLICY),
        changing=(Call("put_role_policy", _ROLE_POLICY),),
        dropping=Call("delete_role_policy", _ROLE_POLICY),
    ),
    "AWS::IAM::Policy": ServiceKind(
        service="iam",
        making=None,
        id="{name}",
        lists=(_put_on("role"), _put_on("user"), _put_on("group")),
        ignored=frozenset({"PolicyName", "PolicyDocument"}),
    ),
    "AWS::IAM::ManagedPolicy": ServiceKind(
        service="iam",
        making=Call("create_policy", found="Policy"),
        id="Arn",
        reading=Call(
            "get_policy_version",
            {"PolicyArn": "{id}", "VersionId": "v1"},
            found="PolicyVersion.{ PolicyDocument: Document }",
        ),
        lists=(_attached_to("role"), _attached_to("user"), _attached_to("group")),
        dropping=Call("delete_policy", {"PolicyArn": "{id}"}),
        gives={"PolicyArn": "{id}"},
        named=("ManagedPolicyName", 128),
        names={"ManagedPolicyName": "PolicyName"},
    ),
    "AWS::IAM::User": ServiceKind(
        service="iam",
        making=Call("create_user", found="User"),
        id="UserName",
        reading=Call("get_user", {"UserName": "{id}"}, found="User"),
        lists=(_inline("user"), _attached("user"), _member("Groups", "{item}", "{id}")),
        dropping=Call("delete_user", {"UserName": "{id}"}),
        gives={"Arn": "Arn"},
        named=("UserName", 64),
        tagging=Call("tag_user", {"UserName": "{id}", "Tags": "{tags}"}),
    ),
    "AWS::IAM::Group": ServiceKind(
        service="iam",
        making=Call("create_group", found="Group"),
        id="GroupName",
        reading=Call("get_group", {"GroupName": "{id}"}, found="Group"),
        lists=(_inline("group"), _attached("group")),
        dropping=Call("delete_group", {"GroupName": "{id}"}),
        gives={"Arn": "Arn"},
        named=("GroupName", 128),
    ),
    "AWS::IAM::UserToGroupAddition": ServiceKind(
        service="iam",
        making=None,
        id="{name}",
        lists=(_member("Users", "{GroupName}", "{item}"),),
        ignored=frozenset({"GroupName"}),
    ),
    "AWS::IAM::AccessKey": ServiceKind(
        service="iam",
        making=Call("create_access_key", found="AccessKey"),
        id="AccessKeyId",
        changing=(Call("update_access_key", {"UserName": "{UserName}", "AccessKeyId": "{id}"}, of=("Status",)),),
        dropping=Call("delete_access_key", {"UserName": "{UserName}", "AccessKeyId": "{id}"}),
        gives={"SecretAccessKey": "SecretAccessKey"},
        unset={"Status": "Active"},
        ignored=frozenset({"Serial"}),
    ),
    "AWS::SecretsManager::Secret": Secret(
        service="secretsmanager",
        making=Call("create_secret"),
        id="ARN",
        reading=Call("describe_secret", {"SecretId": "{id}"}),
        changing=(Call("update_secret", {"SecretId": "{id}"}),),
        dropping=Call("delete_secret", {"SecretId": "{id}", "ForceDeleteWithoutRecovery": True}),
        gives={"Id": "ARN"},
        named=("Name", 512),
        tagging=Call("tag_resource", {"SecretId": "{id}", "Tags": "{tags}"}),
        ignored=frozenset({"GenerateSecretString"}),
    ),
}
