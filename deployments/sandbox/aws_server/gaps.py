"""Corrects moto where it differs from AWS in ways that matter to the product.

Each function closes one gap, and its docstring says what AWS does and what moto does instead. Checked against
moto 5.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.codebuild import responses as codebuild_responses
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.network_acls import NetworkACLs
from moto.ec2.utils import parse_user_data
from moto.elbv2.models import elbv2_backends
from moto.iam.policy_validation import VALID_VERSIONS, BaseIAMPolicyValidator
from moto.s3 import models as s3_models
from moto.s3 import responses as s3_responses

from deployments.sandbox.aws_server import backup, cloudformation, images


def close() -> None:
    """Close all gaps in this process."""
    _terminated_instances_leave_their_target_groups()
    _an_instance_has_the_groups_of_its_interface()
    _new_launch_template_versions_have_user_data()
    _acl_entries_keep_their_icmp_type()
    _grants_of_canned_acls_are_listed_one_by_one()
    _policies_need_no_version()
    _builds_of_pipelines_need_no_location()
    _logging_is_set_before_it_is_permitted()
    backup.install()
    cloudformation.install()
    images.close()


def _terminated_instances_leave_their_target_groups() -> None:
    """Deregister an instance from its target groups when its auto scaling group terminates it.

    moto does so only for TerminateInstances. After a scale-in, instances that no longer exist would stay "healthy"
    targets.
    """
    terminate = EC2Backend.terminate_instances

    def terminate_and_tell(backend: EC2Backend, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        elbv2_backends[backend.account_id][backend.region_name].notify_terminate_instances(instance_ids)
        return ended

    EC2Backend.terminate_instances = terminate_and_tell  # type: ignore[method-assign,assignment]


def _an_instance_has_the_groups_of_its_interface() -> None:
    """Give an instance the security groups that RunInstances names for its first interface; moto ignores them."""
    run = EC2Backend.run_instances

    def run_with_groups(backend: EC2Backend, image_id: str, *others: Any, **asked: Any) -> Any:
        for interface in asked.get("nics") or []:
            if int(interface["DeviceIndex"]) == 0:
                asked["security_group_ids"] = [*asked["security_group_ids"], *interface.pop("Groups", [])]
        return run(backend, image_id, *others, **asked)

    EC2Backend.run_instances = run_with_groups  # type: ignore[method-assign,assignment]


def _new_launch_template_versions_have_user_data() -> None:
    """Store the user data of every version of a launch template in the same form as that of the first.

    moto converts user data only in CreateLaunchTemplate. If an auto scaling group uses a later version, moto responds
    with an internal error.
    """
    create = LaunchTemplate.create_version

    def create_converted(template: LaunchTemplate, data: dict[str, Any], description: str) -> Any:
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        return create(template, data, description)

    LaunchTemplate.create_version = create_converted  # type: ignore[method-assign,assignment]


def _acl_entries_keep_their_icmp_type() -> None:
    """Read the ICMP type and code of a network ACL entry under the names that requests use; moto uses other names."""
    ask = NetworkACLs._get_param
    named = {"Icmp.Code": "IcmpTypeCode.Code", "Icmp.Type": "IcmpTypeCode.Type"}

    def ask_by_the_right_name(answering: NetworkACLs, name: str, if_none: Any = None) -> Any:
        return ask(answering, named.get(name, name), if_none)

    NetworkACLs._get_param = ask_by_the_right_name  # type: ignore[method-assign,assignment]


def _grants_of_canned_acls_are_listed_one_by_one() -> None:
    """List one permission in each grant of GetBucketAcl; moto shows only one of a canned ACL's grant with two."""
    make = s3_models.get_canned_acl

    def make_one_by_one(acl: str) -> s3_models.FakeAcl:
        grants = make(acl).grants
        single = [s3_models.FakeGrant(grant.grantees, [each]) for grant in grants for each in grant.permissions]
        return s3_models.FakeAcl(single)

    s3_responses.get_canned_acl = make_one_by_one  # type: ignore[attr-defined]


def _policies_need_no_version() -> None:
    """Accept policies without Version, which AWS treats as 2008-10-17; moto accepts 2012-10-17 only."""

    def validate(validator: BaseIAMPolicyValidator) -> None:
        if validator._policy_json.get("Version", VALID_VERSIONS[0]) not in VALID_VERSIONS:
            raise AssertionError

    BaseIAMPolicyValidator._validate_version = validate  # type: ignore[method-assign,assignment]


def _builds_of_pipelines_need_no_location() -> None:
    """Let CodeBuild projects omit the location of what CodePipeline passes to them, and of a missing source.

    These are sources of type CODEPIPELINE and NO_SOURCE, and artifacts of type CODEPIPELINE.
    """
    for name, free in (("source", ("CODEPIPELINE", "NO_SOURCE")), ("artifacts", ("CODEPIPELINE",))):
        function = f"_validate_required_params_{name}"
        setattr(codebuild_responses, function, _unless(free, getattr(codebuild_responses, function)))


def _unless(free: tuple[str, ...], refuse: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def refuse_others(given: dict[str, Any]) -> None:
        if given["type"] not in free:
            refuse(given)

    return refuse_others


def _logging_is_set_before_it_is_permitted() -> None:
    """Accept a PutBucketLogging target whose policy does not permit logs yet.

    AWS accepts it, and the logs arrive as soon as the policy permits them.
    """
    s3_models.FakeBucket._log_permissions_enabled_policy = staticmethod(lambda **_: True)  # type: ignore[method-assign,assignment]
