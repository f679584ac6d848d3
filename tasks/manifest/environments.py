"""The rules that environments keep together, and what they become: one chain of `Environment`s.

Promotion has one way to go: exactly one environment is first, and every other comes after one that nobody else
comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import available_timezones

from tasks.domain import graph
from tasks.domain.platform import Approval, Cluster, Environment, Freeze, Roles, Window
from tasks.manifest import placeholders
from tasks.manifest.declared import DeclaredEnvironment
from tasks.manifest.draft import Draft
from tasks.manifest.mistakes import Mistake, day, no_day, not_among

ROOT = "environments"


def scope(environment: Environment) -> dict[str, Any]:
    """The placeholders that units may use in this environment, with what stands for them."""
    about = _about(environment.name, environment)
    return {**about, **{f"values.{name}": value for name, value in environment.values.items()}}


def filled(name: str, declared: DeclaredEnvironment) -> Environment:
    """The environment with its roles and values filled in."""
    about = _about(name, declared)
    return Environment(
        name=name,
        account=declared.account,
        region=declared.region,
        roles=Roles(**placeholders.fill(declared.roles.model_dump(), about)),
        cluster=Cluster(**placeholders.fill(declared.cluster.model_dump(), about)) if declared.cluster else None,
        after=declared.after,
        gate=declared.gate,
        approval=Approval(**dict(declared.approval)),
        windows=tuple(Window(**window.model_dump()) for window in declared.windows),
        freezes=tuple(Freeze(**freeze.model_dump()) for freeze in declared.freezes),
        reconcile=declared.drift.reconcile,
        values=placeholders.fill(declared.values, about),
    )


def built(draft: Draft) -> tuple[Environment, ...]:
    """The environments in promotion order. Only for a draft without mistakes."""
    needs = _needs(draft)
    return tuple(filled(name, draft.environments[name]) for name in graph.order(needs))


def mistakes(draft: Draft) -> Iterator[Mistake]:
    """What is wrong with the environments, one by one and as a chain."""
    for name, declared in draft.environments.items():
        yield from (m.below((ROOT, name)) for m in _in_one(name, declared))
        if declared.after and declared.after not in draft.environment_names:
            message = not_among(declared.after, "an environment", draft.environment_names)
            yield Mistake((ROOT, name, "after"), message)
    if set(draft.environments) == set(draft.environment_names):
        yield from _chain(draft)


def _in_one(name: str, declared: DeclaredEnvironment) -> Iterator[Mistake]:
    about = _about(name, declared)
    yield from (m.below(("values",)) for m in placeholders.mistakes(declared.values, about))
    for key, context in declared.cluster or ():
        yield from (m.below(("cluster", key)) for m in placeholders.mistakes(context, about))
    yield from _calendar(declared)
    for role, arn in declared.roles:
        found = list(placeholders.mistakes(arn, about))
        yield from (m.below(("roles", role)) for m in found)
        account = placeholders.fill(arn, about).split(":")[4]
        if account != declared.account:
            yield Mistake(("roles", role), f"is in account {account}, but {name} is in {declared.account}")


def _calendar(declared: DeclaredEnvironment) -> Iterator[Mistake]:
    for place, window in enumerate(declared.windows):
        if window.timezone not in available_timezones():
            close = not_among(window.timezone, "a time zone", ("UTC", "Europe/Vienna", "America/New_York"))
            yield Mistake(("windows", place, "timezone"), f"{close}, and all others of the IANA list")
    for place, freeze in enumerate(declared.freezes):
        days = {key: getattr(freeze, key) for key in ("begins", "ends")}
        wrong = [key for key, written in days.items() if day(written) is None]
        yield from (no_day(("freezes", place, key), days[key]) for key in wrong)
        if not wrong and freeze.ends < freeze.begins:
            yield Mistake(("freezes", place, "ends"), f"is before {freeze.begins}, when it begins")


def _chain(draft: Draft) -> Iterator[Mistake]:
    needs = _needs(draft)
    for circle in graph.cycles(needs):
        told = " -> ".join(reversed(circle))
        yield Mistake(
            (ROOT, circle[0], "after"), f"the order of the environments loops: {told}; exactly one is first"
        )
    firsts = [name for name, after in needs.items() if not after]
    for name in firsts[1:]:
        yield Mistake((ROOT, name), f"after is missing: {firsts[0]} comes first already; say what {name} comes after")
    yield from _forks(needs)


def _forks(needs: Mapping[str, tuple[str, ...]]) -> Iterator[Mistake]:
    follower: dict[str, str] = {}
    for name, after in needs.items():
        for before in after:
            if follower.setdefault(before, name) != name:
                told = f"{follower[before]} comes after {before} already: environments form one chain"
                yield Mistake((ROOT, name, "after"), told)


def _needs(draft: Draft) -> dict[str, tuple[str, ...]]:
    return {name: (e.after,) if e.after else () for name, e in draft.environments.items()}


def _about(name: str, around: DeclaredEnvironment | Environment) -> dict[str, Any]:
    return {"environment": name, "account": around.account, "region": around.region}
