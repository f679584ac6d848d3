"""What the reading commands print with `--json`: a JSON schema for each, and `flowmart schema` that prints it.

Within a version keys may be added; one that is removed, renamed or gets another meaning makes a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from deployments.cli import screen
from tasks.domain.errors import NotFound

VERSION = 1

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
ANYTHING: Schema = {}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_name(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


_ORIGIN = _object(
    {
        "commit": TEXT,
        "author": TEXT,
        "subject": TEXT,
        "requested_by": TEXT,
        "at": TEXT,
        "pull_request": {"type": ["integer", "null"]},
    }
)
_UNIT = _object({"release": TEXT, "receipt": TEXT, "smoke_passed": YES_OR_NO})
_RELEASE = {"id": TEXT, "digest": TEXT, "units": _by_name(TEXT)}
_SIDE = _object({"name": TEXT, "release": MAYBE_TEXT, "origin": _ORIGIN})
_LAST_CHANGE = _object({"commit": TEXT, "author": TEXT, "at": TEXT, "subject": TEXT})
_PART = _object(
    {"name": TEXT, "pid": {"type": ["integer", "null"]}, "healthy": YES_OR_NO, "health": ANYTHING, "log": TEXT}
)
_STATUS = _object(
    {"state": TEXT},
    {
        "release": MAYBE_TEXT,
        "rejected": TEXTS,
        "claim": {"type": ["object", "null"]},
        "blocked": MAYBE_TEXT,
        "units": _by_name(_UNIT),
        "after": TEXTS,
        "since": MAYBE_TEXT,
        "next": MAYBE_TEXT,
        "soaks_until": MAYBE_TEXT,
        "left_behind": TEXTS,
        "damage": TEXT,
    },
)
_REQUEST = _object(
    {
        "environment": TEXT,
        "release": TEXT,
        "digest": TEXT,
        "author": TEXT,
        "asked_by": TEXT,
        "at": TEXT,
        "expires": TEXT,
        "units": _by_name(TEXT),
        "rules": {"type": "object"},
        "purpose": TEXT,
        "because": TEXT,
        "approved_by": TEXTS,
    }
)
_ENTRY = _object({"environment": TEXT, "number": NUMBER, "kind": TEXT, "at": TEXT, "actor": TEXT, "digest": TEXT})
_CHECK = _object({"subject": TEXT, "state": {"enum": ["works", "fails", "not used"]}, "found": TEXT, "todo": TEXT})
_GATE = _object({"waits": YES_OR_NO, "because": TEXT})

SCHEMAS: Mapping[str, Schema] = {
    "status": _by_name(_STATUS),
    "approvals": _list(_REQUEST),
    "history": _list(_ENTRY),
    "show": {"type": "object"},
    "diff": _object(
        {
            "units": _by_name({"type": "array", "items": MAYBE_TEXT, "minItems": 2, "maxItems": 2}),
            "files": TEXTS,
            "sides": _list(_SIDE),
            "changes": _by_name(_LAST_CHANGE),
        }
    ),
    "release list": _list(_object({**_RELEASE, "provenance": _ORIGIN})),
    "audit": _object({"entries": _by_name(NUMBER), "heads": _by_name(TEXT), "releases": TEXTS}),
    "plan": _object({"release": TEXT, "environment": TEXT, "gate": _GATE, "units": _by_name({"type": "object"})}),
    "drift": _list(_object({"environment": TEXT, "release": TEXT})),
    "doctor": _object({"works": YES_OR_NO, "checks": _list(_CHECK)}),
    "server status": _list(_PART),
    "sandbox status": _list(_PART),
    "github deliveries": _list(_object({"id": TEXT, "event": TEXT, "state": TEXT})),
}


def schema(command: str) -> Schema:
    """The JSON schema (draft 2020-12) of what a command prints with `--json`; `NotFound` names all commands."""
    if command not in SCHEMAS:
        raise NotFound(f"schema {command}: there are {', '.join(SCHEMAS)}")
    identity = f"flowmart/output/{VERSION}/{command.replace(' ', '-')}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **SCHEMAS[command]}


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command("schema")(show_schema)


def show_schema(
    command: Annotated[list[str], typer.Argument(help="A command that prints JSON, such as status or release list.")],
) -> None:
    """Print the JSON schema of what a command prints with --json."""
    screen.document(schema(" ".join(command)))
