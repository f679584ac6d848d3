"""Run each tool's own validators and linters on a unit. Their findings are violations beside those of the policies.

An engine registers its validators by name (`Engine.validators`). A unit may set the level of each one and ignore
rules by id, with a reason (`validators:` in platform.yaml). A validator that is not installed is skipped, unless the
unit names it. Validators read only the release's files. They are not run for a rollback, because its release has
passed them already.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.domain.errors import Refused, Unanswered, Unequipped
from tasks.domain.platform import Level, Validation
from tasks.domain.rules import Violation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.processes import Command, Finished


def violations(workspace: Workspace, validators: Mapping[str, Validator]) -> tuple[Violation, ...]:
    """Return the violations that the validators of a unit's engine find.

    Raises:
        Unequipped: a validator that the unit names is not installed.
        Unanswered: a validator was interrupted before it had a result.
        Refused: a validator failed to produce a result.
    """
    found: list[Violation] = []
    for name, validator in validators.items():
        chosen = workspace.unit.validators.get(name)
        level = (chosen.level if chosen else None) or validator.level
        if level is Level.OFF or not _is_installed(name, validator, workspace):
            continue
        ignored = (chosen or Validation()).ignore
        found += [_violation(name, level, each) for each in validator.find(workspace) if each.rule not in ignored]
    return tuple(dict.fromkeys(found))


def located(executable: str) -> str | None:
    """Return the path of a validator's program, beside our interpreter or on PATH; None if it is not installed."""
    return shutil.which(executable, path=str(Path(sys.executable).parent)) or shutil.which(executable)


def run(workspace: Workspace, argv: Sequence[str], *, good: Sequence[int], **variables: str) -> Finished:
    """Run a validator in the unit's folder.

    Args:
        workspace: whose unit is validated.
        argv: the program, by its name or path, and its arguments.
        good: the exit codes of a completed check.
        variables: added to the variables that tools inherit; these do not include credentials.

    Raises:
        Refused: it failed to produce a result.
        Unanswered: it was interrupted.
    """
    program = located(argv[0]) or argv[0]
    command = Command((program, *argv[1:]), workspace.folder, variables, workspace.unit.time_limit)
    finished = workspace.processes.run(command)
    if finished.exit_code in good:
        return finished
    said = (finished.stderr.strip() or finished.stdout.strip())[-500:] or "it gave no reason"
    place = f"{argv[0]} of {workspace.unit.name} in {workspace.environment.name}"
    if finished.exit_code < 0:
        raise Unanswered(f"{place}: it was ended ({finished.exit_code})")
    raise Refused(f"{place}: it came to no result ({finished.exit_code}): {said}")


def parsed(finished: Finished, program: str) -> Any:
    """Parse the JSON document that a validator printed.

    Raises:
        Refused: it printed something else.
    """
    try:
        return json.loads(finished.stdout)
    except ValueError as error:
        said = (finished.stderr.strip() or finished.stdout.strip())[-500:] or "nothing"
        raise Refused(f"{program}: its result cannot be read; it printed: {said}") from error


def relative(workspace: Workspace, file: str) -> str:
    """Return a file as a path relative to infrastructure/. A path outside of it is returned unchanged.

    Args:
        workspace: whose unit is validated.
        file: the path as a validator reports it: absolute, or relative to the unit's folder.
    """
    place, root = (workspace.folder / file).resolve(), workspace.infrastructure.resolve()
    return str(place.relative_to(root)) if place.is_relative_to(root) else file


def sarif(workspace: Workspace, document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the results in a SARIF 2.1.0 document, which ansible-lint and others write.

    An error in SARIF is an error here; every other level is a warning.
    """
    for each in (result for part in document.get("runs", ()) for result in part.get("results", ())):
        place: Mapping[str, Any] = next(
            (at["physicalLocation"] for at in each.get("locations", ()) if "physicalLocation" in at), {}
        )
        yield Finding(
            rule=str(each.get("ruleId", "")),
            message=str(each.get("message", {}).get("text", "")),
            file=relative(workspace, str(place.get("artifactLocation", {}).get("uri", ""))),
            line=int(place.get("region", {}).get("startLine", 0)),
            error=each.get("level", "warning") == "error",
        )


def _is_installed(name: str, validator: Validator, workspace: Workspace) -> bool:
    if not validator.executable or located(validator.executable):
        return True
    if name in workspace.unit.validators:
        remedy = f"install it, or set units.{workspace.unit.name}.validators.{name}.level to off"
        raise Unequipped(f"{workspace.unit.name}: validator {name} is not installed; {remedy}")
    return False


def _violation(name: str, level: Level, found: Finding) -> Violation:
    place = f"{found.file}:{found.line}" if found.file and found.line else found.file
    message = ": ".join(filter(None, [place, found.rule, " ".join(found.message.split())]))
    return Violation(name, message, denied=found.error and level is Level.DENY)
