"""Lists the exit codes of `flowmart`."""

from __future__ import annotations

from deployments.cli.exit_codes import MEANINGS
from tasks.reports.artifacts import table


def page() -> str:
    """Return the page as Markdown."""
    return "# Exit codes\n\n" + table(("code", "meaning"), [(str(code), text) for code, text in MEANINGS.items()])
