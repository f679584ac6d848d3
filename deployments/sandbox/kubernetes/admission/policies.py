"""Validating admission policies: rules that a cluster's administrator adds, in the Common Expression Language.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/

Emulated: match constraints and conditions, variables, validations, and the actions Deny and Warn. Not emulated:
parameters, audit annotations, and Kubernetes' own CEL functions (authorizer, quantities, URLs). An expression that
needs them fails, and the policy's `failurePolicy` decides. For a scale, policies see the object that is scaled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.rbac import holds
from deployments.sandbox.kubernetes.admission import expressions
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.objects import at, labels_of, name_of
from deployments.sandbox.kubernetes.resources import Object, Resource, built_in
from deployments.sandbox.kubernetes.selectors import label_selector
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Store, key

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"

_CODES = {"Unauthorized": 401, "Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}


@dataclass(frozen=True)
class Attempt:
    """A change that a user requests. `after` is `None` for a deletion, `before` for a creation."""

    operation: str
    resource: Resource
    part: str
    before: Object | None
    after: Object | None
    asking: Asking

    @property
    def subject(self) -> Object:
        """Return the object that the attempt changes."""
        found = self.after if self.after is not None else self.before
        return found or {"metadata": {}}

    @property
    def request(self) -> Object:
        """Return the value of `request` in expressions."""
        kind = {"group": self.resource.group, "version": self.resource.version, "kind": self.resource.kind}
        plural = {"group": self.resource.group, "version": self.resource.version, "resource": self.resource.plural}
        metadata, user = self.subject["metadata"], self.asking.user
        return {
            "operation": self.operation,
            "kind": kind,
            "resource": plural,
            "subResource": self.part,
            "name": metadata.get("name", ""),
            "namespace": metadata.get("namespace", ""),
            "userInfo": {"username": user.name, "groups": list(user.groups), "uid": user.uid},
            "dryRun": self.asking.dry_run,
        }


def require_admitted(store: Store, attempt: Attempt) -> None:
    """Check the attempt against all bound policies. Add their warnings to the request.

    Args:
        store: The cluster's store, which has the policies and bindings.
        attempt: The change.

    Raises:
        ApiError: A policy denies the attempt. Its reason determines the code, by default 422.
    """
    for binding in store.of_kind(built_in("ValidatingAdmissionPolicyBinding")):
        policy = store.get(key(built_in("ValidatingAdmissionPolicy"), "", binding["spec"].get("policyName", "")))
        if policy is None or not _concerns(store, policy["spec"].get("matchConstraints"), attempt):
            continue
        if _concerns(store, binding["spec"].get("matchResources"), attempt):
            for reason, message in _violations(policy, attempt):
                _act(policy, binding, reason, message, attempt)


def _act(policy: Object, binding: Object, reason: str, message: str, attempt: Attempt) -> None:
    named = f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}'"
    actions = binding["spec"].get("validationActions") or ()
    if "Warn" in actions:
        attempt.asking.warnings.append(f"Validation failed for {named}: {message}")
    if "Deny" in actions:
        refusal = status.forbidden(attempt.resource, attempt.subject["metadata"].get("name", ""), "")
        told = f"{refusal.message}{named} denied request: {message}"
        raise ApiError(_CODES.get(reason, 422), reason, told, refusal.details)


def _violations(policy: Object, attempt: Attempt) -> Iterator[tuple[str, str]]:
    """Yield (reason, message) of every validation that the attempt fails."""
    spec, names = policy["spec"], _names(attempt)
    try:
        if not all(
            expressions.value(condition["expression"], names) is True
            for condition in spec.get("matchConditions") or ()
        ):
            return
        names["variables"] = {}
        for variable in spec.get("variables") or ():
            names["variables"][variable["name"]] = expressions.value(variable["expression"], names)
        for validation in spec.get("validations") or ():
            if expressions.value(validation["expression"], names) is not True:
                yield validation.get("reason", "Invalid"), _message(validation, names)
    except expressions.Failed as error:
        if spec.get("failurePolicy", "Fail") == "Fail":
            yield "Invalid", str(error)


def _names(attempt: Attempt) -> dict[str, Any]:
    return {"request": attempt.request, "object": attempt.after, "oldObject": attempt.before}


def _message(validation: Object, names: Mapping[str, Any]) -> str:
    if validation.get("messageExpression"):
        return str(expressions.value(validation["messageExpression"], names))
    return str(validation.get("message") or f"failed expression: {validation['expression']}")


def _concerns(store: Store, match: Object | None, attempt: Attempt) -> bool:
    """Tell whether match constraints or match resources apply to the attempt. Without any, they do."""
    match = match or {}
    rules = match.get("resourceRules")
    if rules and not any(_rule_matches(rule, attempt) for rule in rules):
        return False
    if any(_rule_matches(rule, attempt) for rule in match.get("excludeResourceRules") or ()):
        return False
    if not label_selector(match.get("objectSelector") or {})(labels_of(attempt.subject)):
        return False
    namespace = attempt.subject["metadata"].get("namespace")
    found = store.get(key(built_in("Namespace"), "", namespace)) if namespace else None
    return found is None or label_selector(match.get("namespaceSelector") or {})(labels_of(found))


def _rule_matches(rule: Object, attempt: Attempt) -> bool:
    resource = attempt.resource
    names = rule.get("resourceNames")
    return (
        holds(rule.get("operations"), attempt.operation)
        and holds(rule.get("apiGroups"), resource.group)
        and holds(rule.get("apiVersions"), resource.version)
        and any(_covers(pattern, resource.plural, attempt.part) for pattern in rule.get("resources") or ())
        and (not names or at(attempt.subject, "metadata.name") in names)
    )


def _covers(pattern: str, plural: str, part: str) -> bool:
    """Match a resource pattern. `*` and plain names exclude subresources; `*/*` matches everything."""
    whole, _, below = pattern.partition("/")
    if pattern == "*/*":
        return True
    return whole in ("*", plural) and (below == part or (below == "*" and bool(part)))
