"""The roles' policies against what the sandbox saw being used: enough for it, and writing is for one role only."""

from __future__ import annotations

import json

import pytest

from deployments.reference.permissions import ROLES, listed, of, statements, used
from deployments.sandbox.aws_server.policies import Decision, Request, decide
from tests.permissions import text

READING = ("Assume", "Batch", "Describe", "Detect", "Get", "Head", "List", "Query", "Scan", "View")
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
def test_most_of_what_is_allowed_was_used(role: str) -> None:
    allowed = [each for s in statements(role) if s["Effect"] == "Allow" for each in listed(s["Action"])]
    seen = [each for each in allowed if of(each, used(role))]
    assert len(seen) > len(allowed) / 2


def test_a_record_has_each_action_of_a_role_once_in_order() -> None:
    assert json.loads(text(["b s3:B", "a s3:A", "b s3:A", "b s3:B"])) == {"a": ["s3:A"], "b": ["s3:A", "s3:B"]}
