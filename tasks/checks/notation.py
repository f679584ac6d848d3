"""Defines the types of single values in the options of smoke checks: texts, numbers, percentages, references.

Numbers accept a reference such as `{outputs.port}`, because the manifest is read before the unit has outputs.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_PERCENT = re.compile(r"(-?\d+(?:\.\d+)?)%")


def percentage(written: Any) -> Any:
    """Return 0.01 for "1%", and anything else as it is."""
    found = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    return float(found[1]) / 100 if found else written


Text = Annotated[str, StringConstraints(min_length=1)]
Reference = Annotated[str, StringConstraints(pattern=r"^\{outputs\.[A-Za-z0-9_-]+\}$")]
Count = Annotated[int, Field(ge=0)] | Reference
Port = Annotated[int, Field(ge=1, le=65535)] | Reference
Status = Annotated[int, Field(ge=100, le=599)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Limit = Annotated[float, BeforeValidator(percentage, json_schema_input_type=float | str)] | Reference


class CheckOptions(BaseModel):
    """The options of one check: immutable, and unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
