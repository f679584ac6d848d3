"""What moto leaves undone where the product looks, done here; one function a gap, each with what AWS does instead.

Checked against moto 5.2.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.utils import parse_user_data
from moto.elbv2.models import elbv2_backends

from deployments.sandbox.aws_server import backup, cloudformation, images


def close() -> None:
    """Close all gaps, in this process."""
    _terminated_instances_leave_their_target_groups()
    _new_launch_template_versions_have_user_data()
    backup.install()
    cloudformation.install()
    images.close()


def _terminated_instances_leave_their_target_groups() -> None:
    """An instance that an auto scaling group ends is deregistered from the group's target groups.

    moto does so only for TerminateInstances: after a scale-in the instances that are gone stay "healthy" targets.
    """
    terminate = EC2Backend.terminate_instances

    def terminate_and_tell(backend: EC2Backend, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        elbv2_backends[backend.account_id][backend.region_name].notify_terminate_instances(instance_ids)
        return ended

    EC2Backend.terminate_instances = terminate_and_tell  # type: ignore[method-assign,assignment]


def _new_launch_template_versions_have_user_data() -> None:
    """A new version of a launch template holds user data in the same form as the first.

    moto converts it only in CreateLaunchTemplate: an auto scaling group that uses a later version makes it answer
    with an internal error.
    """
    create = LaunchTemplate.create_version

    def create_converted(template: LaunchTemplate, data: dict[str, Any], description: str) -> Any:
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        return create(template, data, description)

    LaunchTemplate.create_version = create_converted  # type: ignore[method-assign,assignment]
