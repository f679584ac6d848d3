"""Interprets responses of the API. Pure.

Sources: the REST API references of Elasticsearch 8 and OpenSearch 2 ("error" holds type, reason and root_cause), and
responses of a real OpenSearch 2.19.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.domain.errors import FlowmartError, Refused, Unanswered
from tasks.domain.outcome import Outcome
from tasks.servers.connection import Response

_LOGIN = "is that a login page?"
_BUSY = frozenset({408, 429})
_REMEDY = {
    401: "the server rejects the credentials; check `auth` of logging.elasticsearch, then retry",
    408: "the server did not finish in time; retry",
    429: "the server has too many requests; retry later",
}
_BLOCKED = frozenset({"cluster_block_exception"})
"""A block, such as that of a full disk: the fault of neither the request nor the user."""
_WRONG = frozenset(
    {"x_content_parse_exception", "parse_exception", "json_parse_exception", "mapper_parsing_exception"}
    | {"illegal_argument_exception", "script_exception"}
)
"""Types of errors that a wrong request causes; OpenSearch answers some of them with the status 500."""
_OLDEST = {"elasticsearch": 8, "opensearch": 2}
_COMPATIBLE = "7.10.2"
"""The version that OpenSearch reports to old clients (`compatibility.override_main_response_version`)."""


class Rejected(Refused):
    """The server rejects a request: a retry would fail in the same way. `status` and `kind` are the server's."""

    def __init__(self, message: str, status: int = 0, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class NotPermitted(Rejected):
    """The server identified the user and denies the request. It says nothing about the object of the request."""


@dataclass(frozen=True)
class Product:
    """The product of a server: `name` is "elasticsearch" or "opensearch"."""

    name: str
    version: str

    @property
    def is_opensearch(self) -> bool:
        """Tell whether the server is an OpenSearch."""
        return self.name == "opensearch"

    def __str__(self) -> str:
        return f"{'OpenSearch' if self.is_opensearch else 'Elasticsearch'} {self.version}"


@dataclass(frozen=True)
class ItemResult:
    """The result of one item of a bulk request.

    Attributes:
        action: index, create, update or delete.
        id: the document's id.
        status: the HTTP status that a separate request would have had.
        outcome: unanswered means that a retry may succeed.
        reason: why it did not succeed.
        kind: the error's type, such as mapper_parsing_exception.
    """

    action: str
    id: str
    status: int
    outcome: Outcome
    reason: str = ""
    kind: str = ""

    @property
    def exists(self) -> bool:
        """Tell whether the document could not be created because its id already exists."""
        return self.action == "create" and self.status == 409


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        total: the number of matching documents; a lower limit if the search did not track it.
        hits: the requested documents.
        aggregations: by name.
        partial: some shards or clusters did not respond in time, so the result may be wrong.
    """

    total: int
    hits: Sequence[Mapping[str, Any]] = ()
    aggregations: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False


def content(response: Response, where: str, what: str) -> Any:
    """Return the JSON of a successful response.

    Args:
        response: as received.
        where: the server, for messages.
        what: the request, for messages: "PUT /_index_template/shop".

    Raises:
        Rejected: the server rejects the request; `NotPermitted` if it denies it.
        Unanswered: everything else that is not a result.
    """
    require_success(response, where, what)
    document = _json(response.body)
    if document is None:
        raise Unanswered(f"{where} answered {what} with something that is not valid JSON; {_LOGIN}")
    _require_acknowledged(document, f"{where}: {what}")
    return document


def require_success(response: Response, where: str, what: str) -> None:
    """Raise the error of an unsuccessful response, as `content` does."""
    if 300 <= response.status < 400:
        raise Unanswered(f"{where} redirects to {response.location or 'another page'}; {_LOGIN}")
    if not 200 <= response.status < 300:
        raise error(response.status, _json(response.body), f"{where}: {what}")


def error(status: int, document: Any, what: str) -> FlowmartError:
    """Return the error for an unsuccessful response.

    Args:
        status: the HTTP status.
        document: the JSON of the response; None if it is not JSON.
        what: the server and the request, for the message.

    Returns:
        `Rejected`, `NotPermitted` or `Unanswered`; to be raised by the caller.
    """
    said = document if isinstance(document, Mapping) else {}
    if status == 500 and _is_wrong(said):
        return Rejected(f"{what}: {reason(said)} (status {status})", status, kind(said))
    if status in (401, *_BUSY) or status >= 500:
        why = _REMEDY.get(status, "the server has a problem; retry later")
        return Unanswered(f"{what}: status {status}, {reason(said) or why}")
    if kind(said) in _BLOCKED:
        return Unanswered(f"{what}: {reason(said)}; free the disk or unblock the index, then retry")
    if status == 403:
        return NotPermitted(
            f"{what}: denied, {reason(said) or 'status 403'}; check the role's rights", 403, kind(said)
        )
    if "error" not in said:
        return Unanswered(f"{what}: status {status} without a reason; {_LOGIN} Check the path of the url")
    return Rejected(f"{what}: {reason(said)} (status {status})", status, kind(said))


def is_absent(response: Response) -> bool:
    """Tell whether the server says that an object does not exist.

    A 404 of another server, such as a proxy, is not enough.
    """
    document = _json(response.body)
    if response.status != 404 or not isinstance(document, Mapping):
        return False
    # A missing pipeline gives {}, a missing document "found": false, and no templates at all an empty list.
    nothing = all(value == [] for value in document.values())
    return nothing or "error" in document or document.get("found") is False


def is_unknown_path(error: Rejected) -> bool:
    """Tell whether the server lacks this API: a plugin is not installed, or it is the other product's API."""
    return error.status in (400, 405) and "no handler found for uri" in str(error)


def reason(document: Mapping[str, Any]) -> str:
    """Return the server's reasons, from the outermost to the innermost, without repetitions."""
    found = document.get("error")
    if not isinstance(found, Mapping):
        # In Kibana, `error` is the name of the status, and `message` is the reason.
        return str(document.get("message") or found or "")
    said = [str(found.get("reason") or found.get("type") or "")]
    cause = found.get("caused_by")
    while isinstance(cause, Mapping):
        said.append(str(cause.get("reason") or ""))
        cause = cause.get("caused_by")
    kept: list[str] = []
    for each in filter(None, said):
        # Outer reasons often end with the inner one.
        if not any(each in outer for outer in kept):
            kept.append(each)
    return ": ".join(kept)


def kind(document: Mapping[str, Any]) -> str:
    """Return the type of an error, such as illegal_argument_exception; empty if there is none."""
    found = document.get("error")
    return str(found.get("type", "")) if isinstance(found, Mapping) else ""


def product(document: Any, where: str) -> Product:
    """Identify the server by its response to `GET /`.

    Raises:
        Unanswered: it is neither Elasticsearch nor OpenSearch.
        Rejected: its version is too old.
    """
    version = document.get("version") if isinstance(document, Mapping) else None
    number = version.get("number") if isinstance(version, Mapping) else None
    if not isinstance(version, Mapping) or not isinstance(number, str):
        raise Unanswered(f"{where} is neither an Elasticsearch nor an OpenSearch; check the url")
    found = Product("opensearch" if version.get("distribution") == "opensearch" else "elasticsearch", number)
    major = int(first) if (first := number.split(".")[0]).isdigit() else 0
    if major < _OLDEST[found.name] and not (found.is_opensearch and number == _COMPATIBLE):
        raise Rejected(f"{where} is {found}; Elasticsearch 8 and later, and OpenSearch 2 and later, are supported")
    return found


def items(document: Any, where: str) -> tuple[ItemResult, ...]:
    """Return the result of each item of a bulk request, in its order.

    Raises:
        Unanswered: the response lists no items.
    """
    listed = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(listed, Sequence):
        raise Unanswered(f"{where} answered a bulk without its items")
    return tuple(_item(*next(iter(each.items()))) for each in listed)


def found(document: Any, where: str) -> Found:
    """Return the result of a search.

    Raises:
        Unanswered: the response has an unknown form.
    """
    hits = document.get("hits") if isinstance(document, Mapping) else None
    if not isinstance(hits, Mapping):
        raise Unanswered(f"{where} answered a search in an unknown form")
    total = hits.get("total")
    shards, clusters = document.get("_shards") or {}, document.get("_clusters") or {}
    return Found(
        total=int(total["value"] if isinstance(total, Mapping) else total or 0),
        hits=tuple(hits.get("hits") or ()),
        aggregations=document.get("aggregations") or {},
        partial=bool(document.get("timed_out") or shards.get("failed") or clusters.get("skipped")),
    )


def _item(action: str, said: Mapping[str, Any]) -> ItemResult:
    status = int(said.get("status", 0))
    name = str(said.get("_id", ""))
    if 200 <= status < 300:
        return ItemResult(action, name, status, Outcome.SUCCEEDED)
    # 403 means a read-only index (a full disk) or a missing right: neither is the document's fault.
    again = status in (401, 403, *_BUSY) or status >= 500 or status == 0
    outcome = Outcome.UNANSWERED if again else Outcome.FAILED
    return ItemResult(action, name, status, outcome, reason(said), kind(said))


def _is_wrong(document: Mapping[str, Any]) -> bool:
    """Tell whether a server error (status 500) was caused by the request."""
    cause = document.get("error")
    while isinstance(cause, Mapping):
        if cause.get("type") in _WRONG:
            return True
        cause = cause.get("caused_by")
    return False


def _require_acknowledged(document: Any, what: str) -> None:
    """Raise `Unanswered` if not every node has acknowledged a change that is in progress."""
    said = document if isinstance(document, Mapping) else {}
    if said.get("acknowledged") is False and not said.get("dry_run"):
        raise Unanswered(f"{what}: not all nodes have acknowledged it in time")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
