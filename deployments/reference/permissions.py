"""Lists what each role may do in AWS and in a cluster, and which permissions the sandbox has seen in use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.bootstrap.policies import DEFAULTS
from tasks.reports.artifacts import table

_INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"

USED = Path(__file__).with_name("used_actions.json")
"""{role: the actions that it used in the sandbox}; `python -m tests.permissions` records them."""

ROLES: Mapping[str, str] = {"plan": "plans, checks and looks for drift", "apply": "applies and rolls back"}
"""{role: what it does}; its policy is `tasks/bootstrap/defaults/<role>.json`."""

_INTRODUCTION = """# Permissions

`flowmart bootstrap` gives two roles in each account exactly these policies, unless the platform has its own:
`flowmart bootstrap ENV --write-policies` writes these into `infrastructure/bootstrap/`, for you to adapt to what your
units build. `${states}` are the objects in the buckets that units of the environment name as their backends.
*Used* are the actions that the sandbox, which enforces them, saw while FlowMart's own infrastructure was promoted,
and a rollback of nested stacks and of an image in two regions rehearsed (`python -m tests.permissions` records them
again). An entry without any is for what did not happen there, such as removing a unit or changing its tags."""

_CLUSTER = """## In a cluster

An administrator applies [infrastructure/kubernetes/access](../../infrastructure/kubernetes/README.md) once.
Kubernetes authorises a dry run as the real thing; an admission policy lets the planner do no more than that."""


def page() -> str:
    """Return the page as Markdown."""
    aws = [part for role, about in ROLES.items() for part in _role(role, about)]
    return "\n\n".join([_INTRODUCTION, *aws, _CLUSTER, *_cluster_roles()])


def statements(role: str) -> list[Mapping[str, Any]]:
    """Return the statements of a role's policy."""
    found: list[Mapping[str, Any]] = json.loads((DEFAULTS / f"{role}.json").read_text())["Statement"]
    return found


def used(role: str) -> Sequence[str]:
    """Return the actions that a role used in the sandbox."""
    recorded: Mapping[str, Sequence[str]] = json.loads(USED.read_text())
    return recorded[f"flowmart-{role}"]


def of(pattern: str, actions: Sequence[str]) -> list[str]:
    """Return the actions that match an entry of a policy."""
    return [action for action in actions if fnmatchcase(action.lower(), pattern.lower())]


def _role(role: str, about: str) -> Iterator[str]:
    actions = used(role)
    yield f"## Role {role}\n\nIt {about}. Policy: [{role}.json](../../tasks/bootstrap/defaults/{role}.json)."
    for statement in statements(role):
        rows = [(f"`{each}`", _names(of(each, actions))) for each in listed(statement.get("Action", ()))]
        resources = ", ".join(f"`{each}`" for each in listed(statement["Resource"]))
        head = f"### {statement['Sid']}\n\n{statement['Effect']} on {resources}{_condition(statement)}:"
        yield f"{head}\n\n{table(('action', 'used'), rows)}"


def _condition(statement: Mapping[str, Any]) -> str:
    return f", if `{json.dumps(statement['Condition'])}`" if "Condition" in statement else ""


def _names(actions: Sequence[str]) -> str:
    return ", ".join(action.partition(":")[2] for action in actions) or "-"


def listed(value: Any) -> list[str]:
    """Return a string or a list as a list."""
    return [value] if isinstance(value, str) else [*value]


def _cluster_roles() -> Iterator[str]:
    for file in ("planner.yaml", "deployer.yaml", "logging.yaml", "monitoring.yaml"):
        text = (_INFRASTRUCTURE / "kubernetes/access" / file).read_text()
        documents = yaml12.load_all_by(text, yaml.SafeLoader)
        for document in documents:
            if document["kind"] in ("Role", "ClusterRole"):
                rows = [*map(_rule, document["rules"])]
                yield f"### {_title(document)}\n\n" + table(("group", "resources", "names", "verbs"), rows)


def _title(role: Mapping[str, Any]) -> str:
    namespace = role["metadata"].get("namespace")
    return f"{role['kind']} {role['metadata']['name']}{f' in {namespace}' if namespace else ''}"


def _rule(rule: Mapping[str, Any]) -> tuple[str, ...]:
    groups = ", ".join(f"`{group or 'core'}`" for group in rule["apiGroups"])
    resources = ", ".join(f"`{each}`" for each in rule["resources"])
    names = ", ".join(f"`{each}`" for each in rule.get("resourceNames", ())) or "any"
    return groups, resources, names, ", ".join(rule["verbs"])
