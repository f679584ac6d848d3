"""Review objects: "may I?" and "who am I?". They are requests only; the store never has them."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.kubernetes.access.rbac import Attributes, Rbac
from deployments.sandbox.kubernetes.access.tokens import Tokens
from deployments.sandbox.kubernetes.asking import User
from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.resources import Object, Resource


def answered(item: Object, resource: Resource, user: User, rbac: Rbac, tokens: Tokens) -> Object:
    """Return the review with the result in `status`.

    Args:
        item: The review as sent.
        resource: The kind of review.
        user: The user who sends the request.
        rbac: The cluster's authorizer.
        tokens: The cluster's tokens.
    """
    spec = item.get("spec") or {}
    answers: dict[str, Any] = {
        "SelfSubjectReview": lambda: {"userInfo": _who(user)},
        "TokenReview": lambda: _token(spec, tokens),
        "SelfSubjectRulesReview": lambda: _rules(spec, user, rbac),
        "SelfSubjectAccessReview": lambda: _access(spec, user, rbac),
        "SubjectAccessReview": lambda: _access(spec, _subject(spec), rbac),
        "LocalSubjectAccessReview": lambda: _access(spec, _subject(spec), rbac),
    }
    named = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"creationTimestamp": None}}
    return named | {"spec": spec, "status": answers[resource.kind]()}


def _who(user: User) -> Object:
    return {"username": user.name, "groups": list(user.groups)} | ({"uid": user.uid} if user.uid else {})


def _subject(spec: Object) -> User:
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()))


def _token(spec: Object, tokens: Tokens) -> Object:
    user = tokens.user(spec.get("token", ""))
    return {"authenticated": False} if user is None else {"authenticated": True, "user": _who(user)}


def _access(spec: Object, user: User, rbac: Rbac) -> Object:
    asked = spec.get("resourceAttributes")
    if asked:
        part = f"/{asked['subresource']}" if asked.get("subresource") else ""
        attributes = Attributes(
            asked.get("verb", ""),
            asked.get("group", ""),
            asked.get("resource", "") + part,
            asked.get("namespace", ""),
            asked.get("name", ""),
        )
    else:
        attributes = Attributes(
            at(spec, "nonResourceAttributes.verb", ""), path=at(spec, "nonResourceAttributes.path", "")
        )
    return {"allowed": rbac.allows(user, attributes)}


def _rules(spec: Object, user: User, rbac: Rbac) -> Object:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    rules = [everything] if "system:masters" in user.groups else list(rbac.rules(user, spec.get("namespace", "")))
    return {
        "resourceRules": [rule for rule in rules if rule.get("resources")],
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": False,
    }
