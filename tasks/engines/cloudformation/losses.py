"""Decide whether deleting or replacing a resource loses something. Pure.

Every type counts as holding something that its template cannot restore, unless it is listed here. A listed type is
fully described by its properties. Its physical ids still change, which is why such a loss still needs care.

Sources: the "Return values" and "Update requires" of each type in the CloudFormation template reference. Each
service's documentation says whether the resource stores data, history, or an identity that others keep outside of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tasks.domain.plan import Action, Change, Reversibility

_LOST = (Action.DELETE, Action.FORGET, Action.REPLACE)

REPRODUCIBLE = frozenset(
    {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGateway::Stage",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::AutoScaling::LifecycleHook",
        "AWS::AutoScaling::ScalingPolicy",
        "AWS::AutoScaling::ScheduledAction",
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::Budgets::Budget",
        "AWS::CloudFormation::WaitCondition",
        "AWS::CloudFormation::WaitConditionHandle",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::AnomalyDetector",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::NetworkAclEntry",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetNetworkAclAssociation",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::Events::Rule",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::SubscriptionFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
        "AWS::ServiceDiscovery::Service",
        "AWS::StepFunctions::StateMachine",
        "AWS::WAFv2::WebACLAssociation",
    }
)
"""Types that an earlier template restores completely."""


def loses_data(kind: str) -> bool:
    """Tell whether deleting a resource of this type may lose something that no template restores."""
    return kind not in REPRODUCIBLE


def in_doubt(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the addresses of resources that may well be replaced.

    CloudFormation says Conditional of every resource that refers to a changed one, too. What `Ref` returns stays the
    same as long as the other resource is not replaced.
    """
    found = {str(body["LogicalResourceId"]): body for item in items if (body := item.get("ResourceChange"))}
    staying = {name for name, body in found.items() if body.get("Replacement") == "False"}
    return tuple(
        name
        for name, body in found.items()
        if body.get("Replacement") == "Conditional"
        and (not body.get("Details") or any(_may_recreate(detail, staying) for detail in body["Details"]))
    )


def _may_recreate(detail: Mapping[str, Any], staying: Collection[str]) -> bool:
    if detail.get("Target", {}).get("RequiresRecreation", "Never") == "Never":
        return False
    return not (detail.get("ChangeSource") == "ResourceReference" and detail.get("CausingEntity") in staying)


def reversibility(
    planned: Iterable[Change], protected: bool, *, doubtful: Collection[str] = (), retained: Iterable[str] = ()
) -> Reversibility:
    """Return how far an apply can be undone.

    Losing a resource that may hold data, or any resource of a protected unit, is irreversible, and so is a change
    that may lose it. Other losses and possible replacements need care.

    Args:
        planned: the changes.
        protected: whether the unit is protected.
        doubtful: addresses of resources that may be replaced.
        retained: addresses of resources that stay in the account.
    """
    lost = [change for change in planned if change.action in _LOST or change.address in doubtful]
    gone = [change for change in lost if change.address not in {*retained}]
    if any(protected or loses_data(change.kind) for change in gone):
        return Reversibility.IRREVERSIBLE
    return Reversibility.NEEDS_CARE if lost else Reversibility.REVERSIBLE
