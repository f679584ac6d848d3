"""Extract the definitions that the sandbox cluster serves from Kubernetes' published OpenAPI definitions.

Developers run this when the version changes; the product never does:

    python -m deployments.sandbox.kubernetes.schema.cut _definitions.json

The file comes from the package `kubernetes-validate` (Apache-2.0), which carries the definitions of each Kubernetes
release as JSON Schema: `kubernetes_validate/kubernetes-json-schema/v1.34.0-local/_definitions.json`. They hold, for
every field, its type, its strategic-merge key and strategy, and the list and map types of server-side apply.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from deployments.sandbox.kubernetes.resources import BUILT_IN
from deployments.sandbox.kubernetes.schema.types import references

CUT = Path(__file__).with_name("definitions.json.gz")

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_ALSO = (
    f"{_META}ObjectMeta",
    f"{_META}DeleteOptions",
    f"{_META}ListMeta",
    f"{_META}Status",
    "io.k8s.api.autoscaling.v1.Scale",
)
_LONGEST_DESCRIPTION = 160


def cut(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions of every built-in kind and of all that they refer to, with short descriptions."""
    wanted = [resource.definition for resource in BUILT_IN if resource.definition] + list(_ALSO)
    kept: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = _plain(definitions[name])
            wanted.extend(references(kept[name]))
    return dict(sorted(kept.items()))


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _value(key, value) for key, value in schema.items() if key != "oneOf"} | _either(schema)


def _value(key: str, value: Any) -> Any:
    if key == "properties":
        # Keys here are names of fields, and some of them are also keywords of JSON Schema.
        return {name: _plain(schema) for name, schema in value.items()}
    if key == "type" and isinstance(value, list):
        return next(name for name in value if name != "null")
    if key == "$ref" and isinstance(value, str):
        return value.rsplit("/", 1)[-1]
    if key == "description" and isinstance(value, str):
        return value.split(". ")[0][:_LONGEST_DESCRIPTION]
    return _plain(value)


def _either(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace the choice of two types that stands for IntOrString and Quantity."""
    choices = {name for choice in schema.get("oneOf", ()) for name in choice.get("type", ()) if name != "null"}
    if not choices:
        return {}
    return {"type": "string", "format": "int-or-string" if "integer" in choices else "quantity"}


def main() -> None:
    """Read the definitions named on the command line, and write the extract beside this file."""
    definitions = json.loads(Path(sys.argv[1]).read_text())["$defs"]
    text = json.dumps(cut(definitions), separators=(",", ":"), sort_keys=True)
    CUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
