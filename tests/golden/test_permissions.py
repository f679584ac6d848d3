"""The roles' policies against what the sandbox saw being used: enough for it, and writing is for one role only."""

from __future__ import annotations

import json

import pytest

from deployments.reference.permissions import ROLES, listed, of, statements, used
from deployments.sandbox.aws_server.policies import Decision, Request, decide
from tests.permissions import text

READING = ("Assume", "Batch", "Describe", "Detect", "Get", "Head", "List", "Query", "Scan", "Validate", "View")
"""How actions begin that change nothing."""

OF_PLANNING = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
"""What a plan writes: a change set is CloudFormation's plan."""


@pytest.mark.parametrize("role", ROLES)
def test_everything_that_was_used_is_allowed(role: str) -> None:
    policy = json.dumps({"Statement": statements(role)})
    assert used(role)
    assert [each for each in used(role) if decide([policy], Request(each)) is not Decision.ALLOWED] == []


def test_the_role_that_plans_has_only_read() -> None:
    wrote = {each for each in used("plan") if not each.partition(":")[2].startswith(READING)}
    assert wrote <= OF_PLANNING | {"s3:PutObject", "s3:DeleteObject"}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_a_whole_service_that_it_does_not_use(role: str) -> None:
    allowed = [each for s in statements(role) if s["Effect"] == "Allow" for each in listed(s["Action"])]
    whole = [each for each in allowed if each.endswith(":*")]
    assert "*" not in allowed
    assert [each for each in whole if not of(each, used(role))] == []


def test_a_record_has_each_action_of_a_role_once_in_order() -> None:
    lines = ["flowmart-b s3:B", "flowmart-a s3:A", "flowmart-b s3:A", "flowmart-b s3:B", "administrator s3:A"]
    lines += ["shop-b s3:C", "shop-b s3:A"]
    assert json.loads(text(lines)) == {"flowmart-a": ["s3:A"], "flowmart-b": ["s3:A", "s3:B", "s3:C"]}
