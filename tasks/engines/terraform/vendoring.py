"""Add the remote modules of terraform roots to the release, named by their content.

What a tag or a registry version refers to may change, but a release must not. So when a release is made, terraform
fetches the modules of each root once (`terraform get`). Their folders become files of the release (`vendored`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import FlowmartError, not_obtained, of_input
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.engines.base import Fetching, Workspace
from tasks.engines.terraform import code, commands, diagnostics, errors, surroundings
from tasks.engines.terraform.configuration import MODULES
from tasks.engines.terraform.options import options
from tasks.engines.terraform.vendored import FETCHED, FOLDER, kept, reads, record_of, write
from tasks.processes import Command, Processes

_TIME_LIMIT = 600.0
"""Seconds allowed to fetch the modules of one root."""


def vendor(root: Path, unit: Unit, fetching: Fetching) -> None:
    """Fetch a unit's remote modules into the checkout of a new release.

    It does nothing if there are none, if they are there already, or if the unit sets `vendor: false`.

    Raises:
        InvalidInput: the modules cannot be fetched.
        Unanswered: a server of modules does not respond.
    """
    folder, record = root / unit.source, record_of(root, unit.source)
    if record.exists() or not options(unit.options).vendor or not remote(folder, root):
        return
    binary = options(unit.options).binary or fetching.executable
    try:
        _fetch(folder, binary, fetching.processes)
    except FlowmartError as error:
        told = f"{unit.source}: its modules cannot be taken into the release: {error}"
        todo = "make them reachable, or set vendor: false in its terraform block"
        raise of_input(error, f"{told}; {todo}") from error
    write(root, unit.source, taken_in(root, folder))
    shutil.rmtree(folder / FETCHED.parent)


def taken_in(root: Path, folder: Path) -> dict[str, Any]:
    """Copy the modules that terraform fetched in a folder to folders named by their content.

    Returns:
        {"note": terraform's modules.json, "contents": {folder below .terraform/modules: name of its content}}.
    """
    note: Mapping[str, Any] = json.loads((folder / MODULES).read_text())
    contents = {name: kept(root / FOLDER, folder / FETCHED / name) for name in sorted(_downloaded(note))}
    return {"note": note, "contents": contents}


def warnings(workspace: Workspace) -> tuple[str, ...]:
    """Warn the approver about a unit's modules that are not in the release, so their content may change."""
    found = variable(workspace.folder, workspace.infrastructure)
    if not reads(workspace.infrastructure, workspace.unit.source):
        found = (*remote(workspace.folder, workspace.infrastructure), *found)
    return (f"not in the release, fetched anew for each environment: {', '.join(found)}",) if found else ()


def remote(folder: Path, root: Path) -> tuple[str, ...]:
    """Return the remote modules that a root and its local modules call, as "name (source)".

    Modules whose source depends on variables are not included.
    """
    return _named(
        source for source in sources(folder, root) if not source[1].startswith(".") and "${" not in source[1]
    )


def variable(folder: Path, root: Path) -> tuple[str, ...]:
    """Return the modules whose source depends on variables and may be remote. No release can contain them."""
    return _named(source for source in sources(folder, root) if not source[1].startswith(".") and "${" in source[1])


def sources(folder: Path, root: Path) -> tuple[tuple[str, str], ...]:
    """Return (name, source) of all modules that a root and its local modules call; empty sources are left out."""
    done: set[Path] = set()
    return tuple(_sources(folder.resolve(), root.resolve(), done))


def _named(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{name} ({source})" for name, source in found))


def _sources(folder: Path, root: Path, done: set[Path]) -> Iterator[tuple[str, str]]:
    if folder in done or not folder.is_relative_to(root):
        return
    done.add(folder)
    for call in code.readable_blocks(folder, "module"):
        if source := str(call.body.get("source", "")):
            yield call.name, source
        if source.startswith(".") and "${" not in source:
            yield from _sources((folder / source).resolve(), root, done)


def _fetch(folder: Path, executable: str, processes: Processes) -> None:
    """Fetch the modules; `InvalidInput` or `Unanswered` says why that failed."""
    variables = surroundings.fixed(processes.environment)
    finished = processes.run(Command(commands.get(executable), folder, variables, _TIME_LIMIT))
    if finished.exit_code == 0:
        return
    found = diagnostics.errors("", finished.stderr)
    reasons = "; ".join(item.on_one_line() for item in found) or finished.stderr.strip() or "it gave no reason"
    lost = errors.outcome(found, finished.exit_code) is Outcome.UNANSWERED
    raise not_obtained(reasons.replace(str(folder), "."), lost=lost)


def _downloaded(note: Mapping[str, Any]) -> set[str]:
    """Return the names of the folders below `.terraform/modules` that contain fetched modules."""
    places = (Path(os.path.normpath(module["Dir"])) for module in note["Modules"])
    return {place.relative_to(FETCHED).parts[0] for place in places if place.is_relative_to(FETCHED)}
