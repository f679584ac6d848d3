"""Lists the indexed fields of the log, from the product's mappings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.reports.artifacts import table

_MAPPINGS = (
    Path(__file__).parents[2] / "infrastructure/elasticsearch/logs/component-templates/flowmart-logs-mappings.json"
)

_INTRODUCTION = """# Fields of the log

The fields of FlowMart's own log that are indexed, with their types in Elasticsearch and OpenSearch.
[Logging](../logging.md#fields) says what they hold. Other fields are kept in the document and cannot be searched."""


def page() -> str:
    """Return the page as Markdown."""
    found = json.loads(_MAPPINGS.read_text())["template"]["mappings"]["properties"]
    return f"{_INTRODUCTION}\n\n" + table(
        ("field", "type"), [(f"`{name}`", kind) for name, kind in sorted(_all(found))]
    )


def _all(properties: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from _all(field["properties"], f"{above}{name}.")
        else:
            yield f"{above}{name}", field["type"]
