"""Validates and builds the rehearsals of rollbacks that platform.yaml declares.

An environment for rehearsals has no other use. It comes after no other, none comes after it, and it needs no
approval. It has no unit that the rehearsed environment does not have.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.platform import Rehearsal
from tasks.manifest.declared.environments import DeclaredEnvironment
from tasks.manifest.draft import Draft
from tasks.manifest.mistakes import Key, Mistake, not_among

_WHERE: Key = ("rehearsal", "environment")

_SHORTEST = 3600.0
"""The shortest interval in seconds: a rehearsal applies everything three times."""


def built(declared: DeclaredEnvironment) -> Rehearsal | None:
    """Return where rollbacks of an environment are rehearsed; None if they are not."""
    found = declared.rehearsal
    return Rehearsal(found.environment, found.every) if found else None


def mistakes(draft: Draft, name: str, declared: DeclaredEnvironment) -> Iterator[Mistake]:
    """Report the mistakes in the rehearsals of the environment `name`."""
    found = declared.rehearsal
    if found is None:
        if declared.gate.rehearsed is not None:
            yield Mistake(("gate", "rehearsed"), f"no rollback of {name} is rehearsed: add `rehearsal` to it")
        return
    if found.every is not None and found.every < _SHORTEST:
        yield Mistake(("rehearsal", "every"), "is less than an hour: write 1h or more")
    others = tuple(other for other in draft.environment_names if other != name)
    if found.environment == name:
        yield Mistake(_WHERE, f"{name} cannot be rehearsed in itself: name another environment")
    elif found.environment not in others:
        yield Mistake(_WHERE, not_among(found.environment, "an environment", others))
    elif found.environment in draft.environments:
        used = _used_otherwise(draft, found.environment, draft.environments[found.environment])
        units = _other_units(draft, name, found.environment)
        yield from (Mistake(_WHERE, message) for message in (*used, *units))


def _used_otherwise(draft: Draft, scratch: str, declared: DeclaredEnvironment) -> Iterator[str]:
    """Yield the reasons why an environment is not for rehearsals alone."""
    if declared.after:
        before = ", ".join(declared.after)
        yield f"{scratch} comes after {before}, so it is not for rehearsals alone: remove its `after`"
    if behind := [name for name, each in draft.environments.items() if scratch in each.after]:
        yield f"{', '.join(behind)} comes after {scratch}, which is for rehearsals alone: name another environment"
    if declared.gate.approval:
        yield f"a rehearsal cannot wait for an approval in {scratch}: write `gate: never` there"
    if declared.rehearsal is not None:
        yield f"{scratch} is for rehearsals, and has rehearsals itself: remove `rehearsal` there"


def _other_units(draft: Draft, name: str, scratch: str) -> Iterator[str]:
    deployed = {unit: each.environments for unit, each in draft.units.items() if scratch in each.environments}
    if others := [unit for unit, where in deployed.items() if name not in where]:
        yield f"{scratch} has units that {name} does not have: {', '.join(others)}; remove {scratch} from them"
