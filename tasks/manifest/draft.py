"""Parses as much of platform.yaml as is valid, so that one mistake does not hide others from the rules.

An entry with a wrong shape is left out, but its name stays known: units that need it are not reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tasks.domain.platform import Environment
from tasks.manifest import explain, paths, terragrunt
from tasks.manifest.declared.environments import DeclaredEnvironment
from tasks.manifest.declared.logging import DeclaredLogging
from tasks.manifest.declared.monitoring import DeclaredMonitoring
from tasks.manifest.declared.platform import DeclaredPlatform
from tasks.manifest.declared.units import DeclaredUnit
from tasks.manifest.mistakes import Document, Mistake
from tasks.manifest.models import platform_model, unit_model
from tasks.manifest.schema import platform_schema

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Draft:
    """The entries with a correct shape, and the names of all entries. `folder` contains the sources.

    `platform` is the platform's name, or empty if it is not a text. `paths` lists what is released besides
    infrastructure/. `is_open` means that some units are not known here.
    """

    folder: Path
    platform: str
    environments: Mapping[str, DeclaredEnvironment]
    units: Mapping[str, DeclaredUnit]
    environment_names: tuple[str, ...]
    unit_names: tuple[str, ...]
    monitoring: DeclaredMonitoring | None = None
    logging: DeclaredLogging | None = None
    is_open: bool = False
    paths: tuple[str, ...] = ()
    filled: dict[str, Environment] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A cache for `environments.filled`, because every unit reads each of its environments."""


def draft(folder: Path, document: Document) -> Draft:
    """Return the part of `document` that has a correct shape."""
    environments, units = _entries(document, "environments"), _entries(document, "units")
    return Draft(
        folder=folder,
        platform=_name(document),
        environments=_well_formed(DeclaredEnvironment, environments),
        units=_well_formed(unit_model(), units),
        environment_names=tuple(environments),
        unit_names=tuple(units),
        monitoring=_of_all(DeclaredMonitoring, document, "monitoring"),
        logging=_of_all(DeclaredLogging, document, "logging"),
        is_open=terragrunt.is_open(folder, document),
        paths=paths.declared(document.data),
    )


def mistakes(document: Document) -> tuple[Mistake, ...]:
    """Report the mistakes in the shape of `document`."""
    none = _without_units(document)
    try:
        platform_model().model_validate(document.data)
    except ValidationError as error:
        return (*none, *explain.mistakes(error, document.data, platform_schema()))
    return none


def _without_units(document: Document) -> tuple[Mistake, ...]:
    """Report that there are no units, unless a Terragrunt repository contains them."""
    if document.data.get("terragrunt") is not None or document.data.get("units", {}) != {}:
        return ()
    message = "must not be empty" if "units" in document.data else f"is missing. {_UNITS}"
    return (Mistake(("units",), message),)


_UNITS = DeclaredPlatform.model_fields["units"].description


def _name(document: Document) -> str:
    found = document.data.get("platform") if isinstance(document.data, Mapping) else None
    return found if isinstance(found, str) else ""


def _of_all(model: type[Model], document: Document, key: str) -> Model | None:
    """Return the platform's settings for all its environments under a key."""
    written = document.data.get(key) if isinstance(document.data, Mapping) else None
    return _well_formed(model, {"": written}).get("")


def _entries(document: Document, key: str) -> Mapping[str, Any]:
    found = document.data.get(key) if isinstance(document.data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _well_formed(model: type[Model], entries: Mapping[str, Any]) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for name, entry in entries.items():
        try:
            found[name] = model.model_validate(entry)
        except ValidationError:
            continue
    return found
