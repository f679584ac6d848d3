"""Validates smoke checks: their names, their kinds, and the options of each kind.

The models of the checks validate the options, with their values in one environment. The unit's outputs are not known
yet, so `{outputs.NAME}` stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.manifest import explain, placeholders, sources
from tasks.manifest.declared.units import DeclaredCheck
from tasks.manifest.mistakes import Mistake, not_among
from tasks.manifest.options import WRITTEN
from tasks.manifest.schema import Schema, option_schemas


def names(checks: Sequence[DeclaredCheck]) -> Iterator[Mistake]:
    """Report checks of one unit that have the same name."""
    used = [check.name for check in checks]
    for place, name in enumerate(used):
        if name in used[:place]:
            yield Mistake(("checks", place, "name"), f"another check of this unit is called {name!r} already")


def mistakes(check: DeclaredCheck) -> Iterator[Mistake]:
    """Report mistakes that occur in every environment: an unknown kind, or a pause longer than the time limit."""
    if check.kind not in WRITTEN:
        yield Mistake(("kind",), not_among(check.kind, "a kind of check", WRITTEN))
    if check.every > check.within:
        message = f"{check.every:g}s is longer than within ({check.within:g}s): it would be asked only once"
        yield Mistake(("every",), message)


def option_mistakes(check: DeclaredCheck, scope: Mapping[str, Any], folder: Path) -> Iterator[Mistake]:
    """Report the mistakes in the options, given the environment's values. `folder` contains the programs."""
    if check.kind not in WRITTEN:
        return
    unfilled = tuple(placeholders.mistakes(check.options, scope, outputs=True))
    yield from unfilled
    options = placeholders.fill(check.options, scope)
    known = {mistake.key for mistake in unfilled}
    invalid = _invalid(check.kind, options) or _no_program(check.kind, options, folder)
    yield from (mistake for mistake in invalid if mistake.key not in known)


def _invalid(kind: str, options: Mapping[str, Any]) -> tuple[Mistake, ...]:
    try:
        WRITTEN[kind].model_validate(options)
    except ValidationError as error:
        return explain.mistakes(error, options, _schema(kind, options))
    return ()


def _no_program(kind: str, options: Mapping[str, Any], folder: Path) -> tuple[Mistake, ...]:
    fault = sources.program_fault(folder, options["path"]) if kind == "script" else ""
    return (Mistake(("path",), fault),) if fault else ()


def _schema(kind: str, options: Mapping[str, Any]) -> Schema:
    """Return the variant of the kind that the options match, or else a schema of the keys that choose a variant."""
    schemas = option_schemas(kind)
    meant = [schema for schema in schemas if _constants(schema).items() <= options.items()]
    if meant:
        return meant[0]
    choices = {key: [_constants(schema)[key] for schema in schemas] for key in _constants(schemas[0])}
    return {"properties": {key: {"enum": values} for key, values in choices.items()}}


def _constants(schema: Schema) -> dict[str, Any]:
    return {key: part["const"] for key, part in schema["properties"].items() if "const" in part}
