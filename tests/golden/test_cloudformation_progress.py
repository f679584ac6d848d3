"""What became of a stack after an apply without an answer, and what CloudFormation's errors mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tasks.domain.errors import Refused, StalePlan, Throttled, Unanswered
from tasks.domain.outcome import Outcome, Progress
from tasks.engines.cloudformation import baselines, errors
from tasks.engines.cloudformation.packaging import Bucket
from tasks.engines.cloudformation.plans import Operation, Saved
from tasks.engines.cloudformation.progress import progress

SAVED = Saved("execute", "orders", change_set="arn:of/ours", stack_id="arn:of/orders")
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("operation", "status", "expected"),
    [
        ("execute", "UPDATE_COMPLETE", Progress.DONE),
        ("execute", "CREATE_COMPLETE", Progress.DONE),
        ("execute", "UPDATE_ROLLBACK_COMPLETE", Progress.UNCHANGED),
        ("execute", "ROLLBACK_COMPLETE", Progress.UNCHANGED),
        ("execute", "UPDATE_ROLLBACK_FAILED", Progress.PARTIAL),
        ("execute", "ROLLBACK_FAILED", Progress.PARTIAL),
        ("execute", "CREATE_FAILED", Progress.PARTIAL),
        ("execute", "DELETE_COMPLETE", Progress.PARTIAL),
        ("continue", "UPDATE_ROLLBACK_COMPLETE", Progress.DONE),
        ("continue", "UPDATE_ROLLBACK_FAILED", Progress.UNCHANGED),
        ("recreate", "DELETE_COMPLETE", Progress.UNCHANGED),
        ("recreate", "CREATE_COMPLETE", Progress.DONE),
        ("delete", "DELETE_COMPLETE", Progress.DONE),
        ("delete", "DELETE_FAILED", Progress.PARTIAL),
    ],
)
def test_the_state_of_the_stack_says_how_far_it_got(operation: Operation, status: str, expected: Progress) -> None:
    saved = replace(SAVED, operation=operation, change_set="")
    assert progress(saved, {"StackStatus": status}, NONE, "").progress is expected


def test_an_update_that_was_put_back_says_why() -> None:
    found = progress(SAVED, {"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}, NONE, "Orders: Rate exceeded")
    assert found.detail == "stack orders was rolled back (UPDATE_ROLLBACK_COMPLETE): Orders: Rate exceeded"


def test_a_stack_that_was_to_be_created_and_is_not_there_is_unchanged() -> None:
    assert progress(replace(SAVED, stack_id=""), None, NONE, "").progress is Progress.UNCHANGED
    assert progress(SAVED, None, NONE, "").progress is Progress.PARTIAL


def test_what_somebody_else_executed_meanwhile_is_not_ours() -> None:
    stack = {"StackStatus": "UPDATE_COMPLETE", "ChangeSetId": "arn:of/theirs"}
    assert progress(SAVED, stack, NONE, "").progress is Progress.PARTIAL
    assert progress(SAVED, {**stack, "ChangeSetId": "arn:of/ours"}, NONE, "").progress is Progress.DONE


def test_a_stack_without_the_protection_that_was_planned_is_not_done() -> None:
    stack = {"StackStatus": "UPDATE_COMPLETE", "EnableTerminationProtection": False}
    assert progress(replace(SAVED, protected=True), stack, NONE, "").progress is Progress.PARTIAL


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ('Resource handler returned message: "Rate exceeded" (HandlerErrorCode: Throttling)', Outcome.UNANSWERED),
        ("Resource handler returned message: ... (HandlerErrorCode: ServiceInternalError)", Outcome.UNANSWERED),
        ("Resource handler returned message: ... (HandlerErrorCode: AlreadyExists)", Outcome.FAILED),
        ("Rate exceeded (Service: AmazonSNS; Status Code: 400; Error Code: Throttling; ...)", Outcome.UNANSWERED),
        ("why (Service: AmazonSQS; Status Code: 503; Error Code: Whatever; ...)", Outcome.UNANSWERED),
        ("why (Service: AmazonSQS; Status Code: 403; Error Code: AccessDenied; ...)", Outcome.FAILED),
        ("CloudFormation gave no reason", Outcome.FAILED),
    ],
)
def test_a_service_with_a_problem_of_its_own_says_nothing_about_the_release(reason: str, outcome: Outcome) -> None:
    assert errors.outcome_of(reason) is outcome


def answer(code: str, message: str = "why") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, "DescribeStacks")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ChangeSetNotFound", StalePlan),
        ("InvalidChangeSetStatus", StalePlan),
        ("Throttling", Throttled),
        ("InternalFailure", Unanswered),
    ],
)
def test_a_change_set_that_is_gone_makes_a_plan_stale(code: str, kind: type[Exception]) -> None:
    assert type(errors.explained(answer(code), "execute it")) is kind
    assert type(errors.explained(answer("AccessDenied"), "execute it")) is Refused


@pytest.mark.parametrize(
    ("code", "retries", "kind"),
    [
        ("ChangeSetNotFound", 0, StalePlan),
        ("ChangeSetNotFound", 1, Unanswered),
        ("InvalidChangeSetStatus", 3, Unanswered),
        ("AccessDenied", 1, Refused),
    ],
)
def test_a_change_set_that_is_gone_after_a_second_request_may_have_been_carried_out(
    code: str, retries: int, kind: type[Exception]
) -> None:
    error = answer(code)
    error.response["ResponseMetadata"]["RetryAttempts"] = retries
    assert type(errors.explained_execution(error, "execute it")) is kind


IN_PROGRESS = (
    "Stack:arn:aws:cloudformation:eu-west-1:222222222222:stack/orders/1 is in {} state and can not be updated."
)


@pytest.mark.parametrize(
    ("message", "busy"),
    [
        (IN_PROGRESS.format("UPDATE_IN_PROGRESS"), True),
        (IN_PROGRESS.format("DELETE_IN_PROGRESS"), True),
        ("Stack [orders] cannot be deleted while in status UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True),
        (IN_PROGRESS.format("ROLLBACK_COMPLETE"), False),
        ("Stack [orders] cannot be deleted while TerminationProtection is enabled", False),
    ],
)
def test_somebody_elses_operation_makes_a_plan_stale_and_rejects_nothing(message: str, busy: bool) -> None:
    error = answer("ValidationError", message)
    assert errors.is_busy(error) is busy
    assert type(errors.explained_execution(error, "execute it")) is (StalePlan if busy else Refused)
    error.response["ResponseMetadata"]["RetryAttempts"] = 1
    assert type(errors.explained_execution(error, "execute it")) is (Unanswered if busy else Refused)


def test_a_stack_that_does_not_exist_is_no_error() -> None:
    assert errors.is_absent(answer("ValidationError", "Stack with id orders does not exist"))
    assert not errors.is_absent(answer("ValidationError", "1 validation error detected"))
    assert not errors.is_absent(answer("AccessDenied", "role does not exist"))


NO_BUCKET = Bucket("", "eu-west-1", "")
TEMPLATE = "Parameters: {Name: {Type: String}, Key: {Type: String, NoEcho: true}}\nResources: {}\n"
STACK = {
    "StackName": "orders",
    "StackStatus": "UPDATE_COMPLETE",
    "Parameters": [
        {"ParameterKey": "Name", "ParameterValue": "shop"},
        {"ParameterKey": "Key", "ParameterValue": "****"},
    ],
    "Tags": [{"Key": "Team", "Value": "shop"}],
    "Capabilities": ["CAPABILITY_IAM"],
    "EnableTerminationProtection": True,
}


def test_a_baseline_leads_back_to_the_template_and_parameters_that_were_there() -> None:
    source = baselines.source_of(baselines.recorded(STACK, TEMPLATE, {"Statement": []}), NO_BUCKET)
    assert (source.stack, source.text, source.capabilities) == ("orders", TEMPLATE, ("CAPABILITY_IAM",))
    assert (source.tags, source.policy, source.protected) == ({"Team": "shop"}, {"Statement": []}, True)


def test_a_parameter_that_is_not_echoed_keeps_its_value_and_that_is_said() -> None:
    baseline = baselines.recorded(STACK, TEMPLATE, None)
    assert baselines.source_of(baseline, NO_BUCKET).parameters == {"Name": "shop", "Key": None}
    (warning,) = baselines.not_restored(baseline)
    assert warning.startswith("parameter Key keeps the value it has now")
