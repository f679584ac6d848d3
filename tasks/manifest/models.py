"""The models of platform.yaml with what the registered engines add: a block of options under each engine's name.

Shape, messages and JSON schema of these blocks come from the engines' own models, those of installed engines too. The
block of an engine that cannot be used may hold anything: the unit's `engine` is the one mistake to report.
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
    """{engine: why no unit can have it, and what to do}."""
    taken = {name: _taken(name) for name in ENGINES if name in DeclaredUnit.model_fields}
    return {**ENGINES.unusable, **taken}


def unit_model() -> type[DeclaredUnit]:
    """What may be written for a unit."""
    keys = DeclaredUnit.model_fields
    options = dict.fromkeys(ENGINES.unusable, UnreadOptions) | {name: ENGINES.options(name) for name in ENGINES}
    return _unit_model(tuple((name, model) for name, model in options.items() if name not in keys))


def platform_model() -> type[DeclaredPlatform]:
    """What may be written in platform.yaml."""
    return _platform_model(unit_model())


def option_error(engine: str) -> ValidationError | None:
    """Why a unit cannot leave out the options of its engine; None when it can."""
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
            told = f"Options of {name}, for a unit with that engine."
            field = Field(default=None, alias=name, description=told)
            blocks[f"{OPTIONS_OF}{name}"] = (options | None, field)
    return create_model("DeclaredUnit", __base__=DeclaredUnit, __doc__=DeclaredUnit.__doc__, **blocks)


def _taken(engine: str) -> str:
    return f"engine {engine}: every unit has a key of that name; rename the engine"


@cache
def _platform_model(unit: type[DeclaredUnit]) -> type[DeclaredPlatform]:
    units: Any = (dict[Slug, unit], DeclaredPlatform.model_fields["units"])  # type: ignore[valid-type]
    return create_model("DeclaredPlatform", __base__=DeclaredPlatform, __doc__=DeclaredPlatform.__doc__, units=units)
