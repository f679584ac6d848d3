"""Derives the missing RBAC rule from the text of a rejection. Pure.

An API server reports who may not do what, and where (k8s.io/apiserver, `responsewriters`). helm and kubectl pass its
words on. With the rule in the message, the cluster's administrator has nothing to look up.
"""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r'User "[^"]*" cannot (?P<verb>\w+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)


def advice(said: str) -> str:
    """Return the rules to add for every rejection in a text; empty if it is about something else."""
    return "; ".join(dict.fromkeys(_rule(found) for found in _REFUSED.finditer(said)))


def _rule(refused: re.Match[str]) -> str:
    group = refused["group"] or '""'
    rule = f"{{apiGroups: [{group}], resources: [{refused['resource']}], verbs: [{refused['verb']}]}}"
    place = f"a Role in {refused['namespace']}" if refused["namespace"] else "a ClusterRole"
    return f"add to {place}: {rule}"
