"""The words of the product as frozen types. Standard library only, no effects.

Everything that flows through a promotion is one of these: parsed at the edge, decided on in pure functions,
acted upon in few places. The coordinate of every step is the `Target`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

MASK = "(sensitive value)"
"""What stands in plans, logs, artifacts and the ledger where a tool says that a value is sensitive."""

UNKNOWN = "(known after apply)"
"""What stands where a tool cannot know the value before it has applied."""


def digest_of(value: Any) -> str:
    """SHA-256, in hex, over the canonical JSON (sorted keys, no spaces) of `value`."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Outcome(StrEnum):
    """How a step ended. `failed`: it said no. `errored`: we could not ask. Never mixed up."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """What several steps come to. One no is a no; without one, no answer is no answer."""
    found = set(outcomes)
    return next((worst for worst in (Outcome.FAILED, Outcome.ERRORED) if worst in found), Outcome.SUCCEEDED)


class Action(StrEnum):
    """What a plan would do to one object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class Reversibility(StrEnum):
    """Whether applying a plan can be undone by applying the earlier release."""

    REVERSIBLE = "reversible"
    NEEDS_CARE = "needs care"
    IRREVERSIBLE = "irreversible"


# --- the platform: what is declared in platform.yaml ---------------------------------------------------


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
class Unit:
    """One deployable piece, as declared: `source` may still hold `{environment}`."""

    name: str
    engine: str
    source: str
    environments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    protected: bool = False
    time_limit: float = 3600.0


@dataclass(frozen=True)
class Roles:
    """ARNs of the role that only reads (plan, smoke, drift) and the role that writes (apply, rollback)."""

    plan: str
    apply: str


@dataclass(frozen=True)
class Cluster:
    """Contexts of the kubeconfig by purpose: `plan` only reads (plan, smoke, drift), `apply` writes.

    `kubeconfig` is a path; empty: what KUBECONFIG or ~/.kube/config says.
    """

    plan: str
    apply: str
    kubeconfig: str = ""


@dataclass(frozen=True)
class Approval:
    """Who may approve (nobody named: everybody), for how many seconds a request stands, and what must prove it."""

    approvers: tuple[str, ...] = ()
    expires: float = 86400.0
    identity: str = "any"


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
class Environment:
    """Where a release is promoted to. `after` names the environment that must be verified first.

    `reconcile`: what drifted is put right by itself, once a report has found it.
    """

    name: str
    account: str
    region: str
    roles: Roles
    cluster: Cluster | None = None
    after: str | None = None
    gate: str = "auto"
    approval: Approval = Approval()
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    reconcile: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Platform:
    """All units and environments. Environments are in promotion order."""

    name: str
    environments: tuple[Environment, ...]
    units: tuple[Unit, ...]
    trusted: tuple[str, ...] = ()

    def environment(self, name: str) -> Environment:
        """The environment of that name; KeyError when there is none."""
        return {environment.name: environment for environment in self.environments}[name]

    def units_in(self, environment: str) -> tuple[Unit, ...]:
        """The units that are deployed to `environment`, in declared order, as declared."""
        return tuple(unit for unit in self.units if environment in unit.environments)


# --- a release, and where it goes -----------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """One commit of `infrastructure/`, frozen. `digest` is over every file in it; `id` is its first 12 digits.

    `units` maps "environment/unit" to the digest of exactly what that unit reads there. `author` is the commit's, as
    git writes it: "Anna Berg <anna@flowmart.example>".
    """

    id: str
    digest: str
    commit: str
    subject: str
    created_at: str
    units: Mapping[str, str]
    author: str = ""


@dataclass(frozen=True, order=True)
class Target:
    """(release, environment, unit): the one coordinate that every step takes."""

    release: str
    environment: str
    unit: str

    def __str__(self) -> str:
        return f"{self.unit} in {self.environment} at {self.release}"


@dataclass(frozen=True)
class Inputs:
    """What a unit is planned with besides its source: declared values, and outputs of the units it needs.

    `upstream` is {unit: {output: value}}; a sensitive output is the `MASK`. `None` in place of a unit's
    outputs: not known yet. `secretive` is {unit: id of its receipt} of those with sensitive outputs: what these are
    cannot be compared, so each apply of such a unit counts as a change of them.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    upstream: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    secretive: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether every unit that is needed has outputs."""
        return all(outputs is not None for outputs in self.upstream.values())

    @property
    def digest(self) -> str:
        """Changes exactly when a value or an upstream output does."""
        return digest_of({"values": self.values, "upstream": self.upstream, "secretive": self.secretive})


# --- plans ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What a plan would do to one object. `before` and `after` hold `MASK` and `UNKNOWN`, never a secret.

    `kind` is the tool's own type ("aws_vpc"); `because` names the attributes that force a replacement.
    """

    address: str
    kind: str
    action: Action
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    because: tuple[str, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """The top-level attributes that differ, sorted."""
        before, after = self.before or {}, self.after or {}
        return tuple(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))


@dataclass(frozen=True)
class Artifact:
    """The tool's own plan: a file that only its owner may read (0600), and the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Plan:
    """What applying a target would do. `basis`: the state it was computed from (terraform: lineage/serial).

    `outputs` are those that applying it will give, where that is known already: then units below can be planned with
    them. None: they are only known afterwards, or stay as they are.
    """

    target: Target
    engine: str
    changes: tuple[Change, ...]
    unit_digest: str
    inputs_digest: str
    basis: str = ""
    artifact: Artifact | None = None
    text: str = ""
    reversibility: Reversibility = Reversibility.REVERSIBLE
    changes_outputs: bool = False
    outputs: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing at all."""
        return not self.changes and not self.changes_outputs

    @property
    def counts(self) -> dict[str, int]:
        """Changes by action; actions that do not occur are 0."""
        return {action.value: sum(c.action is action for c in self.changes) for action in Action}

    @property
    def digest(self) -> str:
        """Over the meaning of the plan (what it changes, from which sources), not over the tool's bytes."""
        changes = [[c.address, c.kind, c.action, c.before, c.after] for c in self.changes]
        return digest_of([str(self.target), self.unit_digest, self.inputs_digest, changes])


@dataclass(frozen=True)
class Finding:
    """What a policy has to say about a plan. `address` is empty when it is about the plan as a whole."""

    policy: str
    message: str
    address: str = ""
    denied: bool = True


@dataclass(frozen=True)
class Override:
    """An exception in the release: until `expires` (UTC date) `policy` may not deny `address` in `environment`."""

    policy: str
    environment: str
    unit: str
    address: str
    reason: str
    expires: str


@dataclass(frozen=True)
class Suppression:
    """Drift that nobody needs to be told of until `expires` (UTC date). `*` in `address` stands for any text.

    `attributes` are paths with everything below them; none: whatever is found about the object.
    """

    environment: str
    unit: str
    address: str
    reason: str
    expires: str
    attributes: tuple[str, ...] = ()


# --- what happened ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applied:
    """What an engine's apply or rollback came to. `outputs` hold `MASK` for sensitive ones."""

    outcome: Outcome
    outputs: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class Receipt:
    """What is known to be applied in an environment for a unit, and how to get back to it."""

    id: str
    target: Target
    unit_digest: str
    inputs_digest: str
    plan_digest: str
    outputs: Mapping[str, Any]
    at: str


@dataclass(frozen=True)
class CheckResult:
    """One smoke check's answer: what was `expected`, what was `found`, after how many attempts and seconds."""

    name: str
    kind: str
    outcome: Outcome
    expected: str
    found: str
    attempts: int = 1
    seconds: float = 0.0
