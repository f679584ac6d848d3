"""Lists every type that the stand-in emulates, by name."""

from __future__ import annotations

from deployments.sandbox.aws_provider.resource import DataSource, Resource
from deployments.sandbox.aws_provider.services import (
    autoscaling,
    cloudwatch,
    database,
    defaults,
    dynamodb,
    ecr,
    elb,
    iam,
    iam_identity,
    iam_policies,
    instance,
    kms,
    launch_template,
    listener,
    listener_rules,
    logs,
    network,
    network_acls,
    rds,
    rds_options,
    reads,
    route53,
    routes,
    s3,
    s3_access,
    s3_lifecycle,
    s3_settings,
    scaling_policy,
    security,
    security_rules,
    sns,
    ssm,
    target_group,
)

_MODULES = (
    *(network, network_acls, routes, security, security_rules, defaults, logs),
    *(iam, iam_policies, iam_identity, kms, rds, rds_options, database, dynamodb),
    *(launch_template, instance, autoscaling, scaling_policy, elb, target_group, listener, listener_rules),
    *(cloudwatch, sns, ssm, route53, s3, s3_settings, s3_access, s3_lifecycle, ecr),
)

RESOURCES: dict[str, Resource] = {cls.type: cls() for module in _MODULES for cls in module.RESOURCES}
DATA_SOURCES: dict[str, DataSource] = {
    cls.type: cls() for module in (reads, s3_access) for cls in module.DATA_SOURCES
}
