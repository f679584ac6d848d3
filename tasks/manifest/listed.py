"""Reads files beside platform.yaml that contain one list: overrides.yaml and drift.yaml.

Such a file may be missing or empty. Its entries name environments and units, which platform.yaml must know.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform
from tasks.manifest import document, explain
from tasks.manifest.mistakes import Document, Mistake, not_among, refuse

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model]) -> tuple[Document | None, list[Model]]:
    """Return the document in `path` and its entries; None and an empty list if it is missing or empty.

    Raises:
        InvalidInput: names every mistake of shape.
    """
    if not path.exists():
        other = path.with_suffix(".yml")
        if other.exists():
            raise InvalidInput(f"{path.parent.name}/{other.name}: is not read; rename it {path.name}")
        return None, []
    found = document.read(path)
    if found.data is None:
        refuse(found, found.mistakes)
        return None, []
    entries = TypeAdapter(list[model])  # type: ignore[valid-type]
    refuse(found, (*found.mistakes, *_shape(found, entries)))
    return found, entries.validate_python(found.data)


def place(platform: Platform, environment: str, unit: str) -> Iterator[Mistake]:
    """Report an unknown environment, or a unit that is not deployed there."""
    environments = [each.name for each in platform.environments]
    deployed = [each.name for each in platform.units_in(environment)]
    if environment not in environments:
        yield Mistake(("environment",), not_among(environment, "an environment", environments))
    elif unit not in deployed:
        yield Mistake(("unit",), not_among(unit, f"a unit in {environment}", deployed))


def _shape(found: Document, entries: TypeAdapter[list[Model]]) -> tuple[Mistake, ...]:
    try:
        entries.validate_python(found.data)
    except ValidationError as error:
        return explain.mistakes(error, found.data, entries.json_schema())
    return ()
