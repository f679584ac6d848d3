"""Generates names as Terraform does, with or without a prefix."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from deployments.sandbox.aws_provider.values import Values

_counter = itertools.count(1)


def name_for(new: Values, kind: str = "terraform-", longest: int = 255) -> str:
    """Return the configured `name`, or a unique one with the prefix `name_prefix`.

    The format is Terraform's: the prefix, the time to a tenth of a millisecond, and a counter in hexadecimal.

    Args:
        new: the planned values.
        kind: the prefix if the configuration has none.
        longest: the maximum length; a generated name is cut there.
    """
    if new.get("name"):
        return str(new["name"])
    prefix = new.get("name_prefix") or kind
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:18]
    return f"{prefix}{stamp}{next(_counter):08x}"[:longest]
