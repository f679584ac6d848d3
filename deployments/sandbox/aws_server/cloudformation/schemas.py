"""Which properties cannot be changed in place, as AWS's registry says; from the copy of it in cfn-lint."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=128)
def recreating(kind: str, region: str) -> dict[str, str]:
    """Property -> "Always" or "Conditionally", for those whose change makes CloudFormation replace the resource."""
    # 2 s of import, needed by the first change set only.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    always = {_top(path): "Always" for path in schema.get("createOnlyProperties") or ()}
    conditionally = {_top(path): "Conditionally" for path in schema.get("conditionalCreateOnlyProperties") or ()}
    return conditionally | always


def _top(path: str) -> str:
    """ "/properties/Budget/BudgetName" -> "Budget/BudgetName"."""
    return path.removeprefix("/properties/")
