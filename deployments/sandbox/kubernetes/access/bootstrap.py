"""The roles and bindings that a cluster starts with, as ordinary objects.

They are Kubernetes' own, reduced to what the sandbox serves
(https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings). A cluster creates
them if they are missing, and never changes them afterwards, so manual changes persist.

The rights of FlowMart's planner and deployer are not here. An administrator has to grant them, as on a real cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.kubernetes.resources import Object

_RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_ALL = (*_READ, *_WRITE)

_NAMESPACED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("configmaps", "endpoints", "persistentvolumeclaims", "pods", "serviceaccounts", "services")),
    ("apps", ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets")),
    ("apps", ("deployments/scale", "replicasets/scale", "statefulsets/scale")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("batch", ("cronjobs", "jobs")),
    ("networking.k8s.io", ("ingresses", "networkpolicies")),
    ("policy", ("poddisruptionbudgets",)),
)
_SEEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    *_NAMESPACED,
    ("", ("events", "limitranges", "namespaces", "pods/log", "pods/status", "resourcequotas")),
    ("discovery.k8s.io", ("endpointslices",)),
)


def _rules(pairs: Iterable[tuple[str, tuple[str, ...]]], verbs: tuple[str, ...]) -> list[Object]:
    return [{"apiGroups": [group], "resources": list(names), "verbs": list(verbs)} for group, names in pairs]


_EVERYTHING = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
_PUBLIC = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *_PUBLIC]
_BASIC = [
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    },
    {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
]
_SECRETS = _rules([("", ("secrets",))], _ALL)
_EDIT = [*_rules(_SEEN, _READ), *_rules(_NAMESPACED, _WRITE), *_SECRETS]
_OWN_ROLES = _rules([(_RBAC, ("rolebindings", "roles"))], _ALL)

_ROLES: dict[str, list[Object]] = {
    "cluster-admin": _EVERYTHING,
    "admin": [*_EDIT, *_OWN_ROLES],
    "edit": _EDIT,
    "view": _rules(_SEEN, _READ),
    "system:basic-user": _BASIC,
    "system:discovery": [{"nonResourceURLs": _DISCOVERY, "verbs": ["get"]}],
    "system:public-info-viewer": [{"nonResourceURLs": _PUBLIC, "verbs": ["get"]}],
}
_BINDINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cluster-admin": ("cluster-admin", ("system:masters",)),
    "system:basic-user": ("system:basic-user", ("system:authenticated",)),
    "system:discovery": ("system:discovery", ("system:authenticated",)),
    "system:public-info-viewer": ("system:public-info-viewer", ("system:authenticated", "system:unauthenticated")),
}


def objects() -> list[Object]:
    """Return all default roles and bindings."""
    roles = [_object("ClusterRole", name, rules=rules) for name, rules in _ROLES.items()]
    return roles + [_binding(name, role, groups) for name, (role, groups) in _BINDINGS.items()]


def _object(kind: str, name: str, **content: Any) -> Object:
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **content}


def _binding(name: str, role: str, groups: tuple[str, ...]) -> Object:
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role}
    subjects = [{"apiGroup": _RBAC, "kind": "Group", "name": group} for group in groups]
    return _object("ClusterRoleBinding", name, roleRef=reference, subjects=subjects)
