"""Test a unit on the server without writing: what it would reject, and what pipelines make of sample documents.

A template is simulated as it would be composed. Its names and priority are replaced, so that neither its own earlier
version nor another template interferes; the plan reports others with the same priority.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.elasticsearch.answers import Rejected, reason
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.elasticsearch import (
    components,
    forms,
    kinds,
    neighbours,
    patterns,
    samples,
    saved_objects,
    server,
    sources,
    templates,
)
from tasks.engines.elasticsearch.addresses import COMPONENT, PIPELINE, SAVED_OBJECT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.notation import listed
from tasks.engines.elasticsearch.options import ElasticsearchOptions
from tasks.engines.elasticsearch.sources import Source
from tasks.engines.elasticsearch.stack import Stack


def find(workspace: Workspace) -> Iterator[Finding]:
    """Yield what the server rejects in the templates, pipelines and saved objects of a unit."""
    stack = server.reading(workspace)
    source = sources.load(workspace, workspace.unit.inputs)
    wanted, _ = server.applicable(stack, source.objects, workspace.options(ElasticsearchOptions))
    for address in sorted(wanted):
        file = source.files[address]
        if address.kind == TEMPLATE:
            yield from _template(stack, workspace, wanted, address, file)
        elif address.kind == COMPONENT:
            yield from _composed(
                stack.search, {**_SIMULATED, "template": wanted[address].get("template") or {}}, file
            )
        elif address.kind == PIPELINE:
            yield from _pipeline(stack.search, source, address, file)
        elif address.kind == SAVED_OBJECT:
            yield from _references(stack, wanted, address, file)
    yield from _data_views(stack, wanted, source)


_SIMULATED: Mapping[str, Any] = {"priority": templates.FIRST}


def _template(
    stack: Stack, workspace: Workspace, wanted: Mapping[Address, Body], address: Address, file: str
) -> Iterator[Finding]:
    absent = components.absent(stack, wanted, address)
    for name in absent:
        unit = neighbours.owner(workspace, Address(COMPONENT, name))
        message = f"{COMPONENT}/{name} is neither in the unit nor on the server; add it, or correct composed_of"
        if unit:
            message = f"is not simulated: {COMPONENT}/{name} comes with unit {unit}"
        yield Finding("composed-of", f"{address}: {message}", file, error=not unit)
    if not absent:
        yield from _composed(stack.search, _whole(stack, wanted, wanted[address]), file)


def _composed(client: Elasticsearch, body: Body, file: str) -> Iterator[Finding]:
    simulated = {**forms.sent(TEMPLATE, body), **_SIMULATED, "index_patterns": [f"simulated-{uuid.uuid4().hex}"]}
    try:
        client.send("POST", "/_index_template/_simulate", simulated)
    except Rejected as error:
        yield _refused("template", error, file)


def _whole(stack: Stack, wanted: Mapping[Address, Body], body: Body) -> dict[str, Any]:
    """Return an index template with its components merged in; later ones override earlier ones."""
    parts = []
    for name in components.named(body):
        address = Address(COMPONENT, name)
        found = wanted.get(address) or kinds.read(stack, address)
        parts.append((found or {}).get("template") or {})
    own = {key: item for key, item in body.items() if "composed" not in key and "component" not in key}
    return {**own, "template": templates.composed([*parts, body.get("template") or {}])}


def _pipeline(client: Elasticsearch, source: Source, address: Address, file: str) -> Iterator[Finding]:
    declared = source.samples.get(address.name, ())
    documents = [samples.document(each) for each in declared] or [{"_source": {}}]
    body = {"pipeline": forms.sent(PIPELINE, source.objects[address]), "docs": documents}
    try:
        answered = client.send("POST", "/_ingest/pipeline/_simulate", body)["docs"]
    except Rejected as error:
        yield _refused("pipeline", error, file)
        return
    for number, (sample, made) in enumerate(zip(declared, answered, strict=False), 1):
        name = sample.get("name") or number
        for wrong in samples.differences(sample, made, reason(made or {})):
            yield Finding("samples", f"{address}: sample {name}: {wrong}", file)


def _references(stack: Stack, wanted: Mapping[Address, Body], address: Address, file: str) -> Iterator[Finding]:
    for other in saved_objects.references(wanted[address]):
        if other not in wanted and kinds.read(stack, other) is None:
            yield Finding("references", f"{address}: refers to {other}, which is neither in the unit nor there", file)


def _data_views(stack: Stack, wanted: Mapping[Address, Body], source: Source) -> Iterator[Finding]:
    """Yield data views for whose names there is no template: they will find nothing."""
    views = dict(saved_objects.data_views(wanted))
    templates_after = server.surroundings(stack.search).after(wanted, ()).templates.values() if views else ()
    known = [pattern for body in templates_after for pattern in listed(body.get("index_patterns"))]
    for address, titles in views.items():
        if not patterns.overlap(titles, known):
            message = f"{address}: no index template is for {', '.join(titles)}"
            yield Finding("data-views", message, source.files[address], error=False)


def _refused(rule: str, error: Rejected, file: str) -> Finding:
    return Finding(rule, str(error), file)


VALIDATORS = {"simulation": Validator(find)}
