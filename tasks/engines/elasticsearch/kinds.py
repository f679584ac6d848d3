"""Read, write and remove each kind of object on the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from tasks.domain.errors import Refused
from tasks.elasticsearch.answers import Product, Rejected, is_unknown_path
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines.elasticsearch import forms, saved_objects
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, SAVED_OBJECT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.stack import Stack

_PATHS = {
    ILM: "/_ilm/policy",
    ISM: "/_plugins/_ism/policies",
    COMPONENT: "/_component_template",
    PIPELINE: "/_ingest/pipeline",
    TEMPLATE: "/_index_template",
}
_IN_ANSWER: Mapping[str, Callable[[Any, str], Body]] = {
    ILM: lambda answer, name: answer[name],
    ISM: lambda answer, _: answer,
    COMPONENT: lambda answer, _: answer["component_templates"][0]["component_template"],
    PIPELINE: lambda answer, name: answer[name],
    TEMPLATE: lambda answer, _: answer["index_templates"][0]["index_template"],
}


def fits(kind: str, product: Product) -> bool:
    """Tell whether the product has this kind: Elasticsearch and OpenSearch have different lifecycle policies."""
    return kind != (ILM if product.is_opensearch else ISM)


def read(stack: Stack, address: Address) -> Body | None:
    """Return an object as the server has it; None if it does not exist.

    Raises:
        Refused: the server has no API for this kind.
        Rejected: the server rejects the request.
        Unanswered: the server does not respond.
    """
    if address.kind == SAVED_OBJECT:
        return stack.saved_objects(address).exported(*saved_objects.parts(address))
    found = _found(stack.search, address)
    return None if found is None else _IN_ANSWER[address.kind](found, address.name)


def has_api(client: Elasticsearch, kind: str) -> bool:
    """Tell whether the server has an API for a kind: index state management is a plugin."""
    if kind not in (ILM, ISM):
        return True
    try:
        client.find(f"{_PATHS[kind]}/flowmart-asks-for-the-api")
    except Rejected as error:
        if is_unknown_path(error):
            return False
        raise
    return True


def write(client: Elasticsearch, address: Address, body: Body) -> None:
    """Create an object on the search server, or replace the whole object."""
    precondition: dict[str, str] = {}
    if address.kind == ISM and (there := _found(client, address)) is not None:
        # The server replaces a policy only if the request names its current version.
        precondition = {"if_seq_no": str(there["_seq_no"]), "if_primary_term": str(there["_primary_term"])}
    client.send("PUT", _path(address), forms.sent(address.kind, body), **precondition)


def remove(stack: Stack, address: Address) -> None:
    """Remove an object; one that does not exist is ignored."""
    if address.kind == SAVED_OBJECT:
        return stack.saved_objects(address).delete(*saved_objects.parts(address))
    try:
        stack.search.send("DELETE", _path(address))
    except Rejected as error:
        if error.status != 404:
            raise
    return None


def _found(client: Elasticsearch, address: Address) -> Any | None:
    try:
        return client.find(_path(address))
    except Rejected as error:
        if is_unknown_path(error):
            why = (
                f"{client.where} has no API for {address.kind}: install it, or name lifecycle-policies in `optional`"
            )
            raise Refused(f"{address}: {why}") from error
        raise


def _path(address: Address) -> str:
    return f"{_PATHS[address.kind]}/{quote(address.name, safe='')}"
