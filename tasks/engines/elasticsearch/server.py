"""Clients for the server of a unit's environment, and what else is on that server."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.domain.errors import InvalidInput
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.servers import Server
from tasks.elasticsearch.answers import Product
from tasks.elasticsearch.client import Elasticsearch
from tasks.elasticsearch.dashboards import Dashboards
from tasks.engines.base import Variables, Workspace
from tasks.engines.elasticsearch import effects, kinds, templates
from tasks.engines.elasticsearch.addresses import COMPONENT, SAVED_OBJECT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.effects import Surroundings
from tasks.engines.elasticsearch.options import ElasticsearchOptions
from tasks.engines.elasticsearch.stack import Stack

_SECONDS = 60.0
"""Time limit of a request in seconds; a busy cluster takes up to 30 seconds to acknowledge a change."""


def reading(workspace: Workspace) -> Stack:
    """Return read-only clients."""
    return _stack(workspace, _declared(workspace), workspace.environment.dashboards, workspace.reading)


def writing(workspace: Workspace) -> Stack:
    """Return clients that can write."""
    dashboards = workspace.environment.dashboards
    return _stack(workspace, _declared(workspace).writing, dashboards and dashboards.writing, workspace.writing)


def surroundings(client: Elasticsearch) -> Surroundings:
    """Return the server's index templates, data streams and pipelines in use."""
    # OpenSearch lists hidden data streams anyway, and does not know the parameter.
    hidden = {} if client.product.is_opensearch else {"expand_wildcards": "all"}
    return effects.surroundings(
        client.find("/_index_template"),
        client.find("/_data_stream/*", **hidden),
        client.find(
            "/*/_settings/index.default_pipeline,index.final_pipeline", flat_settings="true", expand_wildcards="all"
        ),
    )


def applicable(
    stack: Stack, objects: Mapping[Address, Body], options: ElasticsearchOptions
) -> tuple[dict[Address, Body], tuple[str, ...]]:
    """Return the objects for this environment, and remarks on omitted ones.

    Policies of the other product, and settings that name one, are meant for another environment. Objects that this
    environment does not support are omitted only if the unit's `optional` names their kind.
    """
    search = stack.search
    fitting = {each: body for each, body in objects.items() if kinds.fits(each.kind, search.product)}
    missing: dict[str, str] = {}
    if "saved-objects" in options.optional and stack.dashboards is None:
        missing[SAVED_OBJECT] = "no `logging.dashboards` is declared"
    for kind in {each.kind for each in fitting} if "lifecycle-policies" in options.optional else ():
        if not kinds.has_api(search, kind):
            missing[kind] = f"{search.product} at {search.where} has no API for it"
    remarks = tuple(f"{each} is left out: {missing[each.kind]}" for each in sorted(fitting) if each.kind in missing)
    left, more = _fitting({each: body for each, body in fitting.items() if each.kind not in missing}, search.product)
    return left, (*remarks, *more)


def _fitting(objects: Mapping[Address, Body], product: Product) -> tuple[dict[Address, Body], tuple[str, ...]]:
    found: dict[Address, Body] = dict(objects)
    remarks: list[str] = []
    for each in sorted(objects):
        if each.kind in (COMPONENT, TEMPLATE):
            found[each], others = templates.fitting(objects[each], product)
            remarks += [f"{each}: {name} is left out, which {product} does not know" for name in others]
    return found, tuple(remarks)


def _stack(workspace: Workspace, search: Server, dashboards: Server | None, variables: Variables) -> Stack:
    seconds = min(workspace.unit.time_limit, _SECONDS)

    def signing(server: Server) -> Mapping[str, str]:
        return variables() if server.sigv4 else {}

    return Stack(
        Elasticsearch(search, signing(search), seconds),
        Dashboards(dashboards, signing(dashboards), seconds) if dashboards else None,
    )


def _declared(workspace: Workspace) -> ElasticsearchServer:
    if (server := workspace.environment.elasticsearch) is None:
        where = workspace.environment.name
        raise InvalidInput(f"{workspace.unit.name}: {where} has no `logging.elasticsearch`; add it to platform.yaml")
    return server
