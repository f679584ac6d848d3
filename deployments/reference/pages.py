"""Combines all pages of the reference, by file name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deployments.reference import events, exit_codes, keys, log_fields, metrics, permissions, settings

_MADE = "<!-- Written by `python -m deployments.reference`; change the code instead. -->"

PAGES: Mapping[str, Callable[[], str]] = {
    "platform-keys.md": keys.page,
    "settings.md": settings.page,
    "exit-codes.md": exit_codes.page,
    "events.md": events.page,
    "metrics.md": metrics.page,
    "log-fields.md": log_fields.page,
    "permissions.md": permissions.page,
}
"""{file name: the function that returns its text}."""


def pages() -> dict[str, str]:
    """Return {file name: text}."""
    return {name: f"{_MADE}\n\n{page()}\n" for name, page in PAGES.items()}
