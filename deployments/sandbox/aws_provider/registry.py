"""Every type that the stand-in emulates, by name."""

from __future__ import annotations

from deployments.sandbox.aws_provider.resource import DataSource, Resource
from deployments.sandbox.aws_provider.services import (
    autoscaling,
    cloudwatch,
    database,
    dynamodb,
    ecr,
    elb,
    iam,
    iam_identity,
    instance,
    kms,
    launch_template,
    listener,
    logs,
    network,
    rds,
    reads,
    route53,
    routes,
    s3,
    s3_lifecycle,
    s3_settings,
    scaling_policy,
    security,
    sns,
    target_group,
)

_MODULES = (
    *(network, routes, security, logs),
    *(iam, iam_identity, kms, rds, database, dynamodb),
    *(launch_template, instance, autoscaling, scaling_policy, elb, target_group, listener),
    *(cloudwatch, sns, route53, s3, s3_settings, s3_lifecycle, ecr),
)

RESOURCES: dict[str, Resource] = {cls.type: cls() for module in _MODULES for cls in module.RESOURCES}
DATA_SOURCES: dict[str, DataSource] = {cls.type: cls() for cls in reads.DATA_SOURCES}
