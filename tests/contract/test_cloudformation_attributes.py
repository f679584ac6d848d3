"""Changes of a resource's attributes beside its properties are planned, applied and found good."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action
from tests.platforms.colours import ALERTS, Colours

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize(
    ("attributes", "note"),
    [
        ({"Metadata": {"AWS::CloudFormation::Init": {"config": {"packages": {}}}}}, "changes Metadata"),
        ({"DeletionPolicy": "Retain"}, "changes DeletionPolicy"),
    ],
)
def test_an_attribute_that_changes_alone_is_planned_with_its_name(
    colours: Colours, attributes: dict[str, Any], note: str
) -> None:
    colours.promoted(colours.release("one", {"Resources": {"Alerts": ALERTS}}))
    two = colours.release("two", {"Resources": {"Alerts": {**ALERTS, **attributes}}})
    plan = colours.plan(two)
    assert [(change.action, change.address, change.note) for change in plan.changes] == [
        (Action.UPDATE, "Alerts", note)
    ]
    assert note in plan.text
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED
    assert colours.verified(two) is Outcome.SUCCEEDED
    assert colours.plan(two).empty
