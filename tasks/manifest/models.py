"""Extends the models of platform.yaml with a block of options for each registered engine, under its name.

The shape, messages and JSON schema of these blocks come from the engines' own models, including those of installed
engines. The block of an engine that cannot be used may contain anything: only the unit's `engine` is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, create_model

from tasks.engines import ENGINES, Options
from tasks.manifest.declared.platform import DeclaredPlatform
from tasks.manifest.declared.units import OPTIONS_OF, DeclaredUnit
from tasks.manifest.notation import Slug


class UnreadOptions(Options):
    """The options of an engine that cannot be used."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


def unusable_engines() -> Mapping[str, str]:
    """Return {engine: why no unit can use it, and what to do}."""
    taken = {name: _taken(name) for name in ENGINES if name in DeclaredUnit.model_fields}
    return {**ENGINES.unusable, **taken}


def unit_model() -> type[DeclaredUnit]:
    """Return the model of a unit."""
    keys = DeclaredUnit.model_fields
    options = dict.fromkeys(ENGINES.unusable, UnreadOptions) | {name: ENGINES.options(name) for name in ENGINES}
    return _unit_model(tuple((name, model) for name, model in options.items() if name not in keys))


def platform_model() -> type[DeclaredPlatform]:
    """Return the model of platform.yaml."""
    return _platform_model(unit_model())


def option_error(engine: str) -> ValidationError | None:
    """Return why a unit must have options of its engine; None if it can leave them out."""
    try:
        ENGINES.options(engine)()
    except ValidationError as error:
        return error
    return None


@cache
def _unit_model(engines: tuple[tuple[str, type[Options]], ...]) -> type[DeclaredUnit]:
    blocks: dict[str, Any] = {}
    for name, options in engines:
        if options.model_fields or options is UnreadOptions:
            description = f"Options of {name}, for a unit with that engine."
            field = Field(default=None, alias=name, description=description)
            blocks[f"{OPTIONS_OF}{name}"] = (options | None, field)
    return create_model("DeclaredUnit", __base__=DeclaredUnit, __doc__=DeclaredUnit.__doc__, **blocks)


def _taken(engine: str) -> str:
    return f"engine {engine}: every unit has a key of that name; rename the engine"


@cache
def _platform_model(unit: type[DeclaredUnit]) -> type[DeclaredPlatform]:
    units: Any = (dict[Slug, unit], DeclaredPlatform.model_fields["units"])  # type: ignore[valid-type]
    return create_model("DeclaredPlatform", __base__=DeclaredPlatform, __doc__=DeclaredPlatform.__doc__, units=units)
