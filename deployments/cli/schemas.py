"""The JSON schemas (draft 2020-12) of what each command prints with `--json`. Data.

Within a version keys may be added. Removing or renaming a key, or changing its meaning, requires a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VERSION = 1

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_NUMBER: Schema = {"type": ["integer", "null"]}
ANYTHING: Schema = {}
ANY_OBJECT: Schema = {"type": "object"}
MAYBE_OBJECT: Schema = {"type": ["object", "null"]}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_name(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


_NOTHING = _object({})
_ORIGIN = _object(
    {
        "commit": TEXT,
        "author": TEXT,
        "subject": TEXT,
        "requested_by": TEXT,
        "at": TEXT,
        "pull_request": MAYBE_NUMBER,
    }
)
_RELEASE = {"id": TEXT, "digest": TEXT, "units": _by_name(TEXT)}
_CREATED = _object({**_RELEASE, "provenance": _ORIGIN})
_SIDE = _object({"name": TEXT, "release": MAYBE_TEXT, "origin": _ORIGIN})
_LAST_CHANGE = _object({"commit": TEXT, "author": TEXT, "at": TEXT, "subject": TEXT})
_PART = _object(
    {"name": TEXT, "pid": MAYBE_NUMBER, "healthy": YES_OR_NO, "health": ANYTHING, "log": TEXT},
    {"port": MAYBE_NUMBER, "url": TEXT, "started": YES_OR_NO},
)
_UNIT = _object({"release": TEXT, "receipt": TEXT, "smoke_passed": YES_OR_NO})
_CELL = _object(
    {
        "release": MAYBE_TEXT,
        "health": {"enum": ["good", "drifted", "not checked", "not there yet", "left behind"]},
        "drifted": NUMBER,
        "since": MAYBE_TEXT,
        "age": MAYBE_NUMBER,
    }
)
_LINK = _object({"text": TEXT, "url": TEXT})
_NOTICE = _object(
    {
        "kind": {
            "enum": [
                "damaged",
                "blocked",
                "paused",
                "interrupted",
                "waits for approval",
                "running",
                "frozen",
                "omitted",
                "rehearsal failed",
            ]
        },
        "text": TEXT,
        "links": _list(_LINK),
    }
)
_PAUSED: Schema = {
    "anyOf": [
        {"type": "null"},
        _object({"release": TEXT, "at": TEXT, "why": TEXT, "doubtful": YES_OR_NO, "until": TEXT, "subjects": TEXTS}),
    ]
}
_REHEARSED: dict[str, Schema] = {
    **dict.fromkeys(("at", "release", "release_digest", "earlier", "earlier_digest", "rehearsed_in", "why"), TEXT),
    "outcome": {"enum": ["succeeded", "failed"]},
    "units": _list(_object({"name": TEXT, "result": TEXT, "why": TEXT})),
    "told": TEXT,
}
_STATE = {
    "release": MAYBE_TEXT,
    "rejected": TEXTS,
    "claim": MAYBE_OBJECT,
    "blocked": MAYBE_TEXT,
    "paused": _PAUSED,
    "units": _by_name(_UNIT),
}
_MAYBE_MEASURED: Schema = {"type": ["number", "null"]}
_STATUS = _object(
    {"state": TEXT, "notices": _list(_NOTICE)},
    {
        **_STATE,
        "after": TEXTS,
        "there": MAYBE_TEXT,
        "subject": TEXT,
        "since": MAYBE_TEXT,
        "arriving": MAYBE_TEXT,
        "next": MAYBE_TEXT,
        "soaks_until": MAYBE_TEXT,
        "links": _list(_LINK),
        "cells": _by_name(_CELL),
        "left_behind": TEXTS,
        "damage": TEXT,
        "rehearsal": {"anyOf": [{"type": "null"}, _object(_REHEARSED)]},
    },
)
_ASKED = {
    "environment": TEXT,
    "release": TEXT,
    "digest": TEXT,
    "author": TEXT,
    "asked_by": TEXT,
    "at": TEXT,
    "expires": TEXT,
    "units": _by_name(TEXT),
    "rules": ANY_OBJECT,
    "purpose": TEXT,
    "because": TEXT,
    "approved_by": TEXTS,
    "rehearsal": TEXT,
}
_REQUEST = _object(_ASKED)
_DECIDED = _object(_ASKED, {"decided": {"enum": ["approved", "refused"]}})
_RECORDED = {
    "environment": TEXT,
    "number": NUMBER,
    "kind": TEXT,
    "version": NUMBER,
    "at": TEXT,
    "actor": TEXT,
    "run": TEXT,
    "platform": TEXT,
    "previous": TEXT,
    "digest": TEXT,
}
_ENTRY = _object({**_RECORDED, "body": ANY_OBJECT})
_ENTRY_SHOWN: Schema = {"type": "object", "required": [*_RECORDED]}
_RELEASE_SHOWN = _object(
    {**_RELEASE, "requests": _list(ANY_OBJECT), "verified_in": TEXTS, "rejected_in": TEXTS, "log": TEXT},
    {"made_without": _object({"why": TEXT, "units": _by_name(TEXTS)}), "rehearsals": _by_name(TEXT)},
)
_CHECK = _object({"subject": TEXT, "state": {"enum": ["works", "fails", "not used"]}, "found": TEXT, "todo": TEXT})
_GATE = _object({"waits": YES_OR_NO, "because": TEXT})
_COUNTS = _by_name(NUMBER)
_ADOPTED = _object({"baseline": MAYBE_OBJECT, "counts": {"anyOf": [_COUNTS, {"type": "null"}]}, "imports": TEXTS})
_CHANGE = _object(
    {
        "address": TEXT,
        "kind": TEXT,
        "action": TEXT,
        "before": MAYBE_OBJECT,
        "after": MAYBE_OBJECT,
        "because": TEXTS,
        "note": TEXT,
        "thing": TEXT,
    }
)
_PLANNED = _object(
    {
        "counts": _COUNTS,
        "reversibility": TEXT,
        "digest": TEXT,
        "changes": _list(_CHANGE),
        "outputs": _list(_CHANGE),
        "unknown": TEXTS,
        "warnings": TEXTS,
    }
)
_NOT_PLANNED = _object({"why": TEXT, "later": YES_OR_NO})
_DRIFTED = _object(
    {
        "unit": TEXT,
        "address": TEXT,
        "kind": TEXT,
        "action": TEXT,
        "told": TEXTS,
        "attributes": TEXTS,
        "expected": ANY_OBJECT,
        "found": ANY_OBJECT,
        "identity": TEXT,
        "since": TEXT,
        "new": YES_OR_NO,
        "until": TEXT,
        "reason": TEXT,
    }
)
_DRIFT_REPORT = _object(
    {
        "environment": TEXT,
        "release": TEXT,
        "at": TEXT,
        "units": TEXTS,
        "drifted": _list(_DRIFTED),
        "unanswered": _by_name(TEXT),
        "left_behind": TEXTS,
        "recovered": _list(_DRIFTED),
        "idle": _list(_object({"unit": TEXT, "address": TEXT, "reason": TEXT, "why": TEXT})),
        "remarks": _by_name(TEXTS),
    }
)
_DELIVERY = _object(
    {
        "number": NUMBER,
        "id": TEXT,
        "event": TEXT,
        "at": {"type": "number"},
        "changed": {"type": "number"},
        "state": {"enum": ["received", "dispatched", "ignored", "refused", "failed"]},
        "reason": TEXT,
        "deployment": TEXT,
        "parameters": ANY_OBJECT,
        "subject": TEXT,
        "head": TEXT,
        "moment": {"type": "number"},
        "tries": NUMBER,
        "again": NUMBER,
        "run": TEXT,
        "once": TEXT,
        "author": TEXT,
        "ended": {"type": "number"},
    }
)
_GUESS = _object({"value": TEXT, "why": TEXT})
_MAYBE_GUESS: Schema = {"anyOf": [_GUESS, {"type": "null"}]}
_GUESSED_ENVIRONMENT = _object(
    {"name": TEXT, "after": TEXT, "account": _MAYBE_GUESS, "region": _MAYBE_GUESS, "cluster": YES_OR_NO, "why": TEXT}
)
_GUESSED_UNIT = _object(
    {
        **dict.fromkeys(("name", "engine", "source", "why", "ordered", "region"), TEXT),
        **dict.fromkeys(("environments", "needs", "notes"), TEXTS),
        "options": ANY_OBJECT,
    }
)

SCHEMAS: Mapping[str, Schema] = {
    "init": _object(
        {
            "file": TEXT,
            "platform": _GUESS,
            "environments": _list(_GUESSED_ENVIRONMENT),
            "units": _list(_GUESSED_UNIT),
            "left": _list(_object({"place": TEXT, "why": TEXT})),
            "paths": TEXTS,
            "missing": TEXT,
            "differences": TEXTS,
        }
    ),
    "promote": _object(
        {
            "release": TEXT,
            "promoted_in": TEXTS,
            "environments": _by_name(_object({**_STATE, "state": TEXT})),
            "awaits": MAYBE_TEXT,
        }
    ),
    "adopt": _object(
        {
            "environment": TEXT,
            "release": TEXT,
            "adopted": _by_name(_ADOPTED),
        }
    ),
    "plan": _object(
        {
            "release": TEXT,
            "environment": TEXT,
            "gate": _GATE,
            "units": _by_name({"anyOf": [_PLANNED, _NOT_PLANNED]}),
        }
    ),
    "drift": _list(_DRIFT_REPORT),
    "reconcile": _list(_DRIFT_REPORT),
    "continue": {"anyOf": [_object({"environment": TEXT, "release": TEXT}), _REQUEST]},
    "analysis try": _object(
        {"unit": TEXT, "environment": TEXT, "tried": _list(_object({"at": TEXT, "verdict": TEXT, "why": TEXT}))}
    ),
    "report dora": _object(
        {
            "environment": TEXT,
            "days": {"type": "number"},
            "deployments": NUMBER,
            "per_day": {"type": "number"},
            "lead_time": _MAYBE_MEASURED,
            "change_fail_ratio": _MAYBE_MEASURED,
            "recovery_time": _MAYBE_MEASURED,
            "rework_ratio": _MAYBE_MEASURED,
            "commits": NUMBER,
        }
    ),
    "rollback": {"anyOf": [_object({"environment": TEXT, "release": MAYBE_TEXT}), _REQUEST]},
    "rehearse": _object({"environment": TEXT, **_REHEARSED}),
    "recover": _object({"environment": TEXT, "recovered": YES_OR_NO}),
    "resolve": _ENTRY,
    "approvals": _list(_REQUEST),
    "approve": _DECIDED,
    "refuse": _DECIDED,
    "freeze": _ENTRY,
    "thaw": _ENTRY,
    "status": _by_name(_STATUS),
    "history": _list(_ENTRY),
    "show": {"anyOf": [_RELEASE_SHOWN, _ENTRY_SHOWN]},
    "logs show": _list(ANY_OBJECT),
    "logs check": _object({"kept": NUMBER, "missing": NUMBER, "offered": NUMBER}),
    "audit": _object({"entries": _by_name(NUMBER), "heads": _by_name(TEXT), "releases": TEXTS}),
    "backup": _object({"to": TEXT, "copied": NUMBER, "there": NUMBER}),
    "diff": _object(
        {
            "units": _by_name({"type": "array", "items": MAYBE_TEXT, "minItems": 2, "maxItems": 2}),
            "made_of": _by_name(TEXTS),
            "files": TEXTS,
            "sides": _list(_SIDE),
            "changes": _by_name(_LAST_CHANGE),
        }
    ),
    "docs": _object({"folder": TEXT, "files": TEXTS, "removed": TEXTS}),
    "bootstrap": _list(_object({"name": TEXT, "done": {"enum": ["created", "corrected", "already right"]}})),
    "doctor": _object({"works": YES_OR_NO, "checks": _list(_CHECK)}),
    "release create": _CREATED,
    "release list": _list(_CREATED),
    "sandbox up": _list(_PART),
    "sandbox down": _NOTHING,
    "sandbox status": _list(_PART),
    "server up": _object({"ui": TEXT, "board": TEXT, "password": MAYBE_TEXT}),
    "server down": _NOTHING,
    "server status": _list(_PART),
    "github deliveries": _list(_DELIVERY),
    "github redeliver": _DELIVERY,
}
