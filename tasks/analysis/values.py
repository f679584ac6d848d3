"""What a window gave, whoever was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """What a window gave.

    Attributes:
        value: None where it is not known.
        why: why it is not known, or what it is made of.
        answered: False where the server could not be asked.
        refused: whether it was asked, and said that the query is wrong.
        partial: whether a part of the data could not be read.
    """

    value: float | None
    why: str = ""
    answered: bool = True
    refused: bool = False
    partial: bool = False
