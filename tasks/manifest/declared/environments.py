"""What may be written for an environment: the shape of every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool

from tasks.manifest.declared.analysis import DeclaredAnalysis
from tasks.manifest.declared.credentials import DeclaredCredentials
from tasks.manifest.declared.logging import DeclaredLogging
from tasks.manifest.declared.monitoring import DeclaredMonitoring
from tasks.manifest.notation import (
    ACCOUNT,
    CLOCK,
    REGION,
    WORK_POOL,
    Condition,
    Conditions,
    Day,
    Declared,
    Duration,
    Identifier,
    RoleArn,
    Slug,
    Slugs,
    Text,
    gate,
)


class DeclaredRoles(Declared):
    """The roles that the product assumes in the environment's account."""

    plan: RoleArn = Field(
        default="arn:aws:iam::{account}:role/{platform}-plan",
        description="ARN of the role that only reads: to plan, to smoke-check and to look for drift.",
    )
    apply: RoleArn = Field(
        default="arn:aws:iam::{account}:role/{platform}-apply",
        description="ARN of the role that writes: to apply and to roll back.",
    )


class DeclaredCluster(Declared):
    """The Kubernetes cluster of an environment, as contexts of a kubeconfig."""

    plan: Text = Field(description="Context that only reads: to plan, to smoke-check and to look for drift.")
    apply: Text = Field(description="Context that writes: to apply and to roll back.")
    kubeconfig: str = Field(
        default="", description="Path of the kubeconfig. Empty: what KUBECONFIG or ~/.kube/config says."
    )


class DeclaredApproval(Declared):
    """Who approves, and how, where `gate` is a single word. A gate that is a mapping holds this itself."""

    approvers: tuple[Text, ...] = Field(
        default=(),
        description="Who may approve: GitHub logins, or names as the ledger records them. Empty: everybody. Where "
        "there are some, nobody approves a commit of their own.",
    )
    expires: Duration = Field(default=86400.0, description="How long a request, and the approval of it, stands.")
    identity: Literal["any", "github"] = Field(
        default="any",
        description="github: only decisions made on GitHub count, which proves who somebody is. any: those of the "
        "command line and the Prefect UI too.",
    )


class DeclaredGate(DeclaredApproval):
    """What stands between tested plans and their apply."""

    approval: Conditions = Field(
        default=(),
        description="When people approve the digest of the plans before anything is applied: never, always, "
        "when irreversible (something is deleted, replaced, forgotten or unknown), when drifted (something was "
        "changed by hand), or a list of these.",
    )
    count: int = Field(default=1, ge=1, strict=True, description="How many different people have to approve.")
    rehearsed: Duration | None = Field(
        default=None,
        description="How long a rehearsed rollback counts; a release without one is not promoted. "
        "None: none is needed.",
    )


Gate = Annotated[
    DeclaredGate,
    BeforeValidator(gate, json_schema_input_type=Literal["never", "auto", "approval"] | Condition | DeclaredGate),
]


class DeclaredWindow(Declared):
    """When promotions may begin to apply."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        min_length=1, description="Days of the week."
    )
    begins: str = Field(pattern=CLOCK, description="HH:MM, in quotes.")
    ends: str = Field(pattern=CLOCK, description="HH:MM, in quotes. Not after `begins`: on the next day.")
    timezone: Text = Field(default="UTC", description="An IANA time zone, such as Europe/Vienna.")


class DeclaredFreeze(Declared):
    """Days on which nothing is promoted, whatever the windows say."""

    begins: Day = Field(description="The first day (UTC), YYYY-MM-DD.")
    ends: Day = Field(description="The last day (UTC), YYYY-MM-DD.")
    reason: Text = Field(description="Why, for whoever is refused.")


class DeclaredDrift(Declared):
    """What happens about drift in an environment, besides that it is reported."""

    reconcile: StrictBool = Field(
        default=False,
        description="Whether drift is repaired at once: the verified release is promoted again for the "
        "units that drifted, under the same policies and gate.",
    )
    every: Duration = Field(default=3600.0, description="How often the server looks for drift; at least 1m.")


class DeclaredRehearsal(Declared):
    """Where rollbacks of an environment are rehearsed."""

    environment: Slug = Field(
        description="The environment to rehearse in. It is for rehearsals alone: no release is promoted there "
        "otherwise, and none comes after it."
    )
    every: Duration | None = Field(
        default=None, description="How often the server rehearses a rollback, at least 1h. None: only when asked."
    )


class DeclaredEnvironment(Declared):
    """Where a release is promoted to."""

    after: Slugs = Field(
        default=(),
        description="The environment in which a release must be verified first, or a list of them. None: it comes "
        "first. Several environments may come after the same one.",
    )
    soak: Duration | None = Field(
        default=None,
        description="How long a release must have been verified in all environments of `after` before it may begin.",
    )
    account: str = Field(
        default="",
        pattern=ACCOUNT,
        description="The AWS account: 12 digits, in quotes. None, and no region: no unit here needs AWS.",
    )
    region: str = Field(default="", pattern=REGION, description="The AWS region, such as eu-west-1.")
    roles: DeclaredRoles = Field(
        default_factory=DeclaredRoles,
        description="The roles to plan and to apply with. May contain {account}, {environment} and {platform}.",
    )
    credentials: DeclaredCredentials = Field(
        default_factory=DeclaredCredentials,
        description="Secrets for tools that AWS's roles do not cover, by what they are for. Places "
        "may contain {environment}, {platform}, {account} and {region}.",
    )
    cluster: DeclaredCluster | None = Field(
        default=None,
        description="The Kubernetes cluster, where there is one. "
        "May contain {environment}, {platform}, {account} and {region}.",
    )
    gate: Gate = Field(
        default_factory=DeclaredGate,
        description="When people approve the plans before they are applied, and who: a mapping, or `approval` alone.",
    )
    approval: DeclaredApproval = Field(
        default_factory=DeclaredApproval,
        description="Who approves, and how, where `gate` is a single word. Better: write it into `gate`.",
    )
    windows: tuple[DeclaredWindow, ...] = Field(
        default=(), description="When promotions may begin to apply. None: always."
    )
    freezes: tuple[DeclaredFreeze, ...] = Field(
        default=(), description="Days on which nothing is promoted; `flowmart freeze` does it at once."
    )
    drift: DeclaredDrift = Field(
        default_factory=DeclaredDrift, description="What happens when somebody changed something by hand."
    )
    rehearsal: DeclaredRehearsal | None = Field(
        default=None, description="Where rollbacks of this environment are rehearsed (`flowmart rehearse`)."
    )
    analysis: DeclaredAnalysis | None = Field(
        default=None, description="What metrics must show after all that was applied here, from the last apply on."
    )
    monitoring: DeclaredMonitoring | None = Field(
        default=None,
        description="Where the metrics of this environment are asked for; what is left out is as for the platform.",
    )
    logging: DeclaredLogging | None = Field(
        default=None,
        description="Where the logs of this environment are kept; what is left out is as for the platform.",
    )
    work_pool: str = Field(
        default="",
        pattern=WORK_POOL,
        description="The work pool of Prefect whose workers plan and apply the units, each in a job of its own. Not "
        "the platform's own pool. None: the run does that itself.",
    )
    values: dict[Identifier, Any] = Field(
        default_factory=dict,
        description="What is different here. Units use it as {values.NAME}. "
        "May contain {environment}, {platform}, {account} and {region}.",
    )
