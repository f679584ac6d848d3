"""What no comparison shows: which data streams a change reaches and when, who else has a say, what is in use. Pure.

Of all index templates that match a name the one with the highest priority counts alone; two with the same priority
are refused. A data stream takes up a changed template with its next backing index.
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
"""Keys of a template that no index takes up."""
_PIPELINES = ("index.default_pipeline", "index.final_pipeline")


@dataclass(frozen=True)
class Surroundings:
    """What else the server has.

    Attributes:
        templates: all index templates, by name.
        streams: all data streams, with their generation.
        pipelines: the pipelines that indices send documents through, each with the names of some.
    """

    templates: Mapping[str, Body] = field(default_factory=dict)
    streams: Mapping[str, int] = field(default_factory=dict)
    pipelines: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def after(self, wanted: Mapping[Address, Body], going: Collection[Address]) -> Surroundings:
        """The same once objects were written and others removed."""
        written = {address.name: body for address, body in wanted.items() if address.kind == TEMPLATE}
        gone = {address.name for address in going if address.kind == TEMPLATE}
        left = {name: body for name, body in self.templates.items() if name not in gone}
        return Surroundings({**left, **written}, self.streams, self.pipelines)

    def governing(self, stream: str) -> str:
        """The template that the next backing index of a data stream follows; empty where there is none."""
        matching = [
            (templates.priority(body), name)
            for name, body in self.templates.items()
            if patterns.matches(stream, listed(body.get("index_patterns"))) and body.get("data_stream") is not None
        ]
        return max(matching)[1] if matching else ""

    def composing(self, component: str) -> list[str]:
        """The index templates that a component template is in."""
        return [name for name, body in self.templates.items() if component in listed(body.get("composed_of"))]


def surroundings(all_templates: Any, all_streams: Any, all_settings: Any) -> Surroundings:
    """From what the API answers: index templates, data streams, and settings of indices."""
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
    """The data streams that take up a change with their next backing index, with their generation."""
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
    """Index templates that the server refuses, since another one has the same priority for the same names."""
    for name, other in _overlapping(changed, after):
        if templates.priority(after.templates[name]) == templates.priority(after.templates[other]):
            number = templates.priority(after.templates[name])
            yield (
                f"{TEMPLATE}/{name}: {other} has the same priority ({number}) for the same names; "
                "give one of them another priority"
            )


def displacing(changed: Collection[Address], now: Surroundings, after: Surroundings) -> list[Address]:
    """Index templates that take the place of one that goes, with its priority: the server takes one at a time."""
    both = Surroundings({**now.templates, **after.templates})
    found = {
        name
        for name, other in _overlapping(changed, both)
        if other not in after.templates
        and templates.priority(both.templates[name]) == templates.priority(both.templates[other])
    }
    return [Address(TEMPLATE, name) for name in sorted(found)]


def precedence(changed: Collection[Address], after: Surroundings) -> Iterator[str]:
    """Who has a say besides the templates that change: those that win over them, and those that lose."""
    for name, other in _overlapping(changed, after):
        own, theirs = (templates.priority(after.templates[each]) for each in (name, other))
        shared = ", ".join(map(str, listed(after.templates[other].get("index_patterns"))))
        if theirs > own:
            yield f"{TEMPLATE}/{name}: {other} (priority {theirs}, {shared}) wins over it ({own}) where both match"
        elif own > theirs:
            yield f"{TEMPLATE}/{name}: wins (priority {own}) over {other} ({theirs}, {shared}) where both match"


def in_use(address: Address, body: Body, now: Surroundings, after: Surroundings) -> str:
    """Why an object cannot go: by whom it is used once everything else is done. Empty when nobody uses it.

    Args:
        address: the object.
        body: as it is there; a policy of Elasticsearch says itself by whom it is used.
        now, after: what else there is, before and after everything else is done.
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
    """Each changed index template with each other one that can match the same name."""
    for name in sorted(each.name for each in changed if each.kind == TEMPLATE):
        own = listed(after.templates[name].get("index_patterns"))
        for other in sorted(after.templates):
            if other != name and patterns.overlap(own, listed(after.templates[other].get("index_patterns"))):
                yield name, other


def _is_taken_up(address: Address, wanted: Mapping[Address, Body], live: Mapping[Address, Body | None]) -> bool:
    """Whether a change of a template is one of what indices take up."""
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
