"""Writes a proposed platform.yaml as text, with a comment at each guess."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deployments.start.guessed import TERRAGRUNT, Guess, Guessed, GuessedEnvironment, GuessedUnit

_NAMESPACE = "helm"


def platform_yaml(guessed: Guessed) -> str:
    """Return the content of the file."""
    return "\n".join(_lines(guessed)) + "\n"


def _lines(guessed: Guessed) -> Iterator[str]:
    yield "# Written by `flowmart init` from what is in this folder. Each guess has a comment: check it."
    yield "# All keys are explained in docs/platform.md; `flowmart doctor` says what is still missing."
    yield f"platform: {guessed.platform.value}  # guess: {guessed.platform.why}"
    if guessed.paths:
        yield "# guess: all that units read besides infrastructure/; sources are relative to the repository"
        yield f"paths: {json.dumps([*guessed.paths])}"
    yield ""
    yield "environments:"
    for environment in guessed.environments:
        yield from _environment(environment)
    for unit in guessed.units:
        yield from _repository(unit) if unit.engine == TERRAGRUNT else ()
    units = [unit for unit in guessed.units if unit.engine != TERRAGRUNT]
    if units:
        yield ""
        if not any(unit.needs for unit in units):
            yield "# guess: no unit needs another one; where one does, add needs: [NAME], and it comes after that"
        yield "units:"
    for unit in units:
        yield from unit_lines(unit, guessed.platform.value)
    if guessed.left:
        yield ""
        yield "# Not taken:"
        yield from (f"# - {each.place}: {' '.join(each.why.split())}" for each in guessed.left)


def _repository(unit: GuessedUnit) -> Iterator[str]:
    yield ""
    yield "# Every unit that Terragrunt finds below root is a unit of the platform: docs/terragrunt.md"
    yield "terragrunt:"
    yield f"  root: {json.dumps(unit.source)}  # guess: {unit.why}"


def _environment(environment: GuessedEnvironment) -> Iterator[str]:
    lines = [*_inside(environment)]
    why = f"  # guess: {environment.why}" if environment.why else ""
    yield f"  {environment.name}:{why}" if lines else f"  {environment.name}: {{}}{why}"
    yield from lines


def _inside(environment: GuessedEnvironment) -> Iterator[str]:
    if environment.after:
        yield f"    after: {environment.after}  # guess: by their names"
    if environment.account and environment.region:
        yield f"    account: {_quoted(environment.account)}"
        yield f"    region: {environment.region.value}  # guess: {environment.region.why}"
    if environment.cluster:
        contexts = '{plan: "{environment}", apply: "{environment}"}'
        yield f"    cluster: {contexts}  # guess: contexts of the kubeconfig, one that reads and one that writes"


def _quoted(account: Guess) -> str:
    return f"{json.dumps(account.value)}  # guess: {account.why}"


def unit_lines(unit: GuessedUnit, platform: str) -> Iterator[str]:
    """Yield the lines of one unit."""
    yield f"  {unit.name}:"
    yield f"    engine: {unit.engine}"
    yield f"    source: {json.dumps(unit.source)}"
    yield f"    environments: [{', '.join(unit.environments)}]  # guess: {unit.why}"
    if unit.needs:
        yield f"    needs: [{', '.join(unit.needs)}]  # guess: {unit.ordered}"
    if unit.region:
        yield f"    region: {unit.region}  # guess: its path"
    if unit.engine == _NAMESPACE:
        yield f"    inputs: {{namespace: {platform}}}  # guess: the platform's name"
    yield from (f"    # {note}" for note in unit.notes)
    if unit.options:
        yield f"    {unit.engine}:"
    for key, value in unit.options.items():
        yield from _option(key, value)


def _option(key: str, value: Any) -> Iterator[str]:
    why = f"  # guess: {_WHY[key]}" if key in _WHY else ""
    if not isinstance(value, list):
        yield f"      {key}: {json.dumps(value)}{why}"
        return
    yield f"      {key}:{why}"
    yield from (f"        - {json.dumps(entry)}" for entry in value)


_WHY = {
    "var_files": "common files, then the environment's, then its own; later ones win",
    "backend_config": "what its backend leaves open",
    "playbook": "the playbook that is run as a whole",
    "inventory": "where its hosts are",
    "workspace": "a workspace for each environment",
}
