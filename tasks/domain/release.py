"""Defines a release and its target, its inputs for a plan, and the receipt and baseline that a rollback needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.domain.values import digest_of


@dataclass(frozen=True)
class Release:
    """An immutable copy of `infrastructure/` and of the platform's `paths`.

    `digest` covers every file; `id` is its first 12 digits. `units` maps "environment/unit" to the digest of exactly
    the content that the unit reads there. The origin of the content is not part of a release: see `Provenance`.
    """

    id: str
    digest: str
    units: Mapping[str, str]


@dataclass(frozen=True)
class Provenance:
    """The origin of a release, recorded for each time that it is requested.

    `author` is the author of the commit, as git writes it: "Anna Berg <anna@flowmart.example>". `pull_request` is the
    number of the pull request that merged the commit, if known. `requested_by` requested the release, at the time
    `at` (UTC).
    """

    commit: str = ""
    author: str = ""
    subject: str = ""
    pull_request: int | None = None
    requested_by: str = ""
    at: str = ""


@dataclass(frozen=True)
class RequestedRelease:
    """A release with the provenance of its latest request."""

    release: Release
    provenance: Provenance

    @property
    def id(self) -> str:
        """Return the release's id."""
        return self.release.id


@dataclass(frozen=True, order=True)
class Target:
    """The coordinates that every step takes: release, environment and unit."""

    release: str
    environment: str
    unit: str

    def __str__(self) -> str:
        return f"{self.unit} in {self.environment} at {self.release}"


@dataclass(frozen=True)
class Inputs:
    """The inputs of a unit's plan besides its source: declared values, and outputs of the units that it needs.

    `upstream` is {unit: {output: value}}; a sensitive output is `MASK`. `None` in place of a unit's outputs means
    that they are not known yet. `secretive` is {unit: id of its receipt} for units with sensitive outputs. Sensitive
    outputs cannot be compared, so each apply of such a unit counts as a change of its outputs.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    upstream: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    secretive: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Tell whether the outputs of all needed units are known."""
        return all(outputs is not None for outputs in self.upstream.values())

    @property
    def digest(self) -> str:
        """Return a digest that changes exactly when a value or an upstream output changes."""
        return digest_of({"values": self.values, "upstream": self.upstream, "secretive": self.secretive})


@dataclass(frozen=True)
class Receipt:
    """A record of what is known to be applied for a unit in an environment, used to roll back to it.

    `details` belongs to the engine, which later uses it to recognise what it applied. For terraform, it holds the
    location, lineage and serial of the state.
    """

    id: str
    target: Target
    unit_digest: str
    inputs_digest: str
    plan_digest: str
    outputs: Mapping[str, Any]
    at: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Baseline:
    """The state of a unit that existed before our first apply. A rollback never removes it.

    `description` is for people ("state with serial 12 and 3 resources"). `data` belongs to the engine: it says how to
    return to that version where the tool keeps it (a Helm revision, a CloudFormation template). If `data` is empty, a
    rollback leaves the unit as it is.
    """

    description: str
    data: Mapping[str, Any] = field(default_factory=dict)
