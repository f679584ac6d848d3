"""The rule of RBAC that is missing, read from the words of a refusal. Pure.

An API server says who may not do what where (k8s.io/apiserver, `responsewriters`); helm and kubectl pass
the words on. With the rule at hand, whoever administers the cluster has nothing to look up.
"""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r'User "[^"]*" cannot (?P<verb>\w+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)


def advice(said: str) -> str:
    """The rules to add, for all that a text says is refused; empty when it is about something else."""
    return "; ".join(dict.fromkeys(_rule(found) for found in _REFUSED.finditer(said)))


def _rule(refused: re.Match[str]) -> str:
    group = refused["group"] or '""'
    rule = f"{{apiGroups: [{group}], resources: [{refused['resource']}], verbs: [{refused['verb']}]}}"
    place = f"a Role in {refused['namespace']}" if refused["namespace"] else "a ClusterRole"
    return f"add to {place}: {rule}"
