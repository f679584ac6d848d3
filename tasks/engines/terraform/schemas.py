"""What `terraform providers schema -json` says of a type's attributes. Pure.

Source: Terraform's "Providers Schema Representation": an attribute with `computed` alone can only be read, one with
`optional` and `computed` is filled in by the provider where the code sets nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.engines.terraform.drift import Kind


def kinds(answer: str) -> dict[str, dict[str, Kind]]:
    """{provider: {type: its schema}}."""
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
