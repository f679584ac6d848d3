"""Builds the forms from which a person starts deployments. Pure: `registration` sends them to Prefect.

Prefect's form shows an `enum` of strings as a list to choose from, but no titles for its values. So a release is
offered as "3f2a1c09d4e8 · Paint it blue · 23 Nov 18:40", and the flows take its first word. Descriptions are
Markdown: Prefect's older UI renders it, its newer one shows the source.
Forms make no decisions: the flow itself rejects invalid requests, whoever starts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.server.catalogue import Declared
from tasks.domain import graph, wording
from tasks.domain.platform import Environment, Platform
from tasks.domain.release import RequestedRelease
from tasks.ledger import rehearsals
from tasks.ledger.state import EnvironmentState
from tasks.ledger.verifications import earlier
from tasks.promotion import windows
from tasks.promotion.approval_requests import Request

Schema = dict[str, Any]

MOST = 30
"""The number of releases that a form offers; use the command line for older ones."""

_LONGEST_SUBJECT = 60


@dataclass(frozen=True)
class World:
    """The state of the platform, from which forms take their choices.

    `releases`: newest first; `verified`: releases that were ever verified, by environment; `waiting`: requests for
    approval.
    """

    platform: Platform
    releases: Sequence[RequestedRelease]
    states: Mapping[str, EnvironmentState]
    verified: Mapping[str, Sequence[str]]
    waiting: Sequence[Request] = ()

    def release(self, name: str | None) -> RequestedRelease | None:
        """Return the release with that id, or None if it is unknown."""
        return next((release for release in self.releases if release.id == name), None)


@dataclass(frozen=True)
class Form:
    """A deployment's form: the JSON schema of its parameters, and its description."""

    schema: Schema
    description: str


def form(
    declared: Declared, schema: Schema, world: World, link: Callable[[str, Mapping[str, Any]], str]
) -> Form | None:
    """Return the form of a deployment, or None if a run could not do anything now.

    Args:
        declared: the deployment.
        schema: the parameter schema of its flow.
        world: the current choices.
        link: returns the address of a flow's form, filled in with the parameters.
    """
    if declared.flow == "approve" and not world.waiting:
        return None
    if declared.flow == "promote" and declared.environment in world.platform.for_rehearsals:
        return None
    properties = {name: _plain(one) for name, one in schema.get("properties", {}).items()}
    choices = _choices(declared, world)
    for name, values in choices.items():
        if name in properties and values:
            properties[name] = {**properties[name], "enum": list(values)}
    standing = _standing(declared, world, link)
    first = next(iter(properties.values()), None)
    if first is not None and standing:
        first["description"] = f"{standing}\n\n{first.get('description', '')}".strip()
    described = f"{declared.description}\n\n{standing}".strip()
    made = {**schema, "properties": properties, **_required(schema, properties)}
    return Form(made, described)


def _required(schema: Schema, properties: Mapping[str, Schema]) -> Schema:
    """Return the fields marked as required: those without a default, and those the flow rejects when empty."""
    without = schema.get("required", ())
    names = [name for name, one in properties.items() if name in without or one.get("needed")]
    return {"required": names} if names else {}


def label(release: RequestedRelease) -> str:
    """Return a release's label in a list of choices; its id is the first word."""
    subject = release.provenance.subject
    cut = subject if len(subject) <= _LONGEST_SUBJECT else f"{subject[: _LONGEST_SUBJECT - 1]}…"
    made = datetime.fromisoformat(release.provenance.at)
    return f"{release.id} · {cut} · {made:%d %b %H:%M}"


def candidates(environment: Environment, world: World) -> list[RequestedRelease]:
    """Return the releases that may be promoted to an environment now, newest first."""
    if not environment.after:
        return list(world.releases[:MOST])
    before = {name: world.states[name].verified if name in world.states else None for name in environment.after}
    return [release for release in world.releases if set(before.values()) == {release.id}]


def ways_back(environment: str, world: World) -> list[RequestedRelease]:
    """Return the releases verified in an environment before the current one, latest first."""
    names = earlier(world.verified.get(environment, ()), world.states[environment].verified)
    return [release for release in map(world.release, names) if release]


@dataclass(frozen=True)
class Reach:
    """How a release affects an environment's units, as far as known without running a tool."""

    other: Sequence[str]
    """Units that differ from the release."""
    behind: Sequence[str]
    """Units that match it but read outputs of those that differ; they are planned again."""
    same: Sequence[str]
    """Units that match the release and depend on none that differs."""


def reach(release: RequestedRelease, environment: str, world: World) -> Reach:
    """Compare a release with what the ledger records as applied in an environment."""
    standing = world.states[environment]
    needs = {unit.name: unit.needs for unit in world.platform.units_in(environment)}
    other = [name for name in needs if not _is_there(release, environment, name, standing)]
    moved = set(graph.affected(needs, set(other)))
    behind = [name for name in needs if name in moved and name not in other]
    return Reach(other, behind, [name for name in needs if name not in moved])


def _is_there(release: RequestedRelease, environment: str, unit: str, standing: EnvironmentState) -> bool:
    receipt = standing.receipts.get(unit)
    digest = release.release.units.get(f"{environment}/{unit}")
    return receipt is not None and receipt.unit_digest == digest and unit in standing.smoked


def _choices(declared: Declared, world: World) -> dict[str, list[str]]:
    environments = [environment.name for environment in world.platform.environments]
    everything = [label(release) for release in world.releases[:MOST]]
    if declared.flow == "approve":
        return {"digest": [_asked(request) for request in world.waiting]}
    if declared.environment is None:
        up_to = [environment.name for environment in world.platform.delivered]
        return {"environment": environments, "release": everything, "to": up_to}
    here = world.platform.environment(declared.environment)
    return {
        "environment": [here.name],
        "release": everything if declared.flow == "rehearse" else [label(each) for each in candidates(here, world)],
        "to": [label(release) for release in ways_back(here.name, world)],
    }


def _asked(request: Request) -> str:
    """Return a request's label in a list of choices; its digest is the first word."""
    return f"{request.short} · {request.environment}: {request.what}"


def _plain(parameter: Schema) -> Schema:
    """Return an optional string as a plain one, without the form's switch between string and null; empty is null."""
    kinds = [kind for kind in parameter.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return dict(parameter)
    rest = {name: value for name, value in parameter.items() if name not in ("anyOf", "default")}
    return {**rest, **kinds[0]}


def _standing(declared: Declared, world: World, link: Callable[[str, Mapping[str, Any]], str]) -> str:
    """Describe the current state and the possible changes, in Markdown that also reads well as plain text."""
    if declared.flow == "approve":
        return f"**Now:** {_told(world.waiting)}"
    if declared.flow == "release":
        return _everywhere(world, link)
    if declared.flow not in ("promote", "rollback", "recover", "rehearse") or not declared.environment:
        return ""
    here = world.platform.environment(declared.environment)
    lines = [f"**{here.name} now:** {_now(world, here.name)}"]
    if declared.flow == "promote":
        lines += _what_may_come(here, world, link) + _at_the_gate(world.states[here.name])
    if declared.flow == "rollback":
        lines.append(_rollback_target(here.name, world))
    if declared.flow == "rehearse":
        lines += _last_rehearsal(world.states[here.name])
    return "\n\n".join(lines)


def _everywhere(world: World, link: Callable[[str, Mapping[str, Any]], str]) -> str:
    """Describe what the newest release would change in each environment, in promotion order."""
    if not world.releases:
        return "**Nothing may go:** no release was made; `flowmart release create` makes one."
    newest = world.releases[0]
    lines = [f"**The newest release:** {_named(newest)}"]
    for here in world.platform.delivered:
        what = _what_it_would(newest, here.name, world)
        rejected = " It was rejected there before." if newest.id in world.states[here.name].rejected else ""
        address = link("plan", {"release": label(newest), "environment": here.name})
        obstacles = _obstacles(world, here.name)
        lines.append(f"**{here.name}:** {what}{rejected}{obstacles} [See the plan]({address})")
    # Separate paragraphs, because the form joins the items of a list into one line.
    return "\n\n".join(lines)


def _obstacles(world: World, environment: str) -> str:
    """Describe what would stop a promotion: the environment is not free, or its gate is closed."""
    standing = world.states[environment]
    stopped = standing.blocked or standing.claim or standing.interrupted or standing.paused
    now = [f"Now: {_now(world, environment)}."] if stopped else []
    return "".join(f" {each}" for each in (*now, *_at_the_gate(standing)))


def _at_the_gate(standing: EnvironmentState) -> list[str]:
    """Describe what the gate would stop, as far as the ledger knows, and which form field overrides it."""
    drifted = sum(len(standing.drift.of(unit)) for unit in standing.receipts)
    said = []
    if drifted:
        objects = wording.number(drifted, "object")
        said.append(f"**{objects} drifted:** a promotion stops here, unless *Go over drift* says why it may be lost.")
    if standing.frozen:
        closed = windows.frozen_by_hand(standing.frozen)
        said.append(f"**It is {closed}:** a promotion stops here, unless *Despite a freeze* says why.")
    return said


def _rollback_target(environment: str, world: World) -> str:
    """Describe what a rollback returns to if no release is chosen."""
    standing = world.states[environment]
    if standing.paused:
        return f"**Goes back** from the paused `{standing.paused.release}` to what was there before it."
    found = [each for each in ways_back(environment, world) if each.id not in standing.rejected]
    if not found:
        return "**Nowhere to go back to:** no earlier release was verified here, or all of them were rejected."
    return f"**Goes back to:** {_named(found[0])}, unless another one is chosen."


def _last_rehearsal(standing: EnvironmentState) -> list[str]:
    return [f"**Last:** {rehearsals.sentence(standing.rehearsals[-1])}."] if standing.rehearsals else []


def _told(waiting: Sequence[Request]) -> str:
    units = (f"{unit}: {what}" for request in waiting for unit, what in request.units.items())
    rehearsed = (f"rollback: {request.rehearsal}" for request in waiting if request.rehearsal)
    return "; ".join([*map(_asked, waiting), *units, *rehearsed])


def _now(world: World, environment: str) -> str:
    standing = world.states[environment]
    if standing.blocked:
        return f"blocked by a failed rollback, until `flowmart resolve {environment}`"
    if standing.interrupted:
        return f"interrupted, until `flowmart recover {environment}`"
    if standing.paused:
        return f"paused, until `flowmart continue {environment}` or a rollback"
    if standing.claim:
        return f"busy: {standing.claim.actor} began to {standing.claim.purpose} {standing.claim.release}"
    release = world.release(standing.verified)
    if release:
        return f"{_named(release)}, verified"
    return "not verified" if standing.receipts else "nothing here yet"


def _what_may_come(here: Environment, world: World, link: Callable[[str, Mapping[str, Any]], str]) -> list[str]:
    found = candidates(here, world)
    rejected = world.states[here.name].rejected
    if not found:
        where = (
            f"is verified in {' and '.join(here.after)}"
            if here.after
            else "was made; `flowmart release create` makes one"
        )
        return [f"**Nothing may come:** no release {where}."]
    newest = found[0]
    which = "Next" if here.after else "The newest"
    action = f"**{which}:** {_named(newest)} {_what_it_would(newest, here.name, world)}"
    again = " It was rejected here before: fix it, or promote it with *force*." if newest.id in rejected else ""
    address = link("plan", {"release": label(newest), "environment": here.name})
    return [action + again, f"[See exactly what it would do]({address}) before you start it: that changes nothing."]


def _what_it_would(release: RequestedRelease, environment: str, world: World) -> str:
    found = reach(release, environment, world)
    if not found.other:
        return "is there already: nothing would be changed."
    behind = f"; planned again behind that: {', '.join(found.behind)}" if found.behind else ""
    same = f"; as they are: {', '.join(found.same)}" if found.same else ""
    return f"would touch {', '.join(found.other)}{behind}{same}."


def _named(release: RequestedRelease) -> str:
    return f"`{release.id}` {release.provenance.subject}"
