"""An engine whose tool is a tiny program: what is left of a promotion's cost is the product's own.

It is the example engine of `docs/examples`, which writes files; the program runs as often as a real tool would at
least: to plan, to apply, and to settle.
"""

from __future__ import annotations

from files_engine import Files, interface, reads

from tasks.domain.outcome import Applied
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Receipt
from tasks.engines.base import Engine
from tasks.processes import Command


class Tiny(Files):
    """Files, with a program that is started and does nothing."""

    def _planned(self, changes: tuple[Change, ...], *others: object) -> Plan:
        self._run("plan")
        return super()._planned(changes, *others)

    def apply(self, plan: Plan) -> Applied:
        """Run the program, and write the files."""
        self._run("apply")
        return super().apply(plan)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Run the program; files do not change by themselves."""
        self._run("settle")
        return super().settle(receipt)

    def _run(self, verb: str) -> None:
        self.workspace.processes.run(Command((self.workspace.executable, verb), self.workspace.folder))


ENGINE = Engine(name="tiny", make=Tiny, reads=reads, interface=interface, executable="true")
