"""Validates environments and builds a graph of `Environment`s.

`after` leads from each environment to those that a release passes before it. An environment may have several
predecessors and several successors, and several environments may come first. A cycle is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from tasks.domain import environment_graph, graph
from tasks.domain.platform import Approval, Cluster, Environment, Freeze, Roles, Unit, Window
from tasks.manifest import analysis, credentials, logging, monitoring, placeholders, rehearsals
from tasks.manifest.declared.environments import DeclaredApproval, DeclaredEnvironment, DeclaredRoles
from tasks.manifest.draft import Draft
from tasks.manifest.mistakes import Key, Mistake, day, no_day, not_among

ROOT = "environments"

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(_[A-Za-z0-9]+)?")
"""Matches the login of a person on GitHub. Bots have another ending, and they cannot approve anything."""

_SHORTEST_DRIFT = 60.0
"""The shortest interval in seconds: a report of a large environment takes longer, and reports run one by one."""


def scope(platform: str, environment: Environment) -> dict[str, Any]:
    """Return the placeholders that units may use in this environment, with their values."""
    return _with_values(_about(platform, environment.name, environment), environment.values)


def unit_environment(platform: str, around: Environment, unit: Unit) -> Environment:
    """Return the environment as a unit sees it. A unit with its own account gets the default roles of that account.

    Args:
        platform: the platform's name.
        around: the environment as declared.
        unit: the unit as declared, or resolved for this environment.
    """
    names = scope(platform, around)
    place = replace(
        around,
        account=str(placeholders.fill(unit.account, names)) or around.account,
        region=str(placeholders.fill(unit.region, names)) or around.region,
    )
    about = _about(platform, around.name, place)
    roles = _roles(DeclaredRoles(), about) if unit.account else around.roles
    own = replace(place, roles=_own(unit.roles, roles, about))
    return credentials.with_those_of(unit, own, names)


def filled(draft: Draft, name: str) -> Environment:
    """Return the environment with its roles and values filled in, and with the settings of the whole platform."""
    if name not in draft.filled:
        draft.filled[name] = _filled(draft, name)
    return draft.filled[name]


def _filled(draft: Draft, name: str) -> Environment:
    declared = draft.environments[name]
    about = _about(draft.platform, name, declared)
    values = placeholders.fill(declared.values, about)
    return Environment(
        name=name,
        account=declared.account,
        region=declared.region,
        roles=_roles(declared.roles, about) if declared.account else None,
        cluster=Cluster(**placeholders.fill(declared.cluster.model_dump(), about)) if declared.cluster else None,
        after=declared.after,
        soak=declared.soak or 0.0,
        approval=_approval(declared),
        windows=tuple(Window(**window.model_dump()) for window in declared.windows),
        freezes=tuple(Freeze(**freeze.model_dump()) for freeze in declared.freezes),
        reconcile=declared.drift.reconcile,
        drift_every=declared.drift.every,
        values=values,
        prometheus=monitoring.filled(draft.monitoring, declared.monitoring, about),
        elasticsearch=logging.elasticsearch(draft.logging, declared.logging, about),
        dashboards=logging.dashboards(draft.logging, declared.logging, about),
        log_link=logging.link(draft.logging, declared.logging, about),
        analysis=analysis.filled(analysis.built(declared.analysis), _with_values(about, values)),
        credentials=credentials.of_environment(declared.credentials, about),
        rehearsal=rehearsals.built(declared),
        rehearsed_within=declared.gate.rehearsed,
        work_pool=declared.work_pool,
    )


def built(draft: Draft) -> tuple[Environment, ...]:
    """Return the environments in promotion order. The draft must not have mistakes."""
    order = environment_graph.order(_after(draft))
    return tuple(filled(draft, name) for name in order)


def mistakes(draft: Draft) -> Iterator[Mistake]:
    """Report the mistakes in each environment, and those of the whole graph."""
    for name, declared in draft.environments.items():
        yield from (m.below((ROOT, name)) for m in _in_one(draft, name, declared))
        yield from (m.below((ROOT, name)) for m in _order(draft, name, declared))
        yield from (m.below((ROOT, name)) for m in rehearsals.mistakes(draft, name, declared))
    # An environment that names itself is reported above.
    others = {name: tuple(before for before in after if before != name) for name, after in _after(draft).items()}
    for circle in graph.cycles(others):
        path = " -> ".join(reversed(circle))
        message = f"the environments come after each other in a cycle: {path}; remove one of these from `after`"
        yield Mistake((ROOT, circle[0], "after"), message)


def _order(draft: Draft, name: str, declared: DeclaredEnvironment) -> Iterator[Mistake]:
    others = tuple(other for other in draft.environment_names if other != name)
    for place, before in enumerate(declared.after):
        key: Key = ("after", place) if len(declared.after) > 1 else ("after",)
        if before == name:
            yield Mistake(key, f"{name} comes after itself: name another environment, or leave `after` out")
        elif before not in others:
            yield Mistake(key, not_among(before, "an environment", others))
        elif before in declared.after[:place]:
            yield Mistake(key, f"{before!r} is in the list twice: name it once")
    if declared.soak and not declared.after:
        yield Mistake(("soak",), f"{name} comes after no environment: add `after`, or leave `soak` out")


def _in_one(draft: Draft, name: str, declared: DeclaredEnvironment) -> Iterator[Mistake]:
    about = _about(draft.platform, name, declared)
    yield from (m.below(("values",)) for m in placeholders.mistakes(declared.values, about))
    for key, context in declared.cluster or ():
        yield from (m.below(("cluster", key)) for m in placeholders.mistakes(context, about))
    yield from (m.below(("credentials",)) for m in credentials.of_purposes(declared.credentials))
    for purpose in credentials.PURPOSES:
        declared_secrets = getattr(declared.credentials, purpose)
        found_in = credentials.mistakes(declared_secrets, about, declared.account)
        yield from (m.below(("credentials", purpose)) for m in found_in)
    yield from monitoring.mistakes(draft.monitoring, declared.monitoring, about)
    yield from logging.mistakes(draft.logging, declared.logging, about)
    if declared.analysis is not None:
        around = Environment(
            name,
            prometheus=monitoring.filled(draft.monitoring, declared.monitoring, about),
            elasticsearch=logging.elasticsearch(draft.logging, declared.logging, about),
        )
        names = _with_values(about, placeholders.fill(declared.values, about))
        found = analysis.mistakes(declared.analysis, names, around)
        own = (*found, *analysis.places(declared.analysis, (name,)))
        yield from (m.below(("analysis",)) for m in own)
    yield from _calendar(declared)
    yield from _gate(declared)
    if declared.drift.every < _SHORTEST_DRIFT:
        yield Mistake(("drift", "every"), "is less than a minute: write 1m or more")
    if declared.work_pool and declared.work_pool == draft.platform:
        yield Mistake(
            ("work_pool",),
            f"is the pool of the runs, which would wait for the room that they take: name another one, such as "
            f"{draft.platform}-units",
        )
    yield from _half_an_account(name, declared)
    if declared.account:
        yield from role_mistakes(dict(declared.roles), about, name)


def role_mistakes(roles: Mapping[str, str | None], about: Mapping[str, Any], name: str) -> Iterator[Mistake]:
    """Report the mistakes in the roles of `name`, an environment or a unit. Roles that are None are inherited."""
    for role, arn in roles.items():
        if arn is None:
            continue
        yield from (m.below(("roles", role)) for m in placeholders.mistakes(arn, about))
        account = str(placeholders.fill(arn, about)).split(":")[4]
        if account != about.get("account"):
            yield Mistake(
                ("roles", role), f"is in account {account}, but {name} is in {about.get('account', 'none')}"
            )


def _half_an_account(name: str, declared: DeclaredEnvironment) -> Iterator[Mistake]:
    if declared.region and not declared.account:
        yield Mistake(("region",), f"{name} has a region and no account: add `account`, or leave `region` out")
    if declared.account and not declared.region:
        yield Mistake(("account",), f"{name} has an account and no region: add `region`, or leave `account` out")
    if "roles" in declared.model_fields_set and not declared.account:
        yield Mistake(
            ("roles",), f"{name} has roles and no account: add `account` and `region`, or leave `roles` out"
        )


def _approval(declared: DeclaredEnvironment) -> Approval:
    who: DeclaredApproval = declared.approval if "approval" in declared.model_fields_set else declared.gate
    gate = declared.gate
    return Approval(who.approvers, who.expires, who.identity, gate.approval, gate.count)


def _gate(declared: DeclaredEnvironment) -> Iterator[Mistake]:
    if "approval" in declared.model_fields_set and declared.gate.model_fields_set - {"approval"}:
        keys = ", ".join(declared.approval.model_fields_set) or "its keys"
        yield Mistake(("approval",), f"the gate is a mapping already: move {keys} into `gate`")
    approval = _approval(declared)
    key = "approval" if "approval" in declared.model_fields_set else "gate"
    yield from (m.below((key, "approvers")) for m in _nobody(approval))
    people = {name.lower() for name in approval.approvers}
    if people and approval.count > len(people):
        yield Mistake(
            ("gate", "count"), f"{approval.count} people have to approve, but only {len(people)} may: add approvers"
        )


def _nobody(approval: Approval) -> Iterator[Mistake]:
    """Report approvers that no person can be; their environment would wait for ever."""
    for place, name in enumerate(approval.approvers):
        if "/" in name or name.startswith("@"):
            wrong = f"{name!r} looks like a team, and teams are not asked for: list the login of each person"
            yield Mistake((place,), f"{wrong}, without @")
        elif approval.identity == "github" and not _LOGIN.fullmatch(name):
            yield Mistake((place,), f"{name!r} is not the login of a person on GitHub, and `identity` is github")


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


def _after(draft: Draft) -> dict[str, tuple[str, ...]]:
    return {name: declared.after for name, declared in draft.environments.items()}


def _with_values(about: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {**about, **{f"values.{name}": value for name, value in values.items()}}


def _own(own: Roles | None, roles: Roles | None, about: dict[str, Any]) -> Roles | None:
    if own is None:
        return roles
    around = roles or Roles("", "")
    return Roles(
        plan=str(placeholders.fill(own.plan, about)) or around.plan,
        apply=str(placeholders.fill(own.apply, about)) or around.apply,
    )


def _roles(declared: DeclaredRoles, about: dict[str, Any]) -> Roles:
    return Roles(**placeholders.fill(declared.model_dump(), about))


def _about(platform: str, name: str, around: DeclaredEnvironment | Environment) -> dict[str, Any]:
    place = {"account": around.account, "region": around.region}
    return {"environment": name, "platform": platform, **{key: text for key, text in place.items() if text}}
