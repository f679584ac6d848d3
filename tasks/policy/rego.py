"""Tests plans against policies written in Rego, which define what a plan must not do.

A policy is a file `infrastructure/policies/<name>.rego` whose package ends in its name: `acme.<name>`. It only
returns what is wrong (`deny`) or worth knowing (`warn`). `overrides` decides which denials an override lifts, for
every policy alike. Evaluation has no other inputs: the same plan, overrides and time give the same violations.

A policy that cannot be evaluated is an error, never a silent pass. So every policy is evaluated once on an empty plan
when it is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from regopy import Bundle

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.rules import Override, Violation
from tasks.policy import evaluation
from tasks.policy.overrides import applied

LIMITS = "limits.yaml"

Purpose = Literal["promote", "rollback"]


class _Caps(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    deletions: int = Field(default=5, ge=0)


class _Changed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    deletions: int | None = Field(default=None, ge=0)


class Limits(_Caps):
    """The numbers that policies compare with; `environments` changes them for one environment."""

    environments: dict[str, _Changed] = Field(default_factory=dict)

    def of(self, environment: str) -> dict[str, Any]:
        """Return the limits of `environment`, as the policies read them under `input.limits`."""
        changed = self.environments.get(environment, _Changed())
        return self.model_dump(exclude={"environments"}) | changed.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Policies:
    """Loaded policies, ready for evaluation. Safe to use from several threads: one thread evaluates for all.

    rego-cpp keeps some megabytes of memory for every thread that ever evaluated.
    """

    sources: Mapping[Path, str]
    limits: Limits = field(default_factory=Limits)
    _thread: ThreadPoolExecutor = field(
        default_factory=partial(ThreadPoolExecutor, 1, "policies"), repr=False, compare=False
    )

    @cached_property
    def _compiled(self) -> Bundle:
        return evaluation.compiled(self.sources)

    def test(
        self, plan: Plan, unit: Unit, overrides: Sequence[Override], now: datetime, purpose: Purpose = "promote"
    ) -> tuple[Violation, ...]:
        """Test `plan` against every policy.

        Args:
            plan: the plan.
            unit: the unit that is planned.
            overrides: those of the release; those for other targets are ignored.
            now: the time of the test, with a time zone.
            purpose: the purpose of the plan. A rollback may delete what a promotion may not.

        Returns:
            The violations, denials first.

        Raises:
            InvalidInput: a policy cannot be evaluated on this plan.
        """
        limits = self.limits.of(plan.target.environment)
        question = evaluation.question_of(plan, unit, limits, now) | {"purpose": purpose}
        violations = self._thread.submit(self._evaluated, question).result()
        return applied(violations, overrides, plan, now)

    def _evaluated(self, question: Mapping[str, Any]) -> list[Violation]:
        return evaluation.evaluate(self.sources, question, self._compiled)


def load(folder: Path) -> Policies:
    """Load the policies and limits in `folder`; there are none if the folder does not exist.

    Raises:
        InvalidInput: names the file and line that is wrong.
    """
    _refuse_unread(folder)
    sources = {path: _text(path) for path in sorted(folder.glob("*.rego"))}
    if not sources and folder.exists():
        raise InvalidInput(f"{folder} holds no policy (*.rego). Add one, or remove the folder to have none.")
    for path, source in sources.items():
        _require_package(path, source)
    limits = _limits(folder / LIMITS)
    evaluation.evaluate(sources, evaluation.EMPTY | {"limits": limits.of("")})
    return Policies(sources, limits)


def _text(path: Path) -> str:
    """Return the text of a file, whatever the locale; a byte order mark is no part of it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _refuse_unread(folder: Path) -> None:
    """Reject policies and limits in places that are not read: they would be a silent pass."""
    below = sorted(path for path in folder.glob("*/**/*.rego") if not path.name.endswith("_test.rego"))
    if below:
        raise InvalidInput(f"{below[0]}: policies are read in {folder} alone; move it there")
    wrong = folder / LIMITS.replace(".yaml", ".yml")
    if wrong.exists():
        raise InvalidInput(f"{wrong}: is not read; rename it {LIMITS}")


def _require_package(path: Path, source: str) -> None:
    # Any root is accepted, so that a repository with existing policies keeps its own.
    declared = evaluation.package_of(source)
    if not declared or declared[-1] != path.stem:
        found = f"package {'.'.join(declared)}" if declared else "no package"
        raise InvalidInput(
            f"{path} declares {found}; a policy's package ends in the file's name: `package acme.{path.stem}`."
        )


def _limits(path: Path) -> Limits:
    if not path.exists():
        return Limits()
    try:
        return Limits.model_validate(yaml12.load(_text(path)) or {})
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is not valid YAML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{path} is wrong: {wrong}. Known keys: deletions, environments.") from error
