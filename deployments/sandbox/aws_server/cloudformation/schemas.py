"""Which properties cannot be changed in place, as AWS's registry says; from the copy of it in cfn-lint.

Read from its files: importing cfn-lint takes seconds, during which the whole sandbox would wait.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@lru_cache(maxsize=128)
def recreating(kind: str, region: str) -> dict[str, str]:
    """Property -> "Always" or "Conditionally", for those whose change makes CloudFormation replace the resource."""
    schema = _schema(kind, region)
    always = {_top(path): "Always" for path in schema.get("createOnlyProperties") or ()}
    conditionally = {_top(path): "Conditionally" for path in schema.get("conditionalCreateOnlyProperties") or ()}
    return conditionally | always


def _schema(kind: str, region: str) -> dict[str, Any]:
    folder = _schemas()
    digest = json.loads((folder / "providers" / f"{region}.json").read_text())[kind]
    found: dict[str, Any] = json.loads((folder / "resources" / f"{digest}.json").read_text())
    return found


@lru_cache(maxsize=1)
def _schemas() -> Path:
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("cfn-lint is missing, which moto[server] brings")
    return Path(found.origin).parent / "data" / "schemas"


def _top(path: str) -> str:
    """ "/properties/Budget/BudgetName" -> "Budget/BudgetName"."""
    return path.removeprefix("/properties/")
