"""Parse `terraform providers schema -json`. Pure.

Source: Terraform's "Providers Schema Representation": an attribute with only `computed` is read-only. With `optional`
and `computed`, the provider fills it in if the code does not set it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.engines.terraform.drift import Kind


def kinds(answer: str) -> dict[str, dict[str, Kind]]:
    """Return {provider: {resource type: its schema}}."""
    found = json.loads(answer).get("provider_schemas", {})
    return {
        provider: {name: _kind(body["block"]) for name, body in schema.get("resource_schemas", {}).items()}
        for provider, schema in found.items()
    }


def _kind(block: Mapping[str, Any]) -> Kind:
    attributes = block.get("attributes", {})
    computed = {name for name, body in attributes.items() if body.get("computed")}
    fills = {name for name in computed if attributes[name].get("optional")}
    return Kind(frozenset(computed - fills), frozenset(fills) | frozenset(block.get("block_types", {})))
