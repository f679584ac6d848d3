"""Sends requests to the API of Elasticsearch or OpenSearch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

from tasks.domain.logging import ElasticsearchServer
from tasks.domain.servers import Server
from tasks.elasticsearch import answers
from tasks.elasticsearch.answers import Found, ItemResult, Product
from tasks.servers.connection import Connection


class Elasticsearch:
    """A client of the API.

    Args:
        server: its address, and how to authenticate; `server.writing` for requests that change something.
        variables: the AWS credentials of the role to sign with, for servers that require signed requests.
        seconds: the time limit of one request.
    """

    def __init__(
        self, server: ElasticsearchServer | Server, variables: Mapping[str, str] | None = None, seconds: float = 30.0
    ) -> None:
        self._connection = Connection(server, variables, seconds)

    @property
    def where(self) -> str:
        """Return the server's address for messages, without the parts that may be secret."""
        return self._connection.where

    @cached_property
    def product(self) -> Product:
        """Identify the server's product and version.

        Raises:
            Unanswered: it is neither Elasticsearch nor OpenSearch, or does not respond.
            Rejected: its version is too old.
        """
        return answers.product(self.send("GET", "/"), self.where)

    def send(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """Send a request and return the JSON of the response.

        Args:
            method: GET, POST, PUT, DELETE.
            path: with a slash; names in it are encoded by `named`.
            body: JSON; None for no body.
            **parameters: query parameters.

        Raises:
            Rejected: the server rejects the request; `NotPermitted` if it denies it.
            Unanswered: there is no result, whatever the reason.
        """
        fields = {} if body is None else {"json": body}
        response = self._connection.send(method, path, params=parameters, **fields)
        return answers.content(response, self.where, f"{method} {path}")

    def find(self, path: str, **parameters: str) -> Any | None:
        """Return the JSON of an object; None if it does not exist.

        Raises:
            Rejected, Unanswered: as for `send`.
        """
        response = self._connection.send("GET", path, params=parameters)
        return None if answers.is_absent(response) else answers.content(response, self.where, f"GET {path}")

    def search(self, index: str, body: Mapping[str, Any], **parameters: str) -> Found:
        """Search an index, a stream or a pattern. A pattern that matches no index gives an empty result.

        Raises:
            Rejected: the query is wrong, or there is no index of that name.
            Unanswered: there is no result.
        """
        return answers.found(self.send("POST", f"/{named(index)}/_search", body, **parameters), self.where)

    def fields(self, index: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return which of the fields are mapped in an index, a stream or a pattern, and their capabilities.

        Returns:
            {field: {type: {"searchable": ..., "aggregatable": ...}}}.
        """
        found = self.send("GET", f"/{named(index)}/_field_caps", fields=",".join(names))
        return dict(found.get("fields") or {})

    def bulk(self, actions: Iterable[Mapping[str, Any]], **parameters: str) -> tuple[ItemResult, ...]:
        """Send a bulk request and return the result of each item. The status may be 200 even if every item failed.

        Args:
            actions: lines of the bulk, each a JSON object: an action, followed by its document if it has one.
            **parameters: query parameters, such as `refresh`.
        """
        lines = "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in actions)
        response = self._connection.send(
            "POST",
            "/_bulk",
            params=parameters,
            content=lines.encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        return answers.items(answers.content(response, self.where, "POST /_bulk"), self.where)


def named(name: str) -> str:
    """Encode a name as a part of a path. Commas and wildcards stay, because they select several names."""
    return quote(name, safe=",*")
