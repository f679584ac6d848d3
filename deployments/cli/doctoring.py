"""`flowmart doctor`: shows what works here, what does not, and what to do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from deployments import diagnosis
from deployments.cli import screen
from deployments.cli.exit_codes import DONE, REJECTED
from deployments.cli.screen import Json
from tasks import settings

_SIGNS = {"works": "ok", "fails": "FAILS", "not used": "-"}


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(doctor)


def doctor(json: Json = False) -> int:
    """Check tools, credentials, store, server and GitHub. Changes nothing. Exit code 1 when something fails."""
    found = []
    for check in diagnosis.diagnose(settings.load()):
        found.append(check)
        if not json:
            screen.result(f"{_SIGNS[check.state]:6}{check.subject}: {check.found}")
            if check.todo:
                screen.result(f"      to do: {check.todo}")
    failing = [check for check in found if check.state == "fails"]
    if json:
        screen.document({"works": not failing, "checks": [asdict(check) for check in found]})
    elif failing:
        screen.result(f"{len(failing)} of {len(found)} checks fail")
    else:
        screen.result("everything works")
    return REJECTED if failing else DONE
