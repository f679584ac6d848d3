"""Secrets that a platform declares for tools: what they come to, and what is wrong with them."""

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
"""Variables that say who we are or where things are, which is told in other ways."""


def built(declared: DeclaredSecrets) -> Mapping[str, Source]:
    """As they are written."""
    return {name: Source(**each.model_dump(exclude_none=True)) for name, each in declared.items()}


def filled(sources: Mapping[str, Source], about: Mapping[str, Any]) -> Mapping[str, Source]:
    """With their placeholders filled in."""
    return {name: _filled(source, about) for name, source in sources.items()}


def of_environment(declared: DeclaredCredentials, about: Mapping[str, Any]) -> Mapping[str, Mapping[str, Source]]:
    """{purpose: {variable: where its value is}}."""
    return {each: filled(built(getattr(declared, each)), about) for each in PURPOSES}


def with_those_of(unit: Unit, around: Environment, about: Mapping[str, Any]) -> Environment:
    """The environment with the unit's own secrets, which are for both purposes and go before the environment's."""
    own = filled(unit.secrets, about)
    return replace(around, credentials={each: {**around.credentials.get(each, {}), **own} for each in PURPOSES})


def of_purposes(declared: DeclaredCredentials) -> Iterator[Mistake]:
    """Names that cannot be different for plan and apply."""
    for purpose in PURPOSES:
        for name in getattr(declared, purpose):
            if name.startswith("TF_VAR_"):
                told = "Terraform keeps its variables in the plan, so an apply cannot have others"
                yield Mistake((purpose, name), f"{told}: use the provider's own variable, or `secrets` of units")


def mistakes(declared: DeclaredSecrets, about: Mapping[str, Any], account: str) -> Iterator[Mistake]:
    """What is wrong with them in an environment: `about` are the placeholders that there are."""
    for name, source in declared.items():
        if _RESERVED.fullmatch(name):
            yield Mistake(
                (name,), "is a variable that FlowMart sets itself; for AWS and clusters name roles and contexts"
            )
        written = source.model_dump(exclude_none=True)
        yield from (m.below((name,)) for m in placeholders.mistakes(written, about))
        kind = next((each for each in ("secretsmanager", "ssm") if each in written), "")
        if kind and not account:
            told = "is read with the environment's role, and it has no AWS account"
            yield Mistake((name, kind), f"{told}: add account and region, or name another place")


def _filled(source: Source, about: Mapping[str, Any]) -> Source:
    texts = {name: getattr(source, name) for name in ("variable", "file", "secretsmanager", "ssm", "key")}
    command = tuple(str(placeholders.fill(word, about)) for word in source.command)
    return Source(command=command, **{name: str(placeholders.fill(text, about)) for name, text in texts.items()})
