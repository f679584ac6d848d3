"""Validating admission policies: /docs/reference/access-authn-authz/validating-admission-policy/"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.kubernetes.admission.policies import CREATE, DELETE, UPDATE, Attempt, require_admitted
from deployments.sandbox.kubernetes.asking import Asking, User
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Store, key

DEPLOYMENTS = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["deployments"],
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "objects.sqlite")
    yield opened
    opened.close()


def bind(store: Store, actions: tuple[str, ...] = ("Deny",), **spec: Any) -> None:
    """A policy that is bound; by default the documentation's: at most five replicas."""
    rules = {"matchConstraints": {"resourceRules": [DEPLOYMENTS]}}
    wanted = rules | {"validations": [{"expression": "object.spec.replicas <= 5"}]} | spec
    policy = {"metadata": {"name": "few"}, "spec": wanted}
    binding = {"metadata": {"name": "bound"}, "spec": {"policyName": "few", "validationActions": list(actions)}}
    store.put(key(built_in("ValidatingAdmissionPolicy"), "", "few"), policy)
    store.put(key(built_in("ValidatingAdmissionPolicyBinding"), "", "bound"), binding)


def attempt(
    replicas: int = 9, operation: str = CREATE, part: str = "", groups: tuple[str, ...] = (), **asked: Any
) -> Attempt:
    item: Object = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}}
    after = None if operation == DELETE else item
    before = None if operation == CREATE else item
    return Attempt(
        operation, built_in("Deployment"), part, before, after, Asking(User("me", groups), "test", **asked)
    )


def refusal(store: Store, tried: Attempt) -> ApiError:
    with pytest.raises(ApiError) as refused:
        require_admitted(store, tried)
    return refused.value


def test_a_denial_names_policy_binding_and_expression(store: Store) -> None:
    bind(store)
    refused = refusal(store, attempt(9))
    assert refused.message == (
        "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'bound' denied request: "
        "failed expression: object.spec.replicas <= 5"
    )
    assert (refused.code, refused.reason) == (422, "Invalid")
    require_admitted(store, attempt(5))


def test_message_and_reason_are_the_policys(store: Store) -> None:
    told = {
        "expression": "false",
        "messageExpression": "'not ' + string(object.spec.replicas)",
        "reason": "Forbidden",
    }
    bind(store, validations=[told])
    refused = refusal(store, attempt(9))
    assert (refused.code, refused.message.rsplit(": ", 1)[1]) == (403, "not 9")


OTHERS = [
    attempt(9, DELETE),
    attempt(9, UPDATE, part="scale"),
]


@pytest.mark.parametrize("tried", OTHERS, ids=["operation", "subresource"])
def test_what_the_rules_do_not_name_is_admitted(store: Store, tried: Attempt) -> None:
    bind(store)
    require_admitted(store, tried)


def test_conditions_variables_and_the_asking_user_are_seen(store: Store) -> None:
    bind(
        store,
        matchConditions=[{"name": "planners", "expression": "'planners' in request.userInfo.groups"}],
        variables=[{"name": "rehearsal", "expression": "has(request.dryRun) && request.dryRun"}],
        validations=[{"expression": "variables.rehearsal"}],
    )
    require_admitted(store, attempt(groups=("others",)))
    require_admitted(store, attempt(groups=("planners",), dry_run=True))
    assert refusal(store, attempt(groups=("planners",))).code == 422


def test_exclusions_count_more_than_rules(store: Store) -> None:
    bind(store, matchConstraints={"resourceRules": [DEPLOYMENTS], "excludeResourceRules": [DEPLOYMENTS]})
    require_admitted(store, attempt(9))


def test_a_warning_admits(store: Store) -> None:
    bind(store, actions=("Warn",))
    tried = attempt(9)
    require_admitted(store, tried)
    assert tried.asking.warnings == [
        "Validation failed for ValidatingAdmissionPolicy 'few' with binding 'bound': "
        "failed expression: object.spec.replicas <= 5"
    ]


@pytest.mark.parametrize(("policy", "admitted"), [("Fail", False), ("Ignore", True)])
def test_an_expression_that_cannot_be_evaluated_follows_the_failure_policy(
    store: Store, policy: str, admitted: bool
) -> None:
    bind(store, failurePolicy=policy, validations=[{"expression": "authorizer.group('').check('get').allowed()"}])
    if admitted:
        require_admitted(store, attempt(1))
    else:
        assert "resulted in error" in refusal(store, attempt(1)).message
