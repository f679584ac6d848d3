"""An engine whose answers show none of the secrets that platform.yaml gives to its tool.

A tool prints what it likes: a build its environment, a server the request that it refused. Engines mask what their
tools mark as sensitive; here, whatever an engine returns or raises is gone through for the values of `credentials`
and `secrets`, before it gets into a ledger, onto a screen or into a report.
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
"""What is identified by its values, such as the tool's own file and which target it is."""
_DIGESTS = frozenset({"unit_digest", "inputs_digest", "basis", "secrets"})
"""Fields of a plan that hold digests, and are compared."""


def masked(engine: UnitEngine, workspace: Workspace) -> UnitEngine:
    """The engine; where its tool is given secrets, with what it answers gone through for them."""
    return Masked(engine, workspace) if workspace.environment.secret_names else engine


class Masked:
    """An engine, and the workspace that its secrets are known from."""

    def __init__(self, engine: UnitEngine, workspace: Workspace) -> None:
        self._engine, self._workspace = engine, workspace

    def validate(self) -> None:
        """As the engine's."""
        with self._without_secrets():
            self._engine.validate()

    def plan(self, inputs: Inputs) -> Plan:
        """As the engine's."""
        return self._answer(lambda: self._engine.plan(inputs))

    def apply(self, plan: Plan) -> Applied:
        """As the engine's."""
        return self._answer(lambda: self._engine.apply(plan), writing=True)

    def observe(self, plan: Plan) -> Observation:
        """As the engine's."""
        return self._answer(lambda: self._engine.observe(plan))

    def verify(self) -> Verification:
        """As the engine's."""
        return self._answer(self._engine.verify)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """As the engine's."""
        return self._answer(lambda: self._engine.plan_rollback(failed, to))

    def detect_drift(self, receipt: Receipt) -> Plan:
        """As the engine's."""
        return self._answer(lambda: self._engine.detect_drift(receipt))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """As the engine's."""
        return self._answer(lambda: self._engine.settle(receipt))

    def adopt(self) -> Baseline | None:
        """As the engine's."""
        return self._answer(self._engine.adopt)

    def _answer(self, ask: Callable[[], _T], *, writing: bool = False) -> _T:
        with self._without_secrets(writing=writing) as known:
            found: _T = without(ask(), known)
            return found

    @contextmanager
    def _without_secrets(self, *, writing: bool = False) -> Iterator[Known]:
        """The secrets; no error that is raised meanwhile shows one."""
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
    """A value of any shape, with the mask in place of every known secret in its texts."""
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
