"""The API of templates, pipelines and policies in memory, with what Elasticsearch 9 and OpenSearch 2 add to them.

After their documentation; of OpenSearch's templates and pipelines the real one is asked in tests/contract. What is
added here on purpose is what no file has: dates, versions, defaults, other notations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Asked, Said, document

_DATES = {"created_date": "2026-11-26T00:00:00Z", "modified_date": "2026-11-26T00:00:00Z", "created_date_millis": 1}
_RETRY = {"count": 3, "backoff": "exponential", "delay": "1m"}
_MISSING = {"error": {"type": "resource_not_found_exception", "reason": "not found"}, "status": 404}
_LISTS = {"_component_template": "component_template", "_index_template": "index_template"}


class SearchDouble:
    """One server. `objects` are those that there are: {(path of the API, name): body}."""

    def __init__(self, double: ApiDouble, *, opensearch: bool) -> None:
        self.opensearch = opensearch
        self.double, self.url = double, double.url
        self.objects: dict[tuple[str, str], Any] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.instead: Said | None = None
        double.answer = self._answer

    def _answer(self, asked: Asked) -> Said:
        if self.instead:
            return self.instead
        path, _, query = asked.path.partition("?")
        if path == "/":
            number = {"number": "2.19.6", "distribution": "opensearch"} if self.opensearch else {"number": "9.1.0"}
            return document({"version": number})
        if path.startswith(("/_data_stream", "/*/_settings")):
            return document({"data_streams": []} if "stream" in path else {})
        if (path.startswith("/_ilm") and self.opensearch) or (path.startswith("/_plugins") and not self.opensearch):
            return document({"error": f"no handler found for uri [{path}] and method [{asked.method}]"}, 400)
        if path == "/_index_template":
            return document({"index_templates": [self._listed(key) for key in self.objects if key[0] == path[1:]]})
        api, _, name = path[1:].rpartition("/")
        key = (api, unquote(name))
        return {"GET": self._get, "PUT": self._put, "DELETE": self._delete}[asked.method](key, asked, query)

    def _get(self, key: tuple[str, str], _: Asked, __: str) -> Said:
        if key not in self.objects:
            return document({} if key[0] == "_ingest/pipeline" else _MISSING, 404)
        if key[0] in _LISTS:
            return document({f"{_LISTS[key[0]]}s": [self._listed(key)]})
        if key[0].startswith("_plugins"):
            number = self.numbers[key]
            return document({"_id": key[1], "_seq_no": number, "_primary_term": 1, **self._policy(key)})
        added = {} if self.opensearch else _DATES
        policy = {"version": self.numbers[key], "modified_date": "2026-11-26T00:00:00Z", "in_use_by": {"indices": []}}
        return document({key[1]: {**self.objects[key], **(policy if key[0] == "_ilm/policy" else added)}})

    def _put(self, key: tuple[str, str], asked: Asked, query: str) -> Said:
        body = asked.json
        if key[0].startswith("_plugins") and key in self.objects and f"if_seq_no={self.numbers[key]}" not in query:
            said = {"type": "version_conflict_engine_exception", "reason": "document already exists"}
            return document({"error": said, "status": 409}, 409)
        of_server = {*_DATES, "policy_id", "last_updated_time", "schema_version"} & {*body, *body.get("policy", ())}
        if of_server:
            reason = f"unknown field {of_server}"
            return document({"error": {"type": "x_content_parse_exception", "reason": reason}, "status": 400}, 400)
        self.objects[key] = self._kept(key, body)
        self.numbers[key] = self.numbers.get(key, 0) + 1
        return document({"acknowledged": True})

    def _delete(self, key: tuple[str, str], _: Asked, __: str) -> Said:
        if self.objects.pop(key, None) is None:
            return document(_MISSING, 404)
        return document({"acknowledged": True})

    def _listed(self, key: tuple[str, str]) -> dict[str, Any]:
        body = dict(self.objects[key])
        if not self.opensearch:
            body |= _DATES
        if "data_stream" in body:
            streams = {"timestamp_field": {"name": "@timestamp"}}
            body["data_stream"] = streams if self.opensearch else {"hidden": False, "allow_custom_routing": False}
        return {"name": key[1], _LISTS[key[0]]: body}

    def _kept(self, key: tuple[str, str], body: Any) -> Any:
        """A body as the server keeps it."""
        if key[0] != "_ilm/policy":
            return body
        policy = json.loads(json.dumps(body["policy"]))
        for phase in policy["phases"].values():
            phase.setdefault("min_age", "0ms")
            if "delete" in phase.get("actions", {}):
                phase["actions"]["delete"].setdefault("delete_searchable_snapshot", True)
        return {"policy": policy}

    def _policy(self, key: tuple[str, str]) -> dict[str, Any]:
        """A policy of index state management as OpenSearch shows it."""
        policy = json.loads(json.dumps(self.objects[key]["policy"]))
        for state in policy.get("states", ()):
            state["actions"] = [{"retry": _RETRY, **action} for action in state.get("actions", ())]
            state.setdefault("transitions", [])
        patterns = policy.get("ism_template")
        several = [patterns] if isinstance(patterns, dict) else patterns or []
        policy["ism_template"] = [{"priority": 0, **each, "last_updated_time": 1} for each in several] or None
        return {
            "policy": {
                **policy,
                "policy_id": key[1],
                "schema_version": 21,
                "last_updated_time": 1,
                "error_notification": None,
            }
        }


@contextmanager
def serving(*, opensearch: bool) -> Iterator[SearchDouble]:
    """A server for one test."""
    with api_server.serving() as double:
        yield SearchDouble(double, opensearch=opensearch)
