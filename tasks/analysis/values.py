"""Defines the value of a window, independent of the server that it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """The value of a window.

    Attributes:
        value: None if it is unknown.
        why: why it is unknown, or what it consists of.
        answered: False if the server did not answer the query.
        refused: whether the server rejected the query as wrong.
        partial: whether a part of the data could not be read.
    """

    value: float | None
    why: str = ""
    answered: bool = True
    refused: bool = False
    partial: bool = False
