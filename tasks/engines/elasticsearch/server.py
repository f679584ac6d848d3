"""The server of a unit's environment: clients for reading and for writing, and what else is there."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.domain.errors import InvalidInput
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.platform import Unit
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines.base import Workspace
from tasks.engines.elasticsearch import effects, kinds
from tasks.engines.elasticsearch.addresses import Address, Body
from tasks.engines.elasticsearch.effects import Surroundings
from tasks.engines.elasticsearch.options import ElasticsearchOptions

_SECONDS = 60.0
"""The limit of one request; a busy cluster takes up to 30 seconds to acknowledge a change."""


def reading(workspace: Workspace) -> Elasticsearch:
    """A client that only reads."""
    server = _declared(workspace)
    return Elasticsearch(server, workspace.reading() if server.sigv4 else {}, _seconds(workspace.unit))


def writing(workspace: Workspace) -> Elasticsearch:
    """A client that writes."""
    server = _declared(workspace).writing
    return Elasticsearch(server, workspace.writing() if server.sigv4 else {}, _seconds(workspace.unit))


def surroundings(client: Elasticsearch) -> Surroundings:
    """Which index templates, data streams and pipelines in use the server has."""
    # OpenSearch shows hidden data streams too, and does not know the parameter.
    hidden = {} if client.product.is_opensearch else {"expand_wildcards": "all"}
    return effects.surroundings(
        client.find("/_index_template"),
        client.find("/_data_stream/*", **hidden),
        client.find(
            "/*/_settings/index.default_pipeline,index.final_pipeline", flat_settings="true", expand_wildcards="all"
        ),
    )


def applicable(
    client: Elasticsearch, objects: Mapping[Address, Body], options: ElasticsearchOptions
) -> tuple[dict[Address, Body], tuple[str, ...]]:
    """The objects that are for this server, and remarks on those that are left out.

    Policies of the other product are files for another environment. Where the server has no API for its own, they are
    left out only if the unit says so.
    """
    fitting = {each: body for each, body in objects.items() if kinds.fits(each.kind, client.product)}
    if options.lifecycle == "required":
        return fitting, ()
    missing = {kind for kind in {each.kind for each in fitting} if not kinds.has_api(client, kind)}
    left_out = sorted(each for each in fitting if each.kind in missing)
    remarks = tuple(f"{each} is left out: {client.product} at {client.where} has no API for it" for each in left_out)
    return {each: body for each, body in fitting.items() if each not in left_out}, remarks


def _declared(workspace: Workspace) -> ElasticsearchServer:
    if (server := workspace.environment.elasticsearch) is None:
        where = workspace.environment.name
        raise InvalidInput(f"{workspace.unit.name}: {where} has no `logging.elasticsearch`; add it to platform.yaml")
    return server


def _seconds(unit: Unit) -> float:
    return min(unit.time_limit, _SECONDS)
