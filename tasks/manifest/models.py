"""The models of platform.yaml with what the registered engines add: a block of options under each engine's name.

Shape, messages and JSON schema of these blocks come from the engines' own models, those of installed engines too.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import Field, ValidationError, create_model

from tasks.domain.errors import InvalidInput
from tasks.engines import ENGINES, Engine
from tasks.manifest.declared import OPTIONS_OF, DeclaredPlatform, DeclaredUnit
from tasks.manifest.notation import Slug


def unit_model() -> type[DeclaredUnit]:
    """What may be written for a unit. Raises `InvalidInput` when an engine is named like another key of units."""
    return _unit_model(tuple(ENGINES.values()))


def platform_model() -> type[DeclaredPlatform]:
    """What may be written in platform.yaml. Raises `InvalidInput` when an engine cannot be used."""
    return _platform_model(unit_model())


def option_error(engine: str) -> ValidationError | None:
    """Why a unit cannot leave out the options of its engine; None when it can."""
    try:
        ENGINES[engine].options()
    except ValidationError as error:
        return error
    return None


@cache
def _unit_model(engines: tuple[Engine, ...]) -> type[DeclaredUnit]:
    blocks: dict[str, Any] = {}
    for engine in engines:
        if engine.name in DeclaredUnit.model_fields:
            raise InvalidInput(f"engine {engine.name}: every unit has a key of that name; rename the engine")
        if not engine.options.model_fields:
            continue
        told = f"Options of {engine.name}, for a unit with that engine."
        field = Field(default=None, alias=engine.name, description=told)
        blocks[f"{OPTIONS_OF}{engine.name}"] = (engine.options | None, field)
    return create_model("DeclaredUnit", __base__=DeclaredUnit, __doc__=DeclaredUnit.__doc__, **blocks)


@cache
def _platform_model(unit: type[DeclaredUnit]) -> type[DeclaredPlatform]:
    units: Any = (dict[Slug, unit], DeclaredPlatform.model_fields["units"])  # type: ignore[valid-type]
    return create_model("DeclaredPlatform", __base__=DeclaredPlatform, __doc__=DeclaredPlatform.__doc__, units=units)
