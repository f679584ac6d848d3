"""Sends requests to Kibana or OpenSearch Dashboards: saved objects are exported, imported and deleted.

Both have the same API below /api/saved_objects. Each requires its own header on requests that come from no page.
https://www.elastic.co/docs/api/doc/kibana/group/endpoint-saved-objects
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tasks.domain.errors import Unanswered
from tasks.domain.servers import Server
from tasks.elasticsearch import answers
from tasks.elasticsearch.answers import Rejected
from tasks.servers.connection import Connection, Response

_HEADERS = {"kbn-xsrf": "true", "osd-xsrf": "true"}
_SAVED_OBJECTS = "/api/saved_objects"


class Dashboards:
    """A client of the API.

    Args:
        server: its address, and how to authenticate.
        variables: the AWS credentials of the role to sign with, for servers that require signed requests.
        seconds: the time limit of one request.
    """

    def __init__(self, server: Server, variables: Mapping[str, str] | None = None, seconds: float = 30.0) -> None:
        self._connection = Connection(server, variables, seconds)

    @property
    def where(self) -> str:
        """Return the server's address for messages, without the parts that may be secret."""
        return self._connection.where

    def exported(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """Return a saved object with all its attributes; None if it does not exist.

        Args:
            kind: its type, such as dashboard or index-pattern.
            name: its id.

        Raises:
            Rejected, Unanswered: as for requests to the search server.
        """
        wanted = {"objects": [{"type": kind, "id": name}], "excludeExportDetails": True}
        what = f"export of {kind}/{name}"
        response = self._connection.send("POST", f"{_SAVED_OBJECTS}/_export", headers=_HEADERS, json=wanted)
        if _says_absent(response):
            return None
        answers.require_success(response, self.where, what)
        lines = (json.loads(line) for line in response.body.splitlines() if line.strip())
        found = next((each for each in lines if (each.get("type"), each.get("id")) == (kind, name)), None)
        if found is None:
            raise Unanswered(f"{self.where}: {what} has no such object in it; is that a login page?")
        return dict(found)

    def imported(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Create or replace saved objects.

        Raises:
            Rejected: the server rejected some of them; the message says which and why.
            Unanswered: there is no result.
        """
        lines = "".join(f"{json.dumps(each)}\n" for each in objects)
        files = {"file": ("objects.ndjson", lines.encode(), "application/ndjson")}
        response = self._connection.send(
            "POST", f"{_SAVED_OBJECTS}/_import", headers=_HEADERS, params={"overwrite": "true"}, files=files
        )
        result = answers.content(response, self.where, "import of saved objects")
        if not result.get("success"):
            raise Rejected(f"{self.where}: import of saved objects: {_errors(result.get('errors') or ())}")

    def delete(self, kind: str, name: str) -> None:
        """Delete a saved object, if it still exists."""
        path = f"{_SAVED_OBJECTS}/{quote(kind, safe='')}/{quote(name, safe='')}"
        response = self._connection.send("DELETE", path, headers=_HEADERS)
        if not answers.is_absent(response):
            answers.content(response, self.where, f"DELETE {path}")


def _says_absent(response: Response) -> bool:
    """Tell whether an export reports that all requested objects are missing, which it does with the status 400."""
    try:
        objects = json.loads(response.body)["attributes"]["objects"]
        return response.status == 400 and all(each["error"]["statusCode"] == 404 for each in objects)
    except (ValueError, KeyError, TypeError):
        return False


def _errors(errors: Sequence[Mapping[str, Any]]) -> str:
    told = []
    for each in errors:
        why = each.get("error") or {}
        missing = [f"{item.get('type')}/{item.get('id')}" for item in why.get("references") or ()]
        reason = why.get("message") or why.get("reason") or why.get("type")
        told.append(f"{each.get('type')}/{each.get('id')}: {reason}{': ' if missing else ''}{', '.join(missing)}")
    return "; ".join(told) or "it gave no reason"
