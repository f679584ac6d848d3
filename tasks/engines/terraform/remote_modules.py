"""Check that a root's remote modules are the same in every environment of a release. Pure.

A release moves from environment to environment over days. A module that changes meanwhile would make them differ. So
a registry module needs one exact version, and a git module a tag or a commit. Source: Terraform's "Module Sources".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_EXACT = re.compile(r"=?\s*v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
_REGISTRY = re.compile(r"(?:[\w.-]+\.[a-z]+(?::\d+)?/)?[\w-]+/[\w-]+/[\w-]+(?://.*)?")
_GIT = re.compile(r"git::|github\.com/|bitbucket\.org/|git@|.*\.git(?:$|[?/])")
_REF = re.compile(r"[?&]ref=([^&]+)")
_BRANCHES = frozenset({"main", "master", "head", "develop", "development", "trunk", "latest", "stable", "release"})


def is_exact(constraint: str) -> bool:
    """Tell whether a version constraint allows only one version: "1.2.3", "= 1.2.3"."""
    return bool(_EXACT.fullmatch(constraint.strip()))


def fault(name: str, call: Mapping[str, Any]) -> str:
    """Return what is wrong with a module call; empty if its content cannot change.

    Args:
        name: the name of the call.
        call: its arguments.
    """
    source, version = str(call.get("source", "")), str(call.get("version", ""))
    if source.startswith((".", "/")) or "${" in source:
        return ""
    if _GIT.match(source):
        return _git_fault(name, source)
    if _REGISTRY.fullmatch(source) and not is_exact(version):
        told = f"has the version {version}" if version else "has no version"
        return f"module {name} {told}, so environments may get different code: name one version"
    return ""


def _git_fault(name: str, source: str) -> str:
    ref = _REF.search(source)
    if ref is None:
        return f"module {name} is the newest commit of {source}: add ?ref= with a tag or a commit"
    if ref[1].removeprefix("refs/heads/").lower() in _BRANCHES or ref[1].startswith("refs/heads/"):
        return f"module {name} follows the branch {ref[1]}: use a tag or a commit as ?ref="
    return ""
