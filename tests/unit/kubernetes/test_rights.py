"""Rules of RBAC, and tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.kubernetes.access.rbac import Attributes, rule_allows
from deployments.sandbox.kubernetes.access.tokens import PLAN, Tokens
from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.storage import Store, key

READ_PODS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
ALL_SCALES = {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["*"]}
ONE_MAP = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["it"], "verbs": ["update"]}
HEALTH = {"nonResourceURLs": ["/healthz", "/healthz/*"], "verbs": ["get"]}

# /docs/reference/access-authn-authz/rbac/#referring-to-resources
CASES: list[tuple[dict[str, Any], Attributes, bool]] = [
    (READ_PODS, Attributes("get", "", "pods", "n", "a"), True),
    (READ_PODS, Attributes("delete", "", "pods", "n", "a"), False),
    (READ_PODS, Attributes("get", "apps", "pods", "n"), False),
    (READ_PODS, Attributes("get", "", "pods/log", "n", "a"), True),
    (READ_PODS, Attributes("get", "", "pods/exec", "n", "a"), False),
    (ALL_SCALES, Attributes("patch", "apps", "deployments/scale", "n", "a"), True),
    (ALL_SCALES, Attributes("patch", "apps", "deployments", "n", "a"), False),
    (ONE_MAP, Attributes("update", "", "configmaps", "n", "it"), True),
    (ONE_MAP, Attributes("update", "", "configmaps", "n", "other"), False),
    (HEALTH, Attributes("get", path="/healthz/etcd"), True),
    (HEALTH, Attributes("get", path="/metrics"), False),
    (READ_PODS, Attributes("get", path="/healthz"), False),
]


@pytest.mark.parametrize(("rule", "asked", "allowed"), CASES)
def test_rules(rule: dict[str, Any], asked: Attributes, allowed: bool) -> None:
    assert rule_allows(rule, asked) is allowed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "objects.sqlite")
    yield opened
    opened.close()


def account(store: Store, uid: str) -> Any:
    item = {"metadata": {"name": "robot", "namespace": "shop", "uid": uid}}
    return store.put(key(built_in("ServiceAccount"), "shop", "robot"), item)


def test_tokens_of_users_outlive_the_process(store: Store, tmp_path: Path) -> None:
    token = Tokens(tmp_path / "tokens.json", store).of(PLAN)
    user = Tokens(tmp_path / "tokens.json", store).user(token)
    assert user is not None
    assert (user.name, user.groups) == (PLAN, ("flowmart:planners", "system:authenticated"))


def test_a_service_accounts_token_names_it_and_dies_with_it(store: Store, tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json", store)
    token, _ = tokens.issue(account(store, "first"), 600)
    user = tokens.user(token)
    assert user is not None
    assert user.name == "system:serviceaccount:shop:robot"
    account(store, "second")
    assert tokens.user(token) is None


def test_a_token_that_was_tampered_with_or_is_too_old_is_nobodys(store: Store, tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens.json", store)
    token, _ = tokens.issue(account(store, "first"), 600)
    head, body, signature = token.split(".")
    assert tokens.user(f"{head}.{body[:-2]}.{signature}") is None
    expired, _ = tokens.issue(account(store, "first"), -1)
    assert tokens.user(expired) is None
    assert tokens.user("") is None
