"""Names that Terraform makes up: from a prefix, or from nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from deployments.sandbox.aws_provider.values import Values

_counter = itertools.count(1)


def name_for(new: Values, kind: str = "terraform-", longest: int = 255) -> str:
    """The configured `name`, or a unique one made from `name_prefix`.

    The form is Terraform's: the prefix, the time to a tenth of a millisecond, and a counter in hex.
    """
    if new.get("name"):
        return str(new["name"])
    prefix = new.get("name_prefix") or kind
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:18]
    return f"{prefix}{stamp}{next(_counter):08x}"[:longest]
