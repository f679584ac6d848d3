"""Role-based access control, based on the roles and bindings in the store.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployments.sandbox.kubernetes.asking import User
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Store, key

MASTERS = "system:masters"
"""Members of this group may do everything, regardless of roles."""


@dataclass(frozen=True)
class Attributes:
    """What a user wants to do.

    `resource` may include a subresource, as in "pods/log". `path` is set only for requests that are not for a
    resource.
    """

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f'cannot {self.verb} path "{self.path}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return f'cannot {self.verb} resource "{self.resource}" in API group "{self.group}" {where}'


class Rbac:
    """Authorizes requests to one cluster."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, user: User, asked: Attributes) -> bool:
        """Tell whether any rule that applies to the user allows the request."""
        if MASTERS in user.groups:
            return True
        return any(rule_allows(rule, asked) for rule in self.rules(user, asked.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Object]:
        """Yield every rule that applies to the user, cluster-wide and in this namespace."""
        for binding in self._store.of_kind(built_in("ClusterRoleBinding")):
            if _binds(binding, user):
                yield from self.rules_of(binding["roleRef"], "")
        if namespace:
            for binding in self._store.of_kind(built_in("RoleBinding"), namespace):
                if _binds(binding, user):
                    yield from self.rules_of(binding["roleRef"], namespace)

    def rules_of(self, reference: Object, namespace: str) -> Sequence[Object]:
        """Return the rules of the role that a binding refers to; empty if the role does not exist."""
        kind = built_in(reference["kind"])
        found = self._store.get(key(kind, namespace, reference["name"]))
        return (found or {}).get("rules") or ()


def _binds(binding: Object, user: User) -> bool:
    namespace = binding["metadata"].get("namespace", "")
    return any(_is(subject, user, namespace) for subject in binding.get("subjects") or ())


def _is(subject: Object, user: User, namespace: str) -> bool:
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    if subject["kind"] == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace', namespace)}:{subject['name']}"
    return bool(subject["name"] == user.name)


def rule_allows(rule: Object, asked: Attributes) -> bool:
    """Tell whether one rule allows the request."""
    if not holds(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_covers(path, asked.path) for path in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    named = not names or asked.name in names
    return (
        named and holds(rule.get("apiGroups"), asked.group) and _has_resource(rule.get("resources"), asked.resource)
    )


def holds(values: Sequence[str] | None, wanted: str) -> bool:
    """Tell whether a rule's list contains `wanted` or `*`."""
    return "*" in (values or ()) or wanted in (values or ())


def _has_resource(values: Sequence[str] | None, wanted: str) -> bool:
    _, slash, part = wanted.partition("/")
    return holds(values, wanted) or (bool(slash) and f"*/{part}" in (values or ()))


def _covers(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))
