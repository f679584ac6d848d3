"""Defines the content of platform.yaml as frozen types: units, environments and their rules."""

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
"""The purpose of credentials: `plan` only reads (plan, smoke, drift), `apply` writes (apply, rollback)."""


class Level(StrEnum):
    """The effect of a validator's errors: `deny` rejects the plan, `warn` only warns, and `off` does not run it."""

    DENY = "deny"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True)
class Validation:
    """A unit's settings for one validator of its tool.

    With `level` None, the validator's own level applies. `ignore` is {rule: reason}.
    """

    level: Level | None = None
    ignore: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A smoke check. `options` are those of its `kind`, already validated and interpolated.

    The check has `within` seconds to pass, with `every` seconds between two attempts.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    within: float = 30.0
    every: float = 1.0


@dataclass(frozen=True)
class Roles:
    """ARNs of the role that only reads (plan, smoke, drift) and the role that writes (apply, rollback).

    In a unit, an empty ARN means the environment's role.
    """

    plan: str
    apply: str


@dataclass(frozen=True)
class Unit:
    """A deployable unit, as declared: `source` may still contain `{environment}`.

    `account`, `region` and `roles` are the unit's own if they differ from the environment's; otherwise they are
    empty. `options` are the engine's options, as written. `validators` are the unit's settings for its tool's
    validators, by name. `analysis` is the analysis that runs after its apply. `secrets` are environment variables for
    its tool, with the sources of their values. `needs_in` holds units that it needs in some environments only, by
    environment.
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
        """Return the unit with everything that it needs in an environment."""
        more = self.needs_in.get(environment, ())
        return replace(self, needs=tuple(dict.fromkeys((*self.needs, *more))), needs_in={}) if self.needs_in else self


@dataclass(frozen=True)
class Cluster:
    """Contexts of the kubeconfig by purpose: `plan` only reads (plan, smoke, drift), `apply` writes.

    `kubeconfig` is a path. If it is empty, KUBECONFIG or ~/.kube/config is used.
    """

    plan: str
    apply: str
    kubeconfig: str = ""


ALWAYS, WHEN_IRREVERSIBLE, WHEN_DRIFTED = "always", "when irreversible", "when drifted"
"""Conditions under which plans require an approval."""


@dataclass(frozen=True)
class Approval:
    """When plans require approval, and by whom.

    Attributes:
        approvers: people who may approve; if empty, everybody may.
        expires: seconds until a request expires.
        identity: the kind of proof of identity that is required from an approver.
        when: conditions of which any one requires an approval; if empty, none is required.
        count: the number of different people who must approve.
    """

    approvers: tuple[str, ...] = ()
    expires: float = 86400.0
    identity: str = "any"
    when: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class Window:
    """Days ("mon") on which promotions may begin, from `begins` until `ends` (HH:MM) in `timezone` (IANA name).

    If `ends` is not after `begins`, the window ends on the next day.
    """

    days: tuple[str, ...]
    begins: str
    ends: str
    timezone: str

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.begins} to {self.ends} {self.timezone}"


@dataclass(frozen=True)
class Freeze:
    """A period without promotions, from the start of day `begins` to the end of day `ends` (YYYY-MM-DD, UTC)."""

    begins: str
    ends: str
    reason: str


@dataclass(frozen=True)
class Rehearsal:
    """The environment in which rollbacks are rehearsed.

    `every` is the interval of automatic rehearsals in seconds. If it is None, a rehearsal runs only on request.
    """

    environment: str
    every: float | None = None


@dataclass(frozen=True)
class Environment:
    """An environment that releases are promoted to.

    Attributes:
        account, region: of AWS; empty if no unit needs AWS. An account comes with `roles`.
        after: environments in which the release must be verified first; empty for a first environment.
        soak: seconds that the release must have been verified in all of them before it may begin here.
        reconcile: whether drift is repaired as soon as a report has found it.
        drift_every: seconds between two drift checks by the server.
        prometheus: the server that is queried for metrics, or None.
        elasticsearch: the server that keeps the logs, or None.
        dashboards: the Kibana or OpenSearch Dashboards that shows the logs, or None.
        log_link: the page that shows lines of FlowMart's log, with placeholders (see `tasks.reports.log_links`).
        analysis: the analysis that covers everything applied here.
        credentials: {purpose: {variable: source of its value}}, for tools.
        rehearsal: where rollbacks of this environment are rehearsed, or None.
        rehearsed_within: seconds for which a rehearsed rollback satisfies the gate; None if none is required.
        work_pool: the Prefect work pool that runs the units; "" runs them where the promotion itself runs.
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
        """Return {variable: source of its value} for the secrets that tools get for a purpose."""
        return self.credentials.get(purpose, {})

    @property
    def secret_names(self) -> frozenset[str]:
        """Return the variables that are secrets for any purpose."""
        return frozenset(name for each in self.credentials.values() for name in each)

    def role(self, purpose: Purpose) -> str:
        """Return the ARN of the role for a purpose.

        Raises:
            InvalidInput: the environment has no AWS account.
        """
        if self.roles is None:
            raise InvalidInput(f"{self.name}: has no AWS account; add account and region to it in platform.yaml")
        return self.roles.plan if purpose == "plan" else self.roles.apply


@dataclass(frozen=True)
class Platform:
    """All units and environments. Environments are in promotion order: each follows those in its `after`.

    `paths` lists what releases contain besides infrastructure/. If it is not empty, sources are relative to the
    repository.
    """

    name: str
    environments: tuple[Environment, ...]
    units: tuple[Unit, ...]
    trusted: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def environment(self, name: str) -> Environment:
        """Return the environment of that name.

        Raises:
            KeyError: there is no such environment.
        """
        return {environment.name: environment for environment in self.environments}[name]

    @property
    def after(self) -> dict[str, tuple[str, ...]]:
        """Return the graph of the environments: {environment: those that it comes after}."""
        return {environment.name: environment.after for environment in self.environments}

    @property
    def for_rehearsals(self) -> frozenset[str]:
        """Return the environments that only serve to rehearse rollbacks of others. No release is promoted to them."""
        return frozenset(each.rehearsal.environment for each in self.environments if each.rehearsal)

    @property
    def delivered(self) -> tuple[Environment, ...]:
        """Return the environments that releases are promoted to, in promotion order: all but those for rehearsals."""
        return tuple(each for each in self.environments if each.name not in self.for_rehearsals)

    @property
    def work_pools(self) -> tuple[str, ...]:
        """Return the work pools that environments name, sorted."""
        return tuple(sorted({each.work_pool for each in self.environments} - {""}))

    @cached_property
    def by_name(self) -> Mapping[str, Unit]:
        """Return {name: unit}. Cached because it is read several times for each of many units."""
        return {unit.name: unit for unit in self.units}

    def units_in(self, environment: str) -> tuple[Unit, ...]:
        """Return the units that are deployed to `environment`, in declared order, with what they need there."""
        return tuple(unit.within(environment) for unit in self.units if environment in unit.environments)
