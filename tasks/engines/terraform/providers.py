"""Tell whether a terraform unit works with AWS, from its code alone."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.engines.terraform import code
from tasks.engines.terraform.code import ENDINGS, Block
from tasks.engines.terraform.sources import reads

_PROVIDER = "hashicorp/aws"
_KINDS = ("provider", "terraform")
_AWS = re.compile(
    r'^\s*(provider\s+"aws"|backend\s+(= )?"s3")|"(registry\.terraform\.io/)?hashicorp/aws"', re.MULTILINE
)


def needs_aws(infrastructure: Path, source: str) -> bool:
    """Tell whether a unit has the AWS provider or keeps its state in S3. Reads HCL and JSON."""
    files = (infrastructure / path for path in reads(infrastructure, source) if path.endswith(ENDINGS))
    blocks = (block for folder in {file.parent for file in files} for block in code.readable_blocks(folder, *_KINDS))
    return any(_is_aws(block) for block in blocks)


def names_aws(text: str) -> bool:
    """Tell whether code, or a text that generates code, names the AWS provider or a state in S3."""
    return bool(_AWS.search(text))


def _is_aws(block: Block) -> bool:
    if block.kind == "provider":
        return block.name == "aws"
    required = (entry for inner in block.inner("required_providers") for entry in inner.body.values())
    sources = (str(entry.get("source", "")) for entry in required if isinstance(entry, dict))
    stores = (backend.name for backend in block.inner("backend"))
    return any(source.endswith(_PROVIDER) for source in sources) or "s3" in stores
