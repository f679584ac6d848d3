"""`flowmart init`: a first platform.yaml for a repository that has none."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from deployments.cli import screen
from deployments.cli.screen import Json
from deployments.start.guesses import guess
from deployments.start.text import platform_yaml
from tasks import manifest, settings
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.domain.platform import Platform


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command("init")(initialize)


def initialize(json: Json = False) -> None:
    """Write a first infrastructure/platform.yaml from the code that is there. Never overwrites one."""
    infrastructure = settings.load().repository / "infrastructure"
    file = infrastructure / "platform.yaml"
    if file.exists():
        raise InvalidInput(f"{file}: is there already and was left as it is; move it away to start again")
    guessed = guess(infrastructure.parent)
    try:
        with file.open("x") as opened:
            opened.write(platform_yaml(guessed))
        platform = manifest.load(infrastructure)
    except FlowmartError as error:
        file.unlink()
        raise InvalidInput(f"no platform.yaml was written: what was guessed is not right: {error}") from error
    missing = _missing(infrastructure, platform)
    if json:
        screen.document({"file": str(file), **asdict(guessed), "missing": missing})
        return
    screen.result(f"{file}: {len(guessed.units)} units in {len(guessed.environments)} environments")
    for each in guessed.left:
        screen.result(f"not taken: {each.place}: {each.why}")
    if missing:
        screen.result(f"before the first release: {missing}")
    screen.say("Check the guesses in it, commit, then: flowmart doctor; flowmart plan ENVIRONMENT")


def _missing(infrastructure: Path, platform: Platform) -> str:
    """What units take that nobody can guess; empty when nothing is missing."""
    try:
        manifest.refuse_miswired(infrastructure, platform)
    except InvalidInput as error:
        return str(error)
    return ""
