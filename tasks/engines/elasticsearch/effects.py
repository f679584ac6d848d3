"""Find what no comparison shows: data streams that a change reaches, other templates, and objects in use. Pure.

Of all index templates that match a name, only the one with the highest priority applies; two with the same priority
are rejected. A data stream adopts a changed template with its next backing index.
https://www.elastic.co/docs/manage-data/data-store/templates
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.engines.elasticsearch import patterns, templates
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, PIPELINE, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.forms import form
from tasks.engines.elasticsearch.notation import listed

_AT_ONCE = frozenset({"version", "_meta", "deprecated"})
"""Keys of a template that no index adopts."""
_PIPELINES = ("index.default_pipeline", "index.final_pipeline")


@dataclass(frozen=True)
class Surroundings:
    """Other objects on the server.

    Attributes:
        templates: {name: index template} of all index templates.
        streams: {name: generation} of all data streams.
        pipelines: {pipeline: indices that send documents through it}.
    """

    templates: Mapping[str, Body] = field(default_factory=dict)
    streams: Mapping[str, int] = field(default_factory=dict)
    pipelines: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def after(self, wanted: Mapping[Address, Body], going: Collection[Address]) -> Surroundings:
        """Return the surroundings after the wanted objects were written and the `going` ones removed."""
        written = {address.name: body for address, body in wanted.items() if address.kind == TEMPLATE}
        gone = {address.name for address in going if address.kind == TEMPLATE}
        left = {name: body for name, body in self.templates.items() if name not in gone}
        return Surroundings({**left, **written}, self.streams, self.pipelines)

    def governing(self, stream: str) -> str:
        """Return the template that the next backing index of a data stream follows; "" if there is none."""
        matching = [
            (templates.priority(body), name)
            for name, body in self.templates.items()
            if patterns.matches(stream, listed(body.get("index_patterns"))) and body.get("data_stream") is not None
        ]
        return max(matching)[1] if matching else ""

    def composing(self, component: str) -> list[str]:
        """Return the index templates that are composed of a component template."""
        return [name for name, body in self.templates.items() if component in listed(body.get("composed_of"))]


def surroundings(all_templates: Any, all_streams: Any, all_settings: Any) -> Surroundings:
    """Return the surroundings from responses of the API: index templates, data streams, and settings of indices."""
    pipelines: dict[str, list[str]] = {}
    for index, about in (all_settings or {}).items():
        chosen = about.get("settings") or {}
        for name in {str(chosen[key]) for key in _PIPELINES if key in chosen} - {"_none"}:
            pipelines.setdefault(name, []).append(index)
    return Surroundings(
        {each["name"]: each["index_template"] for each in (all_templates or {}).get("index_templates", ())},
        {each["name"]: int(each["generation"]) for each in (all_streams or {}).get("data_streams", ())},
        pipelines,
    )


def reached(
    changed: Collection[Address],
    wanted: Mapping[Address, Body],
    live: Mapping[Address, Body | None],
    now: Surroundings,
    after: Surroundings,
) -> dict[str, int]:
    """Return {data stream: its generation} of those that adopt a change with their next backing index.

    Args:
        changed: the objects that are written.
        wanted: the bodies to write.
        live: the existing bodies; None if an object does not exist.
        now: the surroundings before the apply.
        after: the surroundings after it.
    """
    composed = [each for each in changed if _is_taken_up(each, wanted, live)]
    names = {each.name for each in composed if each.kind == TEMPLATE}
    for each in composed:
        names |= set(after.composing(each.name)) if each.kind == COMPONENT else set()
    return {
        stream: number
        for stream, number in now.streams.items()
        if (following := after.governing(stream)) in names or following != now.governing(stream)
    }


def conflicts(changed: Collection[Address], after: Surroundings) -> Iterator[str]:
    """Yield a message for each index template that has the same priority as another one for the same names."""
    for name, other in _overlapping(changed, after):
        if templates.priority(after.templates[name]) == templates.priority(after.templates[other]):
            number = templates.priority(after.templates[name])
            yield (
                f"{TEMPLATE}/{name}: {other} has the same priority ({number}) for the same names; "
                "give one of them another priority"
            )


def displacing(changed: Collection[Address], now: Surroundings, after: Surroundings) -> list[Address]:
    """Return index templates that replace a removed one of the same priority: the server accepts one at a time."""
    both = Surroundings({**now.templates, **after.templates})
    found = {
        name
        for name, other in _overlapping(changed, both)
        if other not in after.templates
        and templates.priority(both.templates[name]) == templates.priority(both.templates[other])
    }
    return [Address(TEMPLATE, name) for name in sorted(found)]


def precedence(changed: Collection[Address], after: Surroundings) -> Iterator[str]:
    """Yield which templates win over, or lose to, each changed template."""
    for name, other in _overlapping(changed, after):
        own, theirs = (templates.priority(after.templates[each]) for each in (name, other))
        shared = ", ".join(map(str, listed(after.templates[other].get("index_patterns"))))
        if theirs > own:
            yield f"{TEMPLATE}/{name}: {other} (priority {theirs}, {shared}) wins over it ({own}) where both match"
        elif own > theirs:
            yield f"{TEMPLATE}/{name}: wins (priority {own}) over {other} ({theirs}, {shared}) where both match"


def in_use(address: Address, body: Body, now: Surroundings, after: Surroundings) -> str:
    """Return why an object cannot be removed: what still uses it after everything else is done. "" if nothing does.

    Args:
        address: the object.
        body: the existing body; a policy of Elasticsearch names its users itself.
        now: the surroundings before everything else is done.
        after: the surroundings after that.
    """
    if address.kind == ILM:
        users = body.get("in_use_by") or {}
        using = [*listed(users.get("indices"))]
        using += [name for name in listed(users.get("composable_templates")) if name in after.templates]
        return f"it is the policy of {_some(using)}" if using else ""
    if address.kind == TEMPLATE:
        followers = [stream for stream in now.streams if now.governing(stream) == address.name]
        using = [stream for stream in followers if not after.governing(stream)]
        return f"data streams follow it: {_some(using)}" if using else ""
    if address.kind == COMPONENT:
        using = after.composing(address.name)
        return f"index templates are composed of it: {_some(using)}" if using else ""
    if address.kind == PIPELINE:
        using = [*now.pipelines.get(address.name, ()), *_naming(address.name, after)]
        return f"documents go through it: {_some(using)}" if using else ""
    return ""


def _overlapping(changed: Collection[Address], after: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield each changed index template with each other one that can match the same name."""
    for name in sorted(each.name for each in changed if each.kind == TEMPLATE):
        own = listed(after.templates[name].get("index_patterns"))
        for other in sorted(after.templates):
            if other != name and patterns.overlap(own, listed(after.templates[other].get("index_patterns"))):
                yield name, other


def _is_taken_up(address: Address, wanted: Mapping[Address, Body], live: Mapping[Address, Body | None]) -> bool:
    """Tell whether indices adopt the change of a template."""
    if address.kind not in (COMPONENT, TEMPLATE):
        return False
    there = live.get(address)
    before = form(address.kind, there) if there is not None else {}
    after = form(address.kind, wanted[address])
    return any(before.get(key) != after.get(key) for key in {*before, *after} - _AT_ONCE)


def _naming(pipeline: str, after: Surroundings) -> list[str]:
    return [
        f"{TEMPLATE}/{name}"
        for name, body in after.templates.items()
        if pipeline
        in [templates.settings((body.get("template") or {}).get("settings") or {}).get(k) for k in _PIPELINES]
    ]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(sorted(names)[:3]) + more
