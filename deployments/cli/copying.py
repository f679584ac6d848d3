"""The command that copies the store."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.screen import Json
from tasks import settings


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(backup)


def backup(
    to: Annotated[str, typer.Argument(help="A folder, or s3://bucket/prefix; the platform has its own part there.")],
    json: Json = False,
) -> None:
    """Copy releases and ledger to another store, or back from one.

    What is there already is not copied again. To go back, set FLOWMART_STORE to the copy and name the new store.
    """
    from tasks.ledger.copying import copy
    from tasks.ledger.opening import open_store
    from tasks.ledger.store import Store

    chosen = settings.load()
    target = Store.open(f"{to.rstrip('/')}/{chosen.platform_name}")
    done = copy(open_store(chosen), target)
    if json:
        screen.document({"to": target.address, "copied": done.copied, "there": done.there})
        return
    screen.result(f"{done.copied} objects copied to {target.address}, {done.there} were there already")
