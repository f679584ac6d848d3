"""What moto leaves undone where the product looks, done here; one function a gap, each with what AWS does instead.

Checked against moto 5.2.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.elbv2.models import elbv2_backends


def close() -> None:
    """Close all gaps, in this process."""
    _terminated_instances_leave_their_target_groups()


def _terminated_instances_leave_their_target_groups() -> None:
    """An instance that an auto scaling group ends is deregistered from the group's target groups.

    moto does so only for TerminateInstances: after a scale-in the instances that are gone stay "healthy" targets.
    """
    terminate = EC2Backend.terminate_instances

    def terminate_and_tell(backend: EC2Backend, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        elbv2_backends[backend.account_id][backend.region_name].notify_terminate_instances(instance_ids)
        return ended

    EC2Backend.terminate_instances = terminate_and_tell  # type: ignore[method-assign]
