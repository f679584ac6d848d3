"""Defines how single values are written in the manifest files: names, places, days, durations.

The files are platform.yaml, overrides.yaml and drift.yaml. `declared` combines these values into the shape of the
files. `explain` describes a correct value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from tasks.domain.platform import ALWAYS, WHEN_DRIFTED, WHEN_IRREVERSIBLE
from tasks.manifest.mistakes import not_among, shown

SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_-]*$"
ACCOUNT = r"^[0-9]{12}$"
REGION = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"
ROLE = r"^arn:aws[a-z-]*:iam::([0-9]{12}|\{account\}):role/[\w+=,.@{}/-]+$"
PRINCIPAL = r"^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]+)$"
REPOSITORY = r"^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$"
ADDRESS = r"^https?://[^@\s]+$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
VALUE = r"\{values\.[A-Za-z_][A-Za-z0-9_-]*\}"
TOOL_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
UNIT_ACCOUNT = rf"^([0-9]{{12}}|{VALUE})$"
UNIT_REGION = rf"^([a-z]{{2}}(-[a-z]+)+-[0-9]+|{VALUE})$"
NOT_EMPTY = r"\S"
WORK_POOL = r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$"
OUTPUT = r"^\{outputs\.[A-Za-z0-9_-]+\}$"

PATTERNS = {
    SLUG: "lowercase letters, digits and single hyphens, beginning with a letter",
    IDENTIFIER: "letters, digits, _ and -, beginning with a letter or _",
    ACCOUNT: 'the 12 digits of an AWS account, in quotes: "222222222222"',
    REGION: "an AWS region, such as eu-west-1",
    UNIT_ACCOUNT: 'the 12 digits of an AWS account, in quotes, or "{values.NAME}"',
    UNIT_REGION: 'an AWS region, such as us-east-1, or "{values.NAME}"',
    ROLE: "the ARN of a role: arn:aws:iam::{account}:role/NAME",
    PRINCIPAL: "the ARN of a principal, such as arn:aws:iam::111111111111:root",
    REPOSITORY: "a repository on GitHub: owner/name",
    ADDRESS: "an address without a name and password in it: https://prometheus.shop.example",
    TOOL_VARIABLE: "the name of an environment variable",
    DATE: "a date: YYYY-MM-DD",
    CLOCK: 'a time of day, in quotes: "09:00"',
    NOT_EMPTY: "text",
    OUTPUT: "{outputs.NAME}",
}
"""Descriptions of a correct value for each pattern."""

NEVER = "never"
CONDITIONS: tuple[str, ...] = (ALWAYS, WHEN_IRREVERSIBLE, WHEN_DRIFTED)
"""Conditions under which plans require an approval."""

DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST = 10 * 366 * 86400.0
"""The longest duration, ten years. Python has no dates a few thousand years from now."""

LONGEST_NAME = 100
"""In characters. Names become parts of the names of files, stacks and objects, which 255 characters must hold."""


def seconds(written: Any) -> float:
    """Return the seconds of "90s", "5m", "1h" or a number.

    Raises:
        PydanticCustomError: it is not a duration above 0, or is longer than ten years.
    """
    found = DURATION.fullmatch(written) if isinstance(written, str) else None
    if found:
        written = float(found[1]) * SECONDS[found[2]]
    if isinstance(written, bool | str) or not isinstance(written, int | float) or not 0 < written < math.inf:
        raise PydanticCustomError("duration", "no duration")
    if written > LONGEST:
        raise PydanticCustomError("long_duration", "too long")
    return float(written)


def wait(written: Any) -> float:
    """Return the seconds of a duration that may be 0 ("0s" or 0)."""
    return 0.0 if written in (0, "0", "0s") and not isinstance(written, bool) else seconds(written)


def one_or_several(written: Any) -> Any:
    """Return "dev" or ["dev", "staging"] as a list.

    Raises:
        PydanticCustomError: it is neither a text nor a list, or is empty.
    """
    if not isinstance(written, str | list):
        raise PydanticCustomError("names", "no names")
    if not written:
        raise PydanticCustomError("too_short", "none")
    return [written] if isinstance(written, str) else written


def conditions(written: Any) -> Any:
    """Return one condition ("when drifted") or a list of conditions as a list; "never" becomes an empty list.

    Raises:
        ValueError: a condition is unknown, or "never" is not the only one.
    """
    listed = written if isinstance(written, list) else [written]
    for each in listed:
        if each not in (NEVER, *CONDITIONS):
            raise ValueError(not_among(each, "a condition", (NEVER, *CONDITIONS)))
    if NEVER in listed and len(listed) > 1:
        raise ValueError(f"{NEVER} stands alone: leave it out, or leave the others out")
    return [each for each in listed if each != NEVER]


def gate(written: Any) -> Any:
    """Return a gate as a mapping, also if only its condition is written.

    Raises:
        ValueError: it is neither a text nor a mapping.
    """
    if isinstance(written, str):
        # "auto" and "approval" are the older words for these two conditions.
        return {"approval": {"auto": NEVER, "approval": ALWAYS}.get(written, written)}
    if not isinstance(written, Mapping | BaseModel):
        words = ", ".join((NEVER, *CONDITIONS))
        raise ValueError(
            f"{shown(written)} is not a gate: write {words}, or a mapping such as {{approval: {ALWAYS}}}"
        )
    return written


class Declared(BaseModel):
    """What may be written at one place: a key that nobody reads is a mistake; what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Slug = Annotated[str, Field(pattern=SLUG, max_length=LONGEST_NAME)]
Slugs = Annotated[
    tuple[Slug, ...],
    BeforeValidator(one_or_several, json_schema_input_type=Slug | Annotated[tuple[Slug, ...], Field(min_length=1)]),
]
Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Text = Annotated[str, Field(pattern=NOT_EMPTY)]
Day = Annotated[str, Field(pattern=DATE)]
RoleArn = Annotated[str, Field(pattern=ROLE)]
Condition = Literal["always", "when irreversible", "when drifted"]
Conditions = Annotated[
    tuple[Condition, ...],
    BeforeValidator(conditions, json_schema_input_type=Literal["never"] | Condition | list[Condition]),
]
Duration = Annotated[
    float,
    BeforeValidator(seconds),
    PlainSerializer(lambda value: f"{value:g}s"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
                {"type": "string", "pattern": f"^{DURATION.pattern}$"},
            ]
        }
    ),
]
Wait = Annotated[
    float,
    BeforeValidator(wait),
    PlainSerializer(lambda value: f"{value:g}s"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": LONGEST},
                {"type": "string", "pattern": f"^{DURATION.pattern}$"},
            ]
        }
    ),
]
