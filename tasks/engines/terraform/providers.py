"""Which cloud a Terraform unit works with, as far as its code says so without being run."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.engines.terraform.sources import reads

_AWS = re.compile(
    r'^\s*(provider\s+"aws"|backend\s+(= )?"s3")|"(registry\.terraform\.io/)?hashicorp/aws"', re.MULTILINE
)


def needs_aws(infrastructure: Path, source: str) -> bool:
    """Whether a unit has the AWS provider, or keeps its state in S3."""
    files = (infrastructure / path for path in reads(infrastructure, source) if path.endswith(".tf"))
    return any(names_aws(file.read_text(errors="replace")) for file in files)


def names_aws(text: str) -> bool:
    """Whether code, or what generates it, names the AWS provider or a state in S3."""
    return bool(_AWS.search(text))
