"""`flowmart docs`: writes the platform's documentation from its code and its ledger."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import environments, screen
from deployments.cli.screen import Json
from tasks import settings
from tasks.documentation import Facts, gather, write
from tasks.documentation.folder import Page
from tasks.domain import wording
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.ledger.history import History


class Format(StrEnum):
    """The supported formats of the pages."""

    MARKDOWN = "markdown"
    EVENTCATALOG = "eventcatalog"


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(docs)


def docs(
    folder: Annotated[Path, typer.Argument(help="Where the pages go. Files of others in it stay as they are.")],
    format_: Annotated[
        Format, typer.Option("--format", help="Markdown with Mermaid, or the layout of EventCatalog.")
    ] = Format.MARKDOWN,
    json: Json = False,
) -> int:
    """Write the platform's documentation from its code and its ledger. Exit code 1 when something is damaged."""
    chosen, platform = settings.load(), environments.platform()
    if platform is None:
        raise InvalidInput("docs: there is no infrastructure/platform.yaml here; run it in the platform's repository")
    facts = gather(History(chosen), platform, chosen.repository, datetime.now(UTC))
    written = write(folder, _pages(facts, format_))
    if json:
        screen.document({"folder": str(folder), **asdict(written)})
    else:
        removed = f", removed {len(written.removed)}" if written.removed else ""
        screen.result(f"wrote {wording.number(len(written.files), 'file')} to {folder}{removed}")
    if facts.damage:
        screen.error(FlowmartError("\n".join(facts.damage)))
    return 1 if facts.damage else 0


def _pages(facts: Facts, format_: Format) -> dict[str, Page]:
    if format_ is Format.EVENTCATALOG:
        from tasks.documentation import eventcatalog

        return eventcatalog.pages(facts)
    from tasks.documentation import markdown

    return markdown.pages(facts)
