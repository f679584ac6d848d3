"""Each tool's own validators and linters: what they have against a unit, as violations beside those of the policies.

An engine registers its validators by name (`Engine.validators`). A unit may set the level of each one and ignore
rules by id, with a reason (`validators:` in platform.yaml). A validator that is not installed is skipped, unless the
unit names it. Validators read the release's files only; they are not run for a rollback, whose release has passed
them.
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
    """What the validators of a unit's engine have against it.

    Raises:
        Unequipped: a validator that the unit names is not installed.
        Unanswered: a validator was ended before it came to anything.
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
    """Where a validator's program is: beside our interpreter, otherwise on PATH; None when it is not installed."""
    return shutil.which(executable, path=str(Path(sys.executable).parent)) or shutil.which(executable)


def run(workspace: Workspace, argv: Sequence[str], *, good: Sequence[int], **variables: str) -> Finished:
    """Run a validator in the unit's folder.

    Args:
        workspace: whose unit is validated.
        argv: the program, by its name or path, and its arguments.
        good: the exit codes with which it came to a result.
        variables: added to those that tools inherit; credentials are not among them.

    Raises:
        Refused: it came to no result.
        Unanswered: it was ended.
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
    """The JSON document that a validator printed; `Refused` when it printed something else."""
    try:
        return json.loads(finished.stdout)
    except ValueError as error:
        said = (finished.stderr.strip() or finished.stdout.strip())[-500:] or "nothing"
        raise Refused(f"{program}: its result cannot be read; it printed: {said}") from error


def relative(workspace: Workspace, file: str) -> str:
    """A file as a validator names it, relative to the unit's folder or absolute -> relative to infrastructure/."""
    place, root = (workspace.folder / file).resolve(), workspace.infrastructure.resolve()
    return str(place.relative_to(root)) if place.is_relative_to(root) else file


def sarif(workspace: Workspace, document: Mapping[str, Any]) -> Iterator[Finding]:
    """The results in a SARIF 2.1.0 document (ansible-lint and others write it); severity as each result has it."""
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
