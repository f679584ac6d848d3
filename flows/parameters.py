"""The parameters of the flows as a form shows them: a title and a description each.

A form offers a release as "3f2a1c09d4e8 · Paint it blue". Only the first word of such a choice counts, and an empty
field counts as not set.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

NOT_CHOSEN = ""
"""The value of a required parameter whose field was left empty.

A form leaves empty fields out, and Prefect answers a missing parameter with a stack trace. So required parameters
have this default, the form still marks them as required, and the first step refuses it with a clear message.
"""


def _first_word(value: object) -> object:
    return next(iter(value.split()), NOT_CHOSEN) if isinstance(value, str) else value


def _first_word_if_any(value: object) -> object:
    return _first_word(value) or None


CHOSEN = BeforeValidator(_first_word)
"""A parameter whose value may be followed by the description that a form showed."""

CHOSEN_IF_ANY = BeforeValidator(_first_word_if_any)
"""One that may be left empty."""


def _written_if_any(value: object) -> object:
    return value if not isinstance(value, str) or value.strip() else None


WRITTEN_IF_ANY = BeforeValidator(_written_if_any)
"""A text that may be left empty; only blanks count as empty."""

_NEEDED: dict[str, Any] = {"needed": True}

ReleaseId = Annotated[
    str,
    CHOSEN,
    Field(
        title="Release",
        description="Which release: its id, or how that begins",
        json_schema_extra=_NEEDED,
    ),
]
EnvironmentName = Annotated[
    str,
    CHOSEN,
    Field(title="Environment", description="An environment of platform.yaml", json_schema_extra=_NEEDED),
]
Force = Annotated[
    bool, Field(title="Force", description="Promote even if this release was rejected here. Normally off")
]
Despite = Annotated[
    str | None,
    WRITTEN_IF_ANY,
    Field(
        title="Despite a freeze or a closed window, because",
        description="Why it cannot wait; it is recorded. Normally empty: a closed environment is not changed",
    ),
]
AcceptDrift = Annotated[
    str | None,
    WRITTEN_IF_ANY,
    Field(
        title="Go over drift, because",
        description="Why what somebody changed by hand may be lost; it is recorded. Normally empty",
    ),
]
Digest = Annotated[
    str,
    CHOSEN,
    Field(
        title="Plan set",
        description="The digest that the request shows, or its first 12 digits",
        json_schema_extra=_NEEDED,
    ),
]
Decision = Annotated[
    Literal["approve", "refuse"], Field(title="Decision", description="A refusal rejects the release there")
]
Name = Annotated[
    str,
    Field(
        title="Your name",
        description="As it stands among the approvers of the environment",
        json_schema_extra=_NEEDED,
    ),
]
Reason = Annotated[str, Field(title="Reason", description="It is recorded; a refusal needs one")]
WhyContinue = Annotated[
    str,
    Field(
        title="Continue, because",
        description="Why what was measured is good enough; it is recorded",
        json_schema_extra=_NEEDED,
    ),
]
IntoIncident = Annotated[
    str | None,
    WRITTEN_IF_ANY,
    Field(
        title="Go into an incident, because",
        description="Why it cannot wait although metrics are bad before it; it is recorded. Normally empty",
    ),
]
Fixes = Annotated[
    str | None,
    CHOSEN_IF_ANY,
    Field(title="Repairs", description="The release that this one repairs; counts as rework. Normally empty"),
]
Repair = Annotated[
    bool, Field(title="Repair", description="Also where platform.yaml does not say reconcile. Normally off")
]
UnitName = Annotated[
    str | None, CHOSEN_IF_ANY, Field(title="Unit", description="A unit of the environment; empty: all of them")
]
BackTo = Annotated[
    str | None,
    CHOSEN_IF_ANY,
    Field(title="Back to", description="A release that was verified here before; empty: the last one"),
]
RehearsedRelease = Annotated[
    str | None,
    CHOSEN_IF_ANY,
    Field(
        title="Release",
        description="The release to roll back from, to the one that is there; empty: the next one, or the one there",
    ),
]
UpTo = Annotated[
    str | None,
    CHOSEN_IF_ANY,
    Field(title="Up to", description="The last environment to promote to; empty: all of them"),
]
JobName = Annotated[
    str, CHOSEN, Field(title="Job", description="What a run has asked for; runs give it", json_schema_extra=_NEEDED)
]
RunIsOver = Annotated[
    bool,
    Field(
        title="The run is over",
        description="You know that the run which began it is over, though its machine cannot be asked. Normally off",
    ),
]
