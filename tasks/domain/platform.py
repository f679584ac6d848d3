"""What platform.yaml declares: units, environments and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from tasks.domain.analysis import Analysis
from tasks.domain.credentials import Source
from tasks.domain.errors import InvalidInput
from tasks.domain.logging import DashboardsServer, ElasticsearchServer
from tasks.domain.monitoring import PrometheusServer

Purpose = Literal["plan", "apply"]
"""What credentials are for: `plan` only reads (plan, smoke, drift), `apply` writes (apply, rollback)."""


class Level(StrEnum):
    """What a validator's errors do: `deny` the plan, only `warn`, or it is `off` and not run."""

    DENY = "deny"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True)
class Validation:
    """How a unit wants one validator of its tool. `level` None: the validator's own; `ignore` is {rule: reason}."""

    level: Level | None = None
    ignore: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One smoke check. `options` are those of its `kind`, already validated and interpolated.

    `within` is how long it may take until it passes, `every` the pause between two attempts; in seconds.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    within: float = 30.0
    every: float = 1.0


@dataclass(frozen=True)
class Roles:
    """ARNs of the role that only reads (plan, smoke, drift) and the role that writes (apply, rollback).

    In a unit, an empty one is the environment's.
    """

    plan: str
    apply: str


@dataclass(frozen=True)
class Unit:
    """One deployable piece, as declared: `source` may still hold `{environment}`.

    `account`, `region` and `roles` are this unit's own, where it is not in the environment's; otherwise empty.
    `options` are the engine's, as written; `validators` are how the unit wants those of its tool, by name. `analysis`
    is what metrics must show after its apply. `secrets` are variables for its tool, and where their values are.
    `needs_in` are units that it needs in some environments only, by environment.
    """

    name: str
    engine: str
    source: str
    environments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    protected: bool = False
    time_limit: float = 3600.0
    account: str = ""
    region: str = ""
    roles: Roles | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    validators: Mapping[str, Validation] = field(default_factory=dict)
    analysis: Analysis | None = None
    needs_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, Source] = field(default_factory=dict)

    def within(self, environment: str) -> Unit:
        """The unit with all that it needs in an environment."""
        more = self.needs_in.get(environment, ())
        return replace(self, needs=tuple(dict.fromkeys((*self.needs, *more))), needs_in={}) if self.needs_in else self


@dataclass(frozen=True)
class Cluster:
    """Contexts of the kubeconfig by purpose: `plan` only reads (plan, smoke, drift), `apply` writes.

    `kubeconfig` is a path; empty: what KUBECONFIG or ~/.kube/config says.
    """

    plan: str
    apply: str
    kubeconfig: str = ""


ALWAYS, WHEN_IRREVERSIBLE, WHEN_DRIFTED = "always", "when irreversible", "when drifted"
"""Conditions under which plans wait for an approval."""


@dataclass(frozen=True)
class Approval:
    """When people have to approve plans, and who.

    Attributes:
        approvers: who may approve; none named: everybody.
        expires: for how many seconds a request stands.
        identity: what must prove who somebody is.
        when: the conditions of which one is enough; none: never.
        count: how many different people have to approve.
    """

    approvers: tuple[str, ...] = ()
    expires: float = 86400.0
    identity: str = "any"
    when: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class Window:
    """Days ("mon") on which promotions may begin, from `begins` until `ends` (HH:MM) in `timezone` (IANA name).

    One that does not end after it begins ends on the next day.
    """

    days: tuple[str, ...]
    begins: str
    ends: str
    timezone: str

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.begins} to {self.ends} {self.timezone}"


@dataclass(frozen=True)
class Freeze:
    """From the beginning of one day (YYYY-MM-DD, UTC) to the end of another nothing is promoted."""

    begins: str
    ends: str
    reason: str


@dataclass(frozen=True)
class Rehearsal:
    """In which environment rollbacks are rehearsed, and how often by itself, in seconds; None: only when asked."""

    environment: str
    every: float | None = None


@dataclass(frozen=True)
class Environment:
    """Where a release is promoted to.

    Attributes:
        account, region: of AWS; empty where no unit needs any. An account comes with `roles`.
        after: the environments in which the release must be verified first; none for a first environment.
        soak: for how many seconds it must have been verified in all of them before it may begin here.
        reconcile: drift is repaired as soon as a report has found it.
        drift_every: how often the server looks for drift, in seconds.
        prometheus: where metrics are asked for; None: nowhere.
        elasticsearch: where logs are kept; None: nowhere.
        dashboards: the Kibana or the OpenSearch Dashboards that shows them; None: nobody.
        log_link: the page that shows lines of FlowMart's log, with placeholders (see `tasks.reports.log_links`).
        analysis: what metrics must show after all that was applied here.
        credentials: {purpose: {variable: where its value is}}, for tools.
        rehearsal: where rollbacks of this environment are rehearsed; None: nowhere.
        rehearsed_within: for how many seconds a rehearsed rollback counts at the gate; None: none is needed.
        work_pool: the work pool of Prefect in which units are worked on; "": where the run itself is.
    """

    name: str
    account: str = ""
    region: str = ""
    roles: Roles | None = None
    cluster: Cluster | None = None
    after: tuple[str, ...] = ()
    soak: float = 0.0
    approval: Approval = Approval()
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    reconcile: bool = False
    drift_every: float = 3600.0
    values: Mapping[str, Any] = field(default_factory=dict)
    prometheus: PrometheusServer | None = None
    elasticsearch: ElasticsearchServer | None = None
    dashboards: DashboardsServer | None = None
    log_link: str = ""
    analysis: Analysis | None = None
    credentials: Mapping[str, Mapping[str, Source]] = field(default_factory=dict)
    rehearsal: Rehearsal | None = None
    rehearsed_within: float | None = None
    work_pool: str = ""

    def secrets(self, purpose: Purpose) -> Mapping[str, Source]:
        """The variables that tools are given for a purpose, and where their values are."""
        return self.credentials.get(purpose, {})

    @property
    def secret_names(self) -> frozenset[str]:
        """The variables that are secrets for any purpose."""
        return frozenset(name for each in self.credentials.values() for name in each)

    def role(self, purpose: Purpose) -> str:
        """The ARN of the role for a purpose; `InvalidInput` where the environment has no AWS account."""
        if self.roles is None:
            raise InvalidInput(f"{self.name}: has no AWS account; add account and region to it in platform.yaml")
        return self.roles.plan if purpose == "plan" else self.roles.apply


@dataclass(frozen=True)
class Platform:
    """All units and environments. Environments are in promotion order: each after those that it comes after.

    `paths` is what releases consist of besides infrastructure/; with any, sources are relative to the repository.
    """

    name: str
    environments: tuple[Environment, ...]
    units: tuple[Unit, ...]
    trusted: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def environment(self, name: str) -> Environment:
        """The environment of that name; KeyError when there is none."""
        return {environment.name: environment for environment in self.environments}[name]

    @property
    def after(self) -> dict[str, tuple[str, ...]]:
        """The graph of the environments: {environment: those that it comes after}."""
        return {environment.name: environment.after for environment in self.environments}

    @property
    def for_rehearsals(self) -> frozenset[str]:
        """The environments in which rollbacks of others are rehearsed; releases come there in no other way."""
        return frozenset(each.rehearsal.environment for each in self.environments if each.rehearsal)

    @property
    def delivered(self) -> tuple[Environment, ...]:
        """The environments that releases are promoted to, in promotion order: all but those for rehearsals."""
        return tuple(each for each in self.environments if each.name not in self.for_rehearsals)

    @property
    def work_pools(self) -> tuple[str, ...]:
        """The work pools that environments name, sorted."""
        return tuple(sorted({each.work_pool for each in self.environments} - {""}))

    @cached_property
    def by_name(self) -> Mapping[str, Unit]:
        """{name: the unit}; asked for several times for each of many units."""
        return {unit.name: unit for unit in self.units}

    def units_in(self, environment: str) -> tuple[Unit, ...]:
        """The units that are deployed to `environment`, in declared order, with what they need there."""
        return tuple(unit.within(environment) for unit in self.units if environment in unit.environments)
