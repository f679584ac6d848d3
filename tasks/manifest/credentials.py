"""Builds and validates the secrets that a platform declares for tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tasks.domain.credentials import Source
from tasks.domain.platform import Environment, Unit
from tasks.manifest import placeholders
from tasks.manifest.declared.credentials import DeclaredCredentials, DeclaredSecrets
from tasks.manifest.mistakes import Mistake

PURPOSES = ("plan", "apply")

_RESERVED = re.compile(
    r"(AWS|FLOWMART|PREFECT|GIT|LD|PYTHON)_.*|PATH|HOME|TMPDIR|KUBECONFIG|HELM_KUBECONTEXT", re.IGNORECASE
)
"""Variables that set identities and paths, which are configured in other ways."""


def built(declared: DeclaredSecrets) -> Mapping[str, Source]:
    """Return the secrets as declared, with their placeholders."""
    return {name: Source(**each.model_dump(exclude_none=True)) for name, each in declared.items()}


def filled(sources: Mapping[str, Source], about: Mapping[str, Any]) -> Mapping[str, Source]:
    """Return the secrets with their placeholders filled in."""
    return {name: _filled(source, about) for name, source in sources.items()}


def of_environment(declared: DeclaredCredentials, about: Mapping[str, Any]) -> Mapping[str, Mapping[str, Source]]:
    """Return {purpose: {variable: source of its value}}."""
    return {each: filled(built(getattr(declared, each)), about) for each in PURPOSES}


def with_those_of(unit: Unit, around: Environment, about: Mapping[str, Any]) -> Environment:
    """Return the environment with the unit's own secrets. They apply to both purposes and take precedence."""
    own = filled(unit.secrets, about)
    return replace(around, credentials={each: {**around.credentials.get(each, {}), **own} for each in PURPOSES})


def of_purposes(declared: DeclaredCredentials) -> Iterator[Mistake]:
    """Report variables that cannot differ between plan and apply."""
    for purpose in PURPOSES:
        for name in getattr(declared, purpose):
            if name.startswith("TF_VAR_"):
                reason = "Terraform keeps its variables in the plan, so an apply cannot have others"
                yield Mistake((purpose, name), f"{reason}: use the provider's own variable, or `secrets` of units")


def mistakes(declared: DeclaredSecrets, about: Mapping[str, Any], account: str) -> Iterator[Mistake]:
    """Report the mistakes in the secrets of an environment; `about` are the known placeholders."""
    for name, source in declared.items():
        if _RESERVED.fullmatch(name):
            yield Mistake(
                (name,), "is a variable that FlowMart sets itself; for AWS and clusters name roles and contexts"
            )
        written = source.model_dump(exclude_none=True)
        yield from (m.below((name,)) for m in placeholders.mistakes(written, about))
        kind = next((each for each in ("secretsmanager", "ssm") if each in written), "")
        if kind and not account:
            wrong = "is read with the environment's role, and it has no AWS account"
            yield Mistake((name, kind), f"{wrong}: add account and region, or name another place")


def _filled(source: Source, about: Mapping[str, Any]) -> Source:
    texts = {name: getattr(source, name) for name in ("variable", "file", "secretsmanager", "ssm", "key")}
    command = tuple(str(placeholders.fill(word, about)) for word in source.command)
    return Source(command=command, **{name: str(placeholders.fill(text, about)) for name, text in texts.items()})
