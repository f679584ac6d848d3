"""How far an unanswered apply got, and whether a unit is as declared, by planning again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.domain.outcome import Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.release import Target
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.observations import observed, verified


def change(before: Any, after: Any, address: str = "a.b", action: Action = Action.UPDATE, note: str = "") -> Change:
    return Change(address, "a", action, before, after, note=note)


def plan(*changes: Change, basis: str = "x/1", outputs: bool = False) -> Plan:
    return Plan(Target("r", "dev", "u"), "terraform", changes, "d", "i", basis=basis, changes_outputs=outputs)


MADE = change(None, {"size": 1, "id": UNKNOWN}, action=Action.CREATE)
RESIZED = change({"size": 1}, {"size": 2})
ALWAYS = change({"id": "1", "t": "now"}, {"id": UNKNOWN, "t": UNKNOWN}, "a.always", Action.REPLACE)
AGAIN = change({"id": "2", "t": "later"}, {"id": UNKNOWN, "t": UNKNOWN}, "a.always", Action.REPLACE)


@pytest.mark.parametrize(
    ("planned", "again", "progress"),
    [
        pytest.param(plan(MADE), plan(), Progress.DONE, id="nothing is left"),
        pytest.param(plan(MADE), plan(MADE), Progress.UNCHANGED, id="the same is left"),
        pytest.param(plan(RESIZED), plan(RESIZED, basis="x/2"), Progress.UNCHANGED, id="a refresh moved the serial"),
        pytest.param(plan(MADE, RESIZED), plan(RESIZED), Progress.PARTIAL, id="some is left"),
        pytest.param(plan(ALWAYS), plan(AGAIN), Progress.DONE, id="what comes back with every plan"),
        pytest.param(plan(MADE, ALWAYS), plan(AGAIN), Progress.DONE, id="all done, and one comes back"),
        pytest.param(plan(MADE, ALWAYS), plan(MADE, AGAIN), Progress.PARTIAL, id="one came back, one is left"),
        pytest.param(
            plan(MADE),
            plan(change({"size": 1, "id": "7"}, {"size": 1, "id": UNKNOWN}, action=Action.REPLACE, note="tainted")),
            Progress.PARTIAL,
            id="made, and half done",
        ),
        pytest.param(plan(RESIZED), plan(change({"size": 9}, {"size": 2})), Progress.PARTIAL, id="another value"),
        pytest.param(
            plan(change({"pin": "x"}, {"pin": MASK})),
            plan(change({"pin": MASK}, {"pin": UNKNOWN})),
            Progress.DONE,
            id="a secret may be anything",
        ),
        pytest.param(plan(outputs=True), plan(outputs=True), Progress.UNCHANGED, id="outputs alone, not written"),
        pytest.param(plan(outputs=True), plan(), Progress.DONE, id="outputs alone, written"),
        pytest.param(plan(MADE, outputs=True), plan(outputs=True), Progress.PARTIAL, id="outputs are left"),
    ],
)
def test_how_far_an_apply_got(planned: Plan, again: Plan, progress: Progress) -> None:
    assert observed(planned, again, {}).progress is progress


def test_what_is_not_known_is_not_done() -> None:
    assert observed(plan(MADE), replace(plan(), unknown=("a.c",)), {}).progress is Progress.PARTIAL


def test_a_unit_is_as_declared_when_a_new_plan_changes_nothing() -> None:
    assert verified(plan()) == Verification(Outcome.SUCCEEDED)
    assert verified(plan(RESIZED)) == Verification(Outcome.FAILED, (RESIZED,))
