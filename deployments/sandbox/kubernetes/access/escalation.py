"""Prevent privilege escalation: users cannot grant rights that they do not have.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.rbac import MASTERS, Attributes, Rbac, holds
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.objects import name_of
from deployments.sandbox.kubernetes.resources import Object, Resource

_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def require_no_escalation(rbac: Rbac, item: Object, resource: Resource, asking: Asking) -> None:
    """Check that a role or binding does not grant more than its author has.

    Members of system:masters are exempt. So are users with the verb `escalate` on the role, or `bind` on the bound
    role.

    Raises:
        ApiError: 403, with the missing rights.
    """
    if MASTERS in asking.user.groups or resource.kind not in (*_ROLES, *_BINDINGS):
        return
    namespace = item["metadata"].get("namespace", "")
    if resource.kind in _ROLES:
        rules, exempt = item.get("rules") or (), "escalate"
        target = Attributes("escalate", resource.group, resource.plural, namespace, name_of(item))
    else:
        reference = item["roleRef"]
        plural = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
        rules, exempt = rbac.rules_of(reference, namespace), "bind"
        target = Attributes("bind", resource.group, plural, namespace, reference["name"])
    if rbac.allows(asking.user, target):
        return
    missing = [_told(asked) for asked in _granted(rules, namespace) if not _has(rbac, asking, asked, namespace)]
    if missing:
        who = f'user "{asking.user.name}" (groups={list(asking.user.groups)!r})'
        why = f"{who} is attempting to grant RBAC permissions not currently held (and may not {exempt}):\n"
        raise status.forbidden(resource, name_of(item), why + "\n".join(missing))


def _granted(rules: Sequence[Object], namespace: str) -> Iterator[Attributes]:
    for rule in rules:
        for verb, path in product(rule.get("verbs") or (), rule.get("nonResourceURLs") or ()):
            yield Attributes(verb, path=path)
        names = rule.get("resourceNames") or [""]
        wanted = product(rule.get("verbs") or (), rule.get("apiGroups") or (), rule.get("resources") or (), names)
        for verb, group, resource, name in wanted:
            yield Attributes(verb, group, resource, namespace, name)


def _has(rbac: Rbac, asking: Asking, asked: Attributes, namespace: str) -> bool:
    return any(_covers(rule, asked) for rule in rbac.rules(asking.user, namespace))


def _covers(rule: Object, asked: Attributes) -> bool:
    """Tell whether a rule includes everything that is asked for, where each part may be `*`."""
    if not holds(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return holds(rule.get("nonResourceURLs"), asked.path)
    named = not rule.get("resourceNames") or asked.name in rule["resourceNames"]
    return named and holds(rule.get("apiGroups"), asked.group) and holds(rule.get("resources"), asked.resource)


def _told(asked: Attributes) -> str:
    if asked.path:
        return f'{{NonResourceURLs:["{asked.path}"], Verbs:["{asked.verb}"]}}'
    name = f', ResourceNames:["{asked.name}"]' if asked.name else ""
    return f'{{APIGroups:["{asked.group}"], Resources:["{asked.resource}"]{name}, Verbs:["{asked.verb}"]}}'
