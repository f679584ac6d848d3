"""Interprets responses of Prometheus's HTTP API. Pure.

Reference: https://prometheus.io/docs/prometheus/latest/querying/api/. A wrong query is a 400 in Prometheus and a 422
in VictoriaMetrics; a server that takes too long answers 503.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import Refused, Unanswered

_WRONG_QUERY = frozenset({400, 422})
_SAID = {
    401: "it rejects the credentials",
    403: "it denies the request",
    404: "it has no API at this address; check the path of the url",
    429: "it has too many requests to answer",
    503: "it is too busy, or the query took too long",
}
_ANNOTATION = "PromQL"
"""Begins the warnings that concern the query; other warnings mean that some data could not be read."""


class QueryRefused(Refused):
    """The server rejects the query. A retry would fail in the same way."""


@dataclass(frozen=True)
class Series:
    """One series of a result: its labels and its value, which may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float

    @property
    def known(self) -> bool:
        """Tell whether the value is a finite number that can be compared."""
        return math.isfinite(self.value)

    @property
    def name(self) -> str:
        """Return the labels as PromQL writes them: `{instance="a:1", job="cart"}`."""
        return "{" + ", ".join(f'{key}="{value}"' for key, value in sorted(self.labels.items())) + "}"


@dataclass(frozen=True)
class Answer:
    """The result of a query.

    Attributes:
        series: the series; empty if there is no data.
        warnings: the server's warnings and remarks.
        partial: some data could not be read, so the result may be wrong.
    """

    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()
    partial: bool = False


def content(status: int, location: str, body: bytes, where: str) -> Mapping[str, Any]:
    """Return the JSON document of a response.

    Args:
        status: the HTTP status.
        location: the target of a redirect; empty without one.
        body: the body as received.
        where: the server, for messages.

    Raises:
        QueryRefused: the query is wrong.
        Unanswered: everything else that is not a result.
    """
    if 300 <= status < 400:
        raise Unanswered(f"{where} redirects to {location or 'another page'}; is that a login page?")
    document = _json(body)
    said = str(document.get("error") or "") if document else ""
    if status in _WRONG_QUERY and said:
        raise QueryRefused(f"{where} refuses the query: {said}")
    if status != 200:
        raise Unanswered(f"{where} did not answer: status {status}, {said or _SAID.get(status, 'no result')}")
    if document is None or document.get("status") != "success" or "data" not in document:
        raise Unanswered(f"{where} answered with something that is not a result; is that a login page?")
    return document


def answer(document: Mapping[str, Any], where: str) -> Answer:
    """Return the result of an instant query.

    Args:
        document: the JSON document of the response.
        where: the server, for messages.

    Raises:
        QueryRefused: the query gives a range of samples or a string.
        Unanswered: the result has an unknown form.
    """
    data = document["data"]
    kind, result = (data.get("resultType"), data.get("result")) if isinstance(data, Mapping) else (None, None)
    if kind in ("matrix", "string"):
        raise QueryRefused(f"{where}: the query gives a {kind}; it must give one number, such as sum(...)")
    warnings = tuple(str(each) for each in document.get("warnings") or ())
    partial = bool(document.get("isPartial")) or any(not each.startswith(_ANNOTATION) for each in warnings)
    try:
        if kind == "vector" and any("value" not in each and "histogram" in each for each in result or ()):
            what = "a native histogram; take a number of it, such as with histogram_quantile(...)"
            raise QueryRefused(f"{where}: the query gives {what}")
        return Answer(tuple(_series(kind, result)), (*warnings, *_infos(document)), partial)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Unanswered(f"{where} answered in an unknown form: {error}") from error


def _series(kind: Any, result: Any) -> list[Series]:
    if kind == "scalar":
        return [Series({}, float(result[1]))]
    return [Series(dict(each["metric"]), float(each["value"][1])) for each in result]


def _infos(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(each) for each in document.get("infos") or ())


def _json(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None
