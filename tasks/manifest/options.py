"""Defines the options of smoke checks as written in platform.yaml, next to the keys that every check has.

An option that clashes with one of these keys is written under the name of its kind. A check of kind `output` has an
option `name`, so it is written `output: NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from tasks.checks.options import OPTIONS
from tasks.manifest.declared.units import DeclaredCheck


def fields(kind: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `written` options under the names that the checks use."""
    known_as = {about.alias: field for field, about in WRITTEN[kind].model_fields.items() if about.alias}
    return {known_as.get(key, key): value for key, value in written.items()}


def _as_written(kind: str, model: type[BaseModel]) -> type[BaseModel]:
    clashing: dict[str, Any] = {
        field: (Annotated[about.annotation, *about.metadata], Field(alias=kind, description=about.description))
        for field, about in model.model_fields.items()
        if _clashes(field)
    }
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **clashing) if clashing else model


def _clashes(field: str) -> bool:
    return field in DeclaredCheck.model_fields


WRITTEN: Mapping[str, type[BaseModel]] = {kind: _as_written(kind, model) for kind, model in OPTIONS.items()}
"""The kinds of smoke checks, each with the model of its options as written."""
