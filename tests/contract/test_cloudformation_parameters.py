"""Parameters of the Systems Manager in a stack: whoever moves their values changes nothing by hand."""

from __future__ import annotations

import pytest

from tasks.domain.outcome import Outcome
from tests.platforms.colours import Colours

pytestmark = pytest.mark.sandbox

NAME = "/flowmart/colours/name"
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}
DOCUMENT = {
    "Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": NAME}},
    "Resources": {"Alerts": TOPIC},
}


def test_a_value_that_moves_is_no_drift_and_is_in_the_next_plan(colours: Colours) -> None:
    ssm = colours.administrator("ssm")
    ssm.put_parameter(Name=NAME, Value="blue", Type="String")
    try:
        one = colours.release("one", DOCUMENT)
        receipt = colours.promoted(one)
        ssm.put_parameter(Name=NAME, Value="green", Type="String", Overwrite=True)
        assert colours.drift(receipt).changes == ()
        assert colours.verified(one) is Outcome.SUCCEEDED
        (change,) = colours.plan(one).changes
        assert ((change.before or {})["DisplayName"], (change.after or {})["DisplayName"]) == ("blue", "green")
    finally:
        ssm.delete_parameter(Name=NAME)
