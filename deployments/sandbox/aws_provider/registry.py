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

_CLASSES: tuple[type[Resource], ...] = (
    *(network.RESOURCES + routes.RESOURCES + security.RESOURCES + logs.RESOURCES),
    *(
        iam.RESOURCES
        + iam_identity.RESOURCES
        + kms.RESOURCES
        + rds.RESOURCES
        + database.RESOURCES
        + dynamodb.RESOURCES
    ),
    *(launch_template.RESOURCES + autoscaling.RESOURCES + scaling_policy.RESOURCES),
    *(
        elb.RESOURCES
        + target_group.RESOURCES
        + listener.RESOURCES
        + cloudwatch.RESOURCES
        + sns.RESOURCES
        + route53.RESOURCES
    ),
    *(s3.RESOURCES + s3_settings.RESOURCES + s3_lifecycle.RESOURCES + ecr.RESOURCES),
)

RESOURCES: dict[str, Resource] = {cls.type: cls() for cls in _CLASSES}
DATA_SOURCES: dict[str, DataSource] = {cls.type: cls() for cls in reads.DATA_SOURCES}
