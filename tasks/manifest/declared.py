"""What may be written in platform.yaml, overrides.yaml and drift.yaml: the shape of every key, not its meaning.

The JSON schema, the messages about wrong keys and the types of the other modules here all come from these
models. What needs more than one key to judge (an order that loops, a folder that is missing) is for the rules.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from tasks.domain.platform import Level
from tasks.manifest.declared_analysis import DeclaredAnalysis
from tasks.manifest.declared_credentials import DeclaredCredentials, DeclaredSecrets
from tasks.manifest.declared_logging import DeclaredLogging
from tasks.manifest.declared_monitoring import DeclaredMonitoring
from tasks.manifest.declared_terraform import DeclaredTerraform
from tasks.manifest.notation import (
    ACCOUNT,
    CLOCK,
    PRINCIPAL,
    REGION,
    REPOSITORY,
    UNIT_ACCOUNT,
    UNIT_REGION,
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

Parity = Literal["required", "warn"]
"""Whether a unit must be the same in all environments, but for their own layer."""

OPTIONS_OF = "options_of_"
"""Begins the names of the fields that `models` adds to units, one for the block of every engine."""


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


class DeclaredUnitRoles(Declared):
    """The roles of a unit that has its own; those that are left out are the environment's."""

    plan: RoleArn | None = Field(default=None, description="ARN of the role that only reads.")
    apply: RoleArn | None = Field(default=None, description="ARN of the role that writes.")


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


class DeclaredCheck(Declared):
    """A smoke check: repeated until it passes, or until its time is over."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Slug = Field(description="What the check is called in reports; once in a unit.")
    kind: Slug = Field(description="How it is asked. The other keys are the options of this kind.")
    within: Duration = Field(default=30.0, description="How long it may take until the check passes.")
    every: Duration = Field(default=1.0, description="The pause between two attempts; not longer than `within`.")

    @property
    def options(self) -> dict[str, Any]:
        """What is written besides the keys that every check has."""
        return dict(self.__pydantic_extra__ or {})


class DeclaredValidator(Declared):
    """How a unit wants one validator of its tool."""

    level: Level | None = Field(
        default=None,
        description="deny: its errors deny the plan. warn: everything it finds is a warning. off: it is not run.",
    )
    ignore: dict[Text, Text] = Field(
        default_factory=dict, description="Rules that do not count, by the validator's own id, each with the reason."
    )


class DeclaredPiece(Declared):
    """What may be written for a unit, however it was found."""

    needs: tuple[Slug, ...] = Field(
        default=(),
        description="Units that must be applied and checked before this one, in every environment of this one.",
    )
    protected: StrictBool = Field(
        default=False, description="Whether it holds data: then nothing in it is deleted without an override."
    )
    inputs: dict[Identifier, Any] = Field(
        default_factory=dict,
        description="Values for the tool. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}.",
    )
    time_limit: Duration = Field(default=3600.0, description="How long one command of the tool may run.")
    account: str = Field(
        default="",
        pattern=UNIT_ACCOUNT,
        description="The AWS account of this unit, where it is not the environment's. May be {values.NAME}.",
    )
    region: str = Field(
        default="",
        pattern=UNIT_REGION,
        description="The AWS region of this unit, where it is not the environment's. May be {values.NAME}.",
    )
    roles: DeclaredUnitRoles | None = Field(
        default=None,
        description="The roles of this unit, where they are not the environment's. "
        "May contain {account}, {environment} and {platform}.",
    )
    checks: tuple[DeclaredCheck, ...] = Field(
        default=(), description="Smoke checks, asked after every apply of the unit."
    )
    analysis: DeclaredAnalysis | None = Field(
        default=None, description="What metrics must show for a while after every apply of the unit."
    )
    secrets: DeclaredSecrets = Field(
        default_factory=dict,
        description="Secrets for its tool: the variable that it reads, and where the value is. Places "
        "may contain {environment}, {platform}, {account}, {region} and {values.NAME}.",
    )
    validators: dict[Text, DeclaredValidator] = Field(
        default_factory=dict, description="How the unit wants the validators of its tool, by their names."
    )


class DeclaredUnit(DeclaredPiece):
    """One deployable piece of the platform."""

    engine: Slug = Field(description="The tool that the unit is written for.")
    source: Text = Field(
        description="The unit's folder, relative to the folder of platform.yaml; with `paths`, to the repository. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}."
    )
    environments: tuple[Slug, ...] = Field(min_length=1, description="Where the unit is deployed.")

    @property
    def options(self) -> dict[str, Any]:
        """What is written in the block of the unit's engine; defaults are left to the engine."""
        block = self._block(self.engine)
        return block.model_dump(mode="json", exclude_unset=True) if block else {}

    def has_options_of(self, engine: str) -> bool:
        """Whether there is a block of options for an engine."""
        return self._block(engine) is not None

    def _block(self, engine: str) -> BaseModel | None:
        found: BaseModel | None = getattr(self, f"{OPTIONS_OF}{engine}", None)
        return found


class DeclaredIamRoles(Declared):
    """What stands for `iam_role` of a Terragrunt unit."""

    plan: RoleArn = Field(description="ARN of the role that only reads: to plan and to look for drift.")
    apply: RoleArn = Field(description="ARN of the role that writes: to apply and to roll back.")


class DeclaredTerragruntUnit(DeclaredPiece):
    """What is different for one unit that Terragrunt finds."""

    name: Slug | None = Field(
        default=None, description="What the unit is called. None: its path, with - in place of what no name may hold."
    )
    parity: Parity | None = Field(default=None, description="The same as that of all units, for this one.")
    iam_roles: DeclaredIamRoles | None = Field(default=None, description="Other roles than those of all units.")


class DeclaredTerragrunt(Declared):
    """A Terragrunt repository: every unit that Terragrunt finds in it is a unit of the platform."""

    root: Text = Field(
        description="The folder of an environment's units, relative to the folder of platform.yaml. "
        "May contain {environment}, {platform}, {account}, {region} and {values.NAME}."
    )
    environments: tuple[Text, ...] | None = Field(
        default=None, description="The environments that have such a folder. None: all."
    )
    units: dict[Text, DeclaredTerragruntUnit] = Field(
        default_factory=dict, description="What is different for a unit, by its path below `root`."
    )
    parity: Parity = Field(
        default="required",
        description="required: a unit is applied only with the modules and shared files that it has in the "
        "environments before. warn: the plan says what differs.",
    )
    iam_roles: DeclaredIamRoles | None = Field(
        default=None,
        description="The roles in place of iam_role in terragrunt.hcl, assumed with the environment's roles.",
    )
    auth_provider_cmd: Text | None = Field(
        default=None,
        description="A command that prints credentials as JSON, like --auth-provider-cmd. FLOWMART_PURPOSE tells it "
        "whether they are to plan or to apply.",
    )
    binary: Text | None = Field(
        default=None, description="terragrunt or a path. None: what FLOWMART_TERRAGRUNT says."
    )
    terraform: Text | None = Field(
        default=None, description="What it runs: terraform, tofu or a path. None: what FLOWMART_TERRAFORM says."
    )


class DeclaredGitHub(Declared):
    """The one repository on GitHub that this platform is developed in."""

    repository: Annotated[str, Field(pattern=REPOSITORY)] = Field(
        description="owner/name: only its pull requests, pushes, comments and reviews count."
    )
    branch: Text | None = Field(
        default=None, description="The branch that is delivered; default: the repository's default branch."
    )


class DeclaredPlatform(Declared):
    """All units and environments that are promoted together."""

    platform: Slug = Field(description="The name of the platform: what it stores, makes and runs is called after it.")
    github: DeclaredGitHub | None = Field(
        default=None, description="Where this platform is developed; without it GitHub starts nothing."
    )
    trusted: tuple[Annotated[str, Field(pattern=PRINCIPAL)], ...] = Field(
        default=(), description="ARNs of the principals that may assume the roles of the environments."
    )
    monitoring: DeclaredMonitoring | None = Field(
        default=None, description="Where metrics are asked for, in every environment that does not say otherwise."
    )
    logging: DeclaredLogging | None = Field(
        default=None, description="Where logs are kept, in every environment that does not say otherwise."
    )
    paths: tuple[Text, ...] = Field(
        default=(),
        description="Folders and files of the repository that releases consist of besides infrastructure/; `.` is "
        "all of it. With any, the sources of units are relative to the repository, not to infrastructure/.",
    )
    environments: dict[Slug, DeclaredEnvironment] = Field(
        min_length=1, description="Where a release goes; `after` says in which order."
    )
    units: dict[Slug, DeclaredUnit] = Field(
        default_factory=dict, description="What a release consists of; `needs` is the order."
    )
    terragrunt: DeclaredTerragrunt | None = Field(
        default=None, description="A Terragrunt repository, whose units are units of the platform."
    )
    terraform: DeclaredTerraform | None = Field(
        default=None, description="The tool of all Terraform units, where a unit does not say otherwise."
    )


class DeclaredOverride(Declared):
    """An exception from a policy, for one object, until a day."""

    policy: Text = Field(description="The policy that may not deny.")
    environment: Slug = Field(description="Where the exception holds.")
    unit: Slug = Field(description="The unit that the object belongs to.")
    address: Text = Field(description="The object's address, as the denial names it.")
    reason: Text = Field(description="Why this is right, for whoever reads the audit.")
    expires: Day = Field(description="The last day (UTC) on which the exception holds: YYYY-MM-DD.")


class DeclaredSuppression(Declared):
    """Drift that is known and may stay until a day: it is shown, but nobody is told, and nothing waits for it."""

    environment: Slug = Field(description="Where the drift is.")
    unit: Slug = Field(description="The unit that the object belongs to.")
    address: Text = Field(description="The object's address, as the report names it; * stands for any text.")
    attributes: tuple[Text, ...] = Field(
        default=(),
        description="The attributes that may differ, with everything below them. None: all of them, "
        "and the object may also be gone or be new.",
    )
    reason: Text = Field(description="Why this may stay, for whoever reads the report.")
    expires: Day = Field(description="The last day (UTC), at most 90 days ahead: YYYY-MM-DD.")
