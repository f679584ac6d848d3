"""Converts an event to an ECS document of at most 16 KiB. Pure.

Values use ECS's fields if there are any; everything else is below `flowmart`, and never at the root. Everything is
masked before its id is computed, so secrets never reach a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks import masking
from tasks.logs import actions

ECS = "9.4.0"

_TEXTS = ("what", "entry", "receipt", "verb", "delivery", "github_event", "flow_run", "stack")

LONGEST = 16 * 1024
"""Maximum bytes of a line. Shippers cut longer ones, which breaks the JSON."""

READ = 32 * 1024
"""Maximum characters of an event that are processed; more would not fit into a line, and would only take time."""

CUT = "… (cut)"
_PIECES = (8192, 4096, 2048, 1024, 512, 256, 64)
"""Maximum lengths of texts, tried in this order until a line is short enough."""

_LABELS = ("platform", "environment", "unit", "engine", "release", "purpose")
_DATASETS = {"flowmart.drift": "drift", "flowmart.github": "receiver", "flowmart.server": "server"}
_OWN = {*_LABELS, "event", "level", "logger", "timestamp", "run", "root_run", "task_run", "claim", "actor", "seconds"}
_OWN |= {"error", "outcome", "why", "account", "region", "cluster", "namespace", "counts", "exception", "sequence"}

_PLACES = {*_LABELS, "level", "logger", "timestamp", "run", "root_run", "task_run", "claim", "account", "region"}
_PLACES |= {"cluster", "namespace", "sequence", "seconds", "counts", "outcome", "entry", "receipt"}
"""Keys whose values are never masked: names and numbers of the product, which may equal a secret by chance."""


def masked(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event with its secrets masked."""
    left = [READ]
    return {
        key: value if key in _PLACES else masking.masked(_begun(value, left), key) for key, value in event.items()
    }


def document(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an event.

    Args:
        event: its name (`event`), `timestamp` (ISO 8601), `level` and `logger`; its context: `environment`, `unit`,
            `release`, `run`, `claim` and others; and its other values.
    """
    found = masked({key: value for key, value in event.items() if value not in (None, "")})
    name = actions.action(str(found["event"]))
    dataset = dataset_of(found.get("logger", ""), found)
    made = {
        "@timestamp": found["timestamp"],
        "ecs": {"version": ECS},
        "message": _message(found),
        "log": {"level": found.get("level", "info"), "logger": found.get("logger", "flowmart")},
        "event": _event(name, found, dataset),
        "data_stream": {"type": "logs", "dataset": dataset, "namespace": _namespace(found)},
        "error": _error(found),
        "trace": {"id": _id(found.get("run"))},
        "transaction": {"id": found.get("claim")},
        "span": {"id": _id(found.get("task_run"))},
        "labels": {key: str(found[key]) for key in _LABELS if key in found},
        "user": {"name": found.get("actor")},
        "cloud": _cloud(found),
        "orchestrator": _orchestrator(found),
        "flowmart": _rest(found),
    }
    return {key: value for key, value in ((key, _without_nothing(value)) for key, value in made.items()) if value}


def line(made: Mapping[str, Any]) -> bytes:
    """Encode a document as a line, with its digest as `event.id`; texts are cut if it would be too long."""
    encoded = _encoded(made)
    for piece in _PIECES:
        if len(encoded) <= LONGEST:
            break
        encoded = _encoded(_cut(made, piece))
    if len(encoded) > LONGEST:
        kept = {key: value for key, value in made.items() if key != "flowmart"}
        encoded = _encoded({**_cut(kept, 64), "flowmart": {"cut": True}})
    return encoded


def dataset_of(logger: str, event: Mapping[str, Any]) -> str:
    """Return the dataset of an event: `flowmart.run` for runs and commands."""
    if "entry" in event and logger == "flowmart.ledger":
        return "flowmart.ledger"
    return f"flowmart.{_DATASETS.get(logger, 'run')}"


def _namespace(event: Mapping[str, Any]) -> str:
    """Return the environment, so that each can have its own retention; a namespace must not contain hyphens."""
    return re.sub(r"[^a-z0-9_]", "_", str(event.get("environment", "default")).lower())[:100]


def trace_id(run: str) -> str:
    """Return the `trace.id` of a run: its id as 32 hexadecimal digits."""
    return run.replace("-", "").lower()


def _encoded(made: Mapping[str, Any]) -> bytes:
    text = _json(made)
    identity = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
    event = {"id": identity, **made["event"]}
    return _json({**made, "event": event}).encode("utf-8", "replace") + b"\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _cut(value: Any, longest: int) -> Any:
    """Cut texts to `longest` characters and lists to as many items, with a mark where something was cut."""
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}{CUT}"
    if isinstance(value, list):
        return [*(_cut(item, longest) for item in value[:longest]), *([CUT] if len(value) > longest else [])]
    if isinstance(value, Mapping):
        return {key: _cut(item, longest) for key, item in [*value.items()][:longest]}
    return value


def _begun(value: Any, left: list[int]) -> Any:
    """Return as much of `value` as fits into the characters `left`, with a mark where it was cut."""
    if isinstance(value, Mapping):
        return {key: _begun(item, left) for key, item in value.items() if left[0] > 0}
    if isinstance(value, list | tuple | set | frozenset):
        return [_begun(item, left) for item in value if left[0] > 0]
    text = value if value is None or isinstance(value, bool | int | float) else str(value)
    if isinstance(text, str) and len(text) > left[0]:
        text = f"{text[: max(left[0], 0)]}{CUT}"
    left[0] -= len(str(text)) + 8
    return text


def _message(event: Mapping[str, Any]) -> str:
    particulars = event.get("what") or event.get("why")
    return f"{event['event']}: {particulars}" if particulars else str(event["event"])


def _event(name: str, event: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    kind = actions.kind(name)
    seconds = event.get("seconds")
    counts = event.get("counts")
    return {
        "kind": "event",
        "category": [kind.category],
        "type": [actions.types(name, counts if isinstance(counts, dict) else {})],
        "action": name,
        "outcome": actions.outcome(event.get("outcome")) or kind.outcome,
        "reason": event.get("why"),
        "duration": int(seconds * 1e9) if isinstance(seconds, int | float) else None,
        "dataset": dataset,
        "sequence": event.get("sequence"),
    }


def _error(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return ECS's error fields; `error` is (type, message, stack) for an exception."""
    error = event.get("error")
    if isinstance(error, list) and len(error) == 3:
        return {"type": error[0], "message": error[1], "stack_trace": error[2]}
    return {"message": error} if error else {}


def _cloud(event: Mapping[str, Any]) -> dict[str, Any]:
    if not event.get("account"):
        return {}
    return {"provider": "aws", "account": {"id": str(event["account"])}, "region": event.get("region")}


def _orchestrator(event: Mapping[str, Any]) -> dict[str, Any]:
    if not event.get("cluster"):
        return {}
    return {"type": "kubernetes", "cluster": {"name": event["cluster"]}, "namespace": event.get("namespace")}


def _id(run: object) -> str | None:
    return trace_id(str(run)) if run else None


def _rest(event: Mapping[str, Any]) -> dict[str, Any]:
    root = {"root_run": _id(event["root_run"])} if "root_run" in event else {}
    counts = {"counts": event["counts"]} if isinstance(event.get("counts"), dict) else {}
    rest = {key: value for key, value in event.items() if key not in _OWN and key[0] != "_"}
    # The index has one type for each of these fields; it stores other fields without an index.
    texts = {key: str(rest[key]) for key in _TEXTS if key in rest}
    return rest | texts | root | counts


def _without_nothing(value: Any) -> Any:
    return dict(_known(value)) if isinstance(value, Mapping) else value


def _known(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        inner = _without_nothing(item)
        if inner not in (None, "", {}):
            yield key, inner
