"""The processes of a server by name. A module of its own: the command line lists them without loading the server."""

from __future__ import annotations

from typing import Literal, get_args

PartName = Literal["server", "registrar", "worker", "board", "metrics", "receiver"]

PARTS: tuple[PartName, ...] = get_args(PartName)
"""All processes of a server, in start order."""
