"""What a response of the API means. Pure.

Sources: the REST API references of Elasticsearch 8 and OpenSearch 2 ("error" holds type, reason and root_cause), and
what a real OpenSearch 2.19 answers.
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
"""A block, such as that of a full disk: neither the request's fault nor that of who asks."""
_WRONG = frozenset(
    {"x_content_parse_exception", "parse_exception", "json_parse_exception", "mapper_parsing_exception"}
    | {"illegal_argument_exception", "script_exception"}
)
"""Types of errors that say what is wrong with a request; OpenSearch answers some of them with the status 500."""
_OLDEST = {"elasticsearch": 8, "opensearch": 2}
_COMPATIBLE = "7.10.2"
"""The version that an OpenSearch claims for old clients (`compatibility.override_main_response_version`)."""


class Rejected(Refused):
    """The server rejects a request: asking again gives the same answer. `status` and `kind` are its own words."""

    def __init__(self, message: str, status: int = 0, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class NotPermitted(Rejected):
    """The server knows who asks, and denies it. It says nothing about what was asked."""


@dataclass(frozen=True)
class Product:
    """What a server is: `name` is "elasticsearch" or "opensearch"."""

    name: str
    version: str

    @property
    def is_opensearch(self) -> bool:
        """Whether it is an OpenSearch."""
        return self.name == "opensearch"

    def __str__(self) -> str:
        return f"{'OpenSearch' if self.is_opensearch else 'Elasticsearch'} {self.version}"


@dataclass(frozen=True)
class ItemResult:
    """What became of one item of a bulk.

    Attributes:
        action: index, create, update or delete.
        id: the document's.
        status: as a request of its own would have had.
        outcome: unanswered: worth sending again.
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
        """Whether there was a document of that id, where it was to be created."""
        return self.action == "create" and self.status == 409


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        total: how many documents match; a lower limit where the search did not track it.
        hits: the documents that were asked for.
        aggregations: by name.
        partial: not all shards or clusters have answered in time, so that the result may be wrong.
    """

    total: int
    hits: Sequence[Mapping[str, Any]] = ()
    aggregations: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False


def content(response: Response, where: str, what: str) -> Any:
    """The JSON of a response that succeeded.

    Args:
        response: as it came.
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
    """Raise the error of a response that did not succeed, as `content` does."""
    if 300 <= response.status < 400:
        raise Unanswered(f"{where} redirects to {response.location or 'another page'}; {_LOGIN}")
    if not 200 <= response.status < 300:
        raise error(response.status, _json(response.body), f"{where}: {what}")


def error(status: int, document: Any, what: str) -> FlowmartError:
    """The error of a response that did not succeed."""
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
    """Whether the server says that there is no such thing. A 404 of something else, such as a proxy, does not."""
    document = _json(response.body)
    if response.status != 404 or not isinstance(document, Mapping):
        return False
    # A missing pipeline is answered with {}, a missing document with "found": false, no template at all with a list.
    nothing = all(value == [] for value in document.values())
    return nothing or "error" in document or document.get("found") is False


def is_unknown_path(error: Rejected) -> bool:
    """Whether the server has no such API: a plugin that is not installed, or the other product's."""
    return error.status in (400, 405) and "no handler found for uri" in str(error)


def reason(document: Mapping[str, Any]) -> str:
    """Why, in the server's words: down to the innermost reason, which says what is wrong, and none of them twice."""
    found = document.get("error")
    if not isinstance(found, Mapping):
        # Kibana's error is the name of the status; its message says why.
        return str(document.get("message") or found or "")
    said = [str(found.get("reason") or found.get("type") or "")]
    cause = found.get("caused_by")
    while isinstance(cause, Mapping):
        said.append(str(cause.get("reason") or ""))
        cause = cause.get("caused_by")
    kept: list[str] = []
    for each in filter(None, said):
        # Many an outer reason ends with the inner one.
        if not any(each in outer for outer in kept):
            kept.append(each)
    return ": ".join(kept)


def kind(document: Mapping[str, Any]) -> str:
    """The type of an error, such as illegal_argument_exception; empty where there is none."""
    found = document.get("error")
    return str(found.get("type", "")) if isinstance(found, Mapping) else ""


def product(document: Any, where: str) -> Product:
    """What the server is, by its answer to `GET /`.

    Raises:
        Unanswered: it is neither of the two.
        Rejected: it is too old.
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
    """What became of each item of a bulk, in its order."""
    listed = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(listed, Sequence):
        raise Unanswered(f"{where} answered a bulk without its items")
    return tuple(_item(*next(iter(each.items()))) for each in listed)


def found(document: Any, where: str) -> Found:
    """The result of a search."""
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
    # 403: an index that is read-only (a full disk) or a right that is missing: neither is the document's fault.
    again = status in (401, 403, *_BUSY) or status >= 500 or status == 0
    outcome = Outcome.UNANSWERED if again else Outcome.FAILED
    return ItemResult(action, name, status, outcome, reason(said), kind(said))


def _is_wrong(document: Mapping[str, Any]) -> bool:
    """Whether an error that counts as the server's own was made by what it was sent."""
    cause = document.get("error")
    while isinstance(cause, Mapping):
        if cause.get("type") in _WRONG:
            return True
        cause = cause.get("caused_by")
    return False


def _require_acknowledged(document: Any, what: str) -> None:
    """Not acknowledged: the change is on its way, but not every node has it yet."""
    said = document if isinstance(document, Mapping) else {}
    if said.get("acknowledged") is False and not said.get("dry_run"):
        raise Unanswered(f"{what}: not all nodes have acknowledged it in time")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
