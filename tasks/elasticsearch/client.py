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
    """A server of the API.

    Args:
        server: where it is, and how to authenticate; `server.writing` for requests that change something.
        variables: the AWS credentials of the role to sign with, for servers that want signed requests.
        seconds: the time limit of one request.
    """

    def __init__(
        self, server: ElasticsearchServer | Server, variables: Mapping[str, str] | None = None, seconds: float = 30.0
    ) -> None:
        self._connection = Connection(server, variables, seconds)

    @property
    def where(self) -> str:
        """The server for messages, without what may be secret in its address."""
        return self._connection.where

    @cached_property
    def product(self) -> Product:
        """What the server is.

        Raises:
            Unanswered: it is neither Elasticsearch nor OpenSearch, or does not answer.
            Rejected: it is too old.
        """
        return answers.product(self.send("GET", "/"), self.where)

    def send(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """The JSON that the server answers.

        Args:
            method: GET, POST, PUT, DELETE.
            path: with a slash; names in it are encoded by `named`.
            body: JSON; None for no body.
            **parameters: of the request.

        Raises:
            Rejected: the server rejects the request; `NotPermitted` if it denies it.
            Unanswered: there is no result, whatever the reason.
        """
        fields = {} if body is None else {"json": body}
        response = self._connection.send(method, path, params=parameters, **fields)
        return answers.content(response, self.where, f"{method} {path}")

    def find(self, path: str, **parameters: str) -> Any | None:
        """The JSON of something that may be absent: None where it is.

        Raises:
            Rejected, Unanswered: as for `send`.
        """
        response = self._connection.send("GET", path, params=parameters)
        return None if answers.is_absent(response) else answers.content(response, self.where, f"GET {path}")

    def search(self, index: str, body: Mapping[str, Any], **parameters: str) -> Found:
        """The result of a search in an index, a stream or a pattern. A pattern that matches nothing finds nothing.

        Raises:
            Rejected: the query is wrong, or there is no index of that name.
            Unanswered: there is no result.
        """
        return answers.found(self.send("POST", f"/{named(index)}/_search", body, **parameters), self.where)

    def fields(self, index: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Those of the fields that are mapped in an index, a stream or a pattern, with what can be done with them.

        Returns:
            {field: {type: {"searchable": ..., "aggregatable": ...}}}.
        """
        found = self.send("GET", f"/{named(index)}/_field_caps", fields=",".join(names))
        return dict(found.get("fields") or {})

    def bulk(self, actions: Iterable[Mapping[str, Any]], **parameters: str) -> tuple[ItemResult, ...]:
        """What became of each item of a bulk. The request may answer 200 though every item failed.

        Args:
            actions: lines of the bulk, each a JSON object: an action, and the document after those that have one.
            **parameters: of the request, such as `refresh`.
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
    """A name as a part of a path. Commas and wildcards stay: they name several."""
    return quote(name, safe=",*")
