"""Wrap an engine so that its results show none of the secrets that platform.yaml gives to its tool.

A tool may print anything: a build prints its environment, a server the request that it rejected. Engines mask what
their tools mark as sensitive. Here, everything that an engine returns or raises is searched for the values of
`credentials` and `secrets`. This happens before it gets into a ledger, onto a screen or into a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from tasks.domain.errors import FlowmartError
from tasks.domain.outcome import Applied, Observation, Verification
from tasks.domain.plan import Artifact, Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import UnitEngine, Workspace
from tasks.masking import Known

_T = TypeVar("_T")

_KEPT = (Artifact, Target, Enum)
"""Types that are identified by their values, such as the tool's own file and the target; they are left unchanged."""
_DIGESTS = frozenset({"unit_digest", "inputs_digest", "basis", "secrets"})
"""Fields of a plan that hold digests, which are compared and so must not change."""


def masked(engine: UnitEngine, workspace: Workspace) -> UnitEngine:
    """Wrap the engine so that its results are masked; return it as it is if its tool gets no secrets."""
    return Masked(engine, workspace) if workspace.environment.secret_names else engine


class Masked:
    """An engine with masked results. Its workspace supplies the values of the secrets."""

    def __init__(self, engine: UnitEngine, workspace: Workspace) -> None:
        self._engine, self._workspace = engine, workspace

    def validate(self) -> None:
        """Validate with the engine, and mask the secrets in its errors."""
        with self._without_secrets():
            self._engine.validate()

    def plan(self, inputs: Inputs) -> Plan:
        """Return the engine's plan, masked."""
        return self._answer(lambda: self._engine.plan(inputs))

    def apply(self, plan: Plan) -> Applied:
        """Return the engine's outcome, masked; the writing credentials count as secrets too."""
        return self._answer(lambda: self._engine.apply(plan), writing=True)

    def observe(self, plan: Plan) -> Observation:
        """Return the engine's observation, masked."""
        return self._answer(lambda: self._engine.observe(plan))

    def verify(self) -> Verification:
        """Return the engine's verification, masked."""
        return self._answer(self._engine.verify)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Return the engine's plan for a rollback, masked."""
        return self._answer(lambda: self._engine.plan_rollback(failed, to))

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Return the engine's plan of drift, masked."""
        return self._answer(lambda: self._engine.detect_drift(receipt))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return the engine's residual differences, masked."""
        return self._answer(lambda: self._engine.settle(receipt))

    def adopt(self) -> Baseline | None:
        """Return the engine's baseline, masked."""
        return self._answer(self._engine.adopt)

    def _answer(self, ask: Callable[[], _T], *, writing: bool = False) -> _T:
        with self._without_secrets(writing=writing) as known:
            found: _T = without(ask(), known)
            return found

    @contextmanager
    def _without_secrets(self, *, writing: bool = False) -> Iterator[Known]:
        """Yield the secrets, and mask them in every error that is raised meanwhile."""
        known = self._known(writing=writing)
        try:
            yield known
        except FlowmartError as error:
            error.args = without(error.args, known)
            raise

    def _known(self, *, writing: bool) -> Known:
        known, workspace = Known(), self._workspace
        for variables in (workspace.reading, workspace.writing) if writing else (workspace.reading,):
            given = variables()
            known.learn(given[name] for name in workspace.environment.secret_names & given.keys())
        return known


def without(value: Any, known: Known) -> Any:
    """Mask every known secret in all strings of a value of any shape.

    Args:
        value: a string, dataclass, mapping, list or tuple; values of other types are returned unchanged.
        known: the secrets.
    """
    if isinstance(value, _KEPT):
        return value
    if isinstance(value, str):
        return known.hide(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if each.init and each.name not in _DIGESTS]
        return replace(value, **{name: without(getattr(value, name), known) for name in names})
    if isinstance(value, Mapping):
        return {without(key, known): without(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(without(item, known) for item in value)
    return value
