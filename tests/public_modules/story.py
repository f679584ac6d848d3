"""What a module goes through: promoted, found unchanged, drifted, repaired, changed, rolled back, destroyed.

The product does all of it but the change by hand; the first step that fails ends the story.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deployments.sandbox import Sandbox
from tasks import drift
from tasks.domain.errors import FlowmartError
from tasks.promotion import operations
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tests.public_modules.modules import Module
from tests.public_modules.platform import ENVIRONMENT, ModulePlatform

UNITS_AT_ONCE = 4


@dataclass(frozen=True)
class Step:
    """One step of a story: how long it took, and what was wrong; empty if nothing was."""

    name: str
    seconds: float
    wrong: str = ""


class Story:
    """One module, in a platform of its own."""

    def __init__(self, module: Module, sandbox: Sandbox, folder: Path) -> None:
        self._module, self._sandbox = module, sandbox
        self._platform = ModulePlatform(folder, module.name)
        self._first = self._second = ""

    def told(self) -> Iterator[Step]:
        """The steps, as they end."""
        steps: dict[str, Callable[[], str]] = {
            "promote": self._promote,
            "unchanged": self._unchanged,
            "drift": self._drift,
            "repair": self._repair,
            "change": self._change,
            "roll back": self._roll_back,
            "destroy": self._destroy,
        }
        for name, act in steps.items():
            began = time.monotonic()
            try:
                wrong = act()
            except FlowmartError as error:
                wrong = str(error)
            yield Step(name, time.monotonic() - began, wrong)
            if wrong:
                return

    @property
    def _runtime(self) -> Runtime:
        return compose(self._platform.settings)

    def _promote(self) -> str:
        self._first = self._platform.version(1)
        return self._promoted(self._first)

    def _change(self) -> str:
        self._second = self._platform.version(2)
        return self._promoted(self._second)

    def _promoted(self, release: str) -> str:
        runtime = self._runtime
        operations.promote(runtime, LocalExecutor(UNITS_AT_ONCE, runtime.clock), release, ENVIRONMENT)
        verified = self._runtime.ledger().state(ENVIRONMENT).verified
        return "" if verified == release else f"verified is {verified}, not {release}"

    def _drifted(self) -> list[str]:
        runtime = self._runtime
        with opened(runtime, runtime.ledger().state(ENVIRONMENT).verified or "", ENVIRONMENT) as run:
            report, errors = drift.compare(run, LocalExecutor(UNITS_AT_ONCE, runtime.clock))
        if errors:
            raise errors[0]
        return [found.address for found in report.open]

    def _unchanged(self) -> str:
        found = self._drifted()
        return f"nobody touched {', '.join(found)}" if found else ""

    def _drift(self) -> str:
        state = self._runtime.ledger().state(ENVIRONMENT)
        outputs = state.receipts[self._module.name].outputs
        self._module.drift(self._sandbox.administrator(ENVIRONMENT), outputs)
        return "" if self._drifted() else "the change by hand was not found"

    def _repair(self) -> str:
        runtime = self._runtime
        operations.reconcile(runtime, LocalExecutor(UNITS_AT_ONCE, runtime.clock), ENVIRONMENT)
        return self._unchanged()

    def _roll_back(self) -> str:
        runtime = self._runtime
        operations.roll_back(runtime, LocalExecutor(UNITS_AT_ONCE, runtime.clock), ENVIRONMENT)
        verified = self._runtime.ledger().state(ENVIRONMENT).verified
        return self._unchanged() if verified == self._first else f"verified is {verified}, not {self._first}"

    def _destroy(self) -> str:
        return self._promoted(self._platform.nothing())
