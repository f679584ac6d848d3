"""Cut the real provider's schema down to the types that the stand-in emulates.

    python -m deployments.sandbox.aws_provider.cut_schema FULL_DUMP

`FULL_DUMP` is a gzipped JSON file with the arguments and read-only attributes of every type of hashicorp/aws. The
result, `schema.json.gz`, keeps its "source" line, and only the names of types that are not emulated, so that the
stand-in can refuse them by name.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from deployments.sandbox.aws_provider.registry import DATA_SOURCES, RESOURCES
from deployments.sandbox.aws_provider.schema import DATA_FILE


def cut(full: dict[str, Any]) -> dict[str, Any]:
    """The part of the full dump that the stand-in needs."""
    return {
        "source": full["source"],
        "resources": {name: full["resources"][name] for name in sorted(RESOURCES)},
        "data_sources": {name: full["data_sources"][name] for name in sorted(DATA_SOURCES)},
        "known": {kind: sorted(full[kind]) for kind in ("resources", "data_sources")},
    }


def main(dump: Path) -> None:
    """Write `schema.json.gz`, reproducible byte by byte."""
    text = json.dumps(cut(json.loads(gzip.decompress(dump.read_bytes()))), sort_keys=True)
    DATA_FILE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
