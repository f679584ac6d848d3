"""`flowmart init`: writes a first platform.yaml, or reports what is missing from an existing one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from deployments.cli import screen
from deployments.cli.screen import Json
from deployments.start import differences
from deployments.start.differences import Differences
from deployments.start.guessed import Guessed, GuessedUnit
from deployments.start.guesses import guess
from deployments.start.text import platform_yaml, unit_lines
from tasks import manifest, settings
from tasks.domain import wording
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.domain.platform import Platform


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command("init")(initialize)


def initialize(json: Json = False) -> None:
    """Write a first infrastructure/platform.yaml from the code that is there. Where there is one, say what is new."""
    infrastructure = settings.load().repository / "infrastructure"
    file = infrastructure / "platform.yaml"
    declared = _declared(file) if file.exists() else None
    guessed = guess(infrastructure.parent)
    platform = declared or _written(file, guessed)
    found = differences.between(guessed, platform, infrastructure) if declared else None
    missing = _missing(infrastructure, platform)
    if json:
        texts = [*found.texts] if found else []
        screen.document({"file": str(file), **asdict(guessed), "missing": missing, "differences": texts})
        return
    if found:
        _compare(file, found, platform.name)
    else:
        _report(file, guessed)
    if missing:
        screen.result(f"before the first release: {missing}")
    if not declared:
        screen.say("Check the guesses in it, commit, then: flowmart doctor; flowmart plan ENVIRONMENT")


def _declared(file: Path) -> Platform:
    try:
        return manifest.load(file.parent)
    except FlowmartError as error:
        raise InvalidInput(f"{file}: is there already and was left as it is, but cannot be read: {error}") from error


def _written(file: Path, guessed: Guessed) -> Platform:
    file.parent.mkdir(exist_ok=True)
    try:
        with file.open("x") as opened:
            opened.write(platform_yaml(guessed))
        return manifest.load(file.parent)
    except FlowmartError as error:
        file.unlink()
        raise InvalidInput(f"no platform.yaml was written: what was guessed is not right: {error}") from error


def _report(file: Path, guessed: Guessed) -> None:
    units = wording.number(len(guessed.units), "unit")
    environments = wording.number(len(guessed.environments), "environment")
    screen.result(f"{file}: {units} in {environments}")
    for unit in guessed.units:
        screen.result(f"{unit.name}: {unit.source} in {', '.join(unit.environments)}: {unit.why}{_state(unit)}")
    for each in guessed.left:
        screen.result(f"not taken: {each.place}: {each.why}")


def _state(unit: GuessedUnit) -> str:
    """Describe what a unit's options set for its state."""
    entries = unit.options.get("backend_config", [])
    words = [entry if isinstance(entry, str) else next(f"{k}={v}" for k, v in entry.items()) for entry in entries]
    words += [f"workspace {unit.options['workspace']}"] if "workspace" in unit.options else []
    return f"; state: {', '.join(words)}" if words else ""


def _compare(file: Path, found: Differences, platform: str) -> None:
    screen.result(f"{file}: is there already and was left as it is; {'it differs' if found.texts else 'nothing new'}")
    for text in found.texts:
        screen.result(text)
    if found.new:
        screen.result("to add them, under units:")
    for unit in found.new:
        screen.plain("\n".join(unit_lines(unit, platform)))


def _missing(infrastructure: Path, platform: Platform) -> str:
    """Return which inputs nobody can guess; empty if none are missing."""
    try:
        manifest.refuse_miswired(infrastructure, platform)
    except InvalidInput as error:
        return str(error)
    return ""
