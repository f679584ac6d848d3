"""How IAM policies are evaluated in the sandbox, held against what AWS documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.sandbox.aws_server.policies import Decision, Request, decide

ALLOWED, DENIED, SILENT = Decision.ALLOWED, Decision.DENIED, Decision.SILENT
OBJECT = "arn:aws:s3:::state/dev/terraform.tfstate"


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def deny(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", **elements}


def trust(principal: Any, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **elements}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


PUT = Request("s3:PutObject", OBJECT, context={"aws:securetransport": "true"})
UNKNOWN = Request("ec2:DeleteVpc", None)
ASSUME = Request("sts:AssumeRole", "arn:aws:iam::2:role/r", "arn:aws:iam::111111111111:user/anna")

CASES = {
    "nothing said": ([], PUT, SILENT),
    "an action by name": ([allow(Action="s3:PutObject")], PUT, ALLOWED),
    "an action in another case": ([allow(Action="S3:putobject")], PUT, ALLOWED),
    "an action by wildcard": ([allow(Action=["ec2:*", "s3:Put*"])], PUT, ALLOWED),
    "a wildcard for one character": ([allow(Action="s3:?utObject")], PUT, ALLOWED),
    "a dot is a dot": ([allow(Resource="arn:aws:s3:::state/dev/terraform-tfstate")], PUT, SILENT),
    "the start of an action is not the action": ([allow(Action="s3:Put")], PUT, SILENT),
    "another action": ([allow(Action="s3:GetObject")], PUT, SILENT),
    "all actions but": ([allow(NotAction="s3:Get*", Action=None)], PUT, ALLOWED),
    "all actions but this": ([allow(NotAction="s3:Put*", Action=None)], PUT, SILENT),
    "a resource by wildcard": ([allow(Resource="arn:aws:s3:::state/*.tfstate")], PUT, ALLOWED),
    "another resource": ([allow(Resource="arn:aws:s3:::state/*.tflock")], PUT, SILENT),
    "all resources but this": ([{"Effect": "Allow", "Action": "*", "NotResource": OBJECT}], PUT, SILENT),
    "deny wins": ([allow(), deny(Action="s3:Put*")], PUT, DENIED),
    "deny of something else": ([allow(), deny(Action="s3:Get*")], PUT, ALLOWED),
    "unknown resource, limited allow": ([allow(Resource="arn:aws:ec2:::vpc/x")], UNKNOWN, ALLOWED),
    "unknown resource, limited deny": ([allow(), deny(Resource="arn:aws:ec2:::vpc/x")], UNKNOWN, ALLOWED),
    "unknown resource, deny of all": ([allow(), deny(Action="ec2:Delete*")], UNKNOWN, DENIED),
    "a condition that holds": ([deny(Condition={"Bool": {"aws:SecureTransport": "true"}})], PUT, DENIED),
    "a condition that does not": ([deny(Condition={"Bool": {"aws:SecureTransport": "false"}})], PUT, SILENT),
    "an unknown key does not deny": (
        [allow(), deny(Condition={"Bool": {"aws:ViaAWSService": "false"}})],
        PUT,
        ALLOWED,
    ),
    "an unknown key does allow": ([allow(Condition={"StringEquals": {"ec2:Vpc": "x"}})], PUT, ALLOWED),
    "trust in a person": ([trust({"AWS": "arn:aws:iam::111111111111:user/anna"})], ASSUME, ALLOWED),
    "trust in another person": ([trust({"AWS": "arn:aws:iam::111111111111:user/ann"})], ASSUME, SILENT),
    "trust in an account": ([trust({"AWS": "arn:aws:iam::111111111111:root"})], ASSUME, ALLOWED),
    "trust in an account by number": ([trust({"AWS": ["222222222222", "111111111111"]})], ASSUME, ALLOWED),
    "trust in another account": ([trust({"AWS": "arn:aws:iam::222222222222:root"})], ASSUME, SILENT),
    "trust in a service": ([trust({"Service": "ec2.amazonaws.com"})], ASSUME, SILENT),
}


@pytest.mark.parametrize(("statements", "request_", "expected"), CASES.values(), ids=CASES.keys())
def test_decision(statements: list[dict[str, Any]], request_: Request, expected: Decision) -> None:
    documents = [policy({k: v for k, v in statement.items() if v is not None}) for statement in statements]
    assert decide(documents, request_) is expected


def test_a_single_statement_need_not_be_a_list() -> None:
    assert decide([json.dumps({"Statement": allow()})], PUT) is ALLOWED
