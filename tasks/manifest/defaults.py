"""Applies the block `terraform` at the top of platform.yaml: default options of all Terraform units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from tasks.manifest.declared.terraform import DeclaredTerraform
from tasks.manifest.mistakes import Document

BLOCK = "terraform"


def expanded(document: Document) -> Document:
    """Return the document with the default options in each Terraform unit.

    If the block is wrong, the document is unchanged, so that the mistake is reported only once.
    """
    written, units = document.data.get(BLOCK), document.data.get("units")
    if not _is_right(written) or not isinstance(units, Mapping):
        return document
    filled = {name: _filled(unit, written) for name, unit in units.items()}
    return replace(document, data={**document.data, "units": filled})


def _is_right(written: Any) -> bool:
    try:
        DeclaredTerraform.model_validate(written)
    except ValidationError:
        return False
    return True


def _filled(unit: Any, written: Mapping[str, Any]) -> Any:
    if not isinstance(unit, Mapping) or unit.get("engine") != BLOCK:
        return unit
    own = unit.get(BLOCK)
    if not isinstance(own, Mapping | None):
        return unit
    return {**unit, BLOCK: {**written, **(own or {})}}
