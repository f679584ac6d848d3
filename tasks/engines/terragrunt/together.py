"""Query several units of an environment at once: one Terragrunt command, where each unit would start two.

    render --all ──▶ configurations ──▶ run --all -- plan, with the stand-in ──▶ what is recorded, by unit

Nothing is decided here. A unit may be missing from the result, because Terragrunt rejects it or a dependency has no
outputs. It is then queried alone, and that query reports why. The result contains outputs of other units, so it is
valid only until something is applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from tasks.domain.errors import FlowmartError
from tasks.domain.platform import Unit
from tasks.engines import sealed
from tasks.engines.base import Workspace
from tasks.engines.terragrunt import answers, commands, credentials, record, recording, vendoring
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.recording import Recorded
from tasks.engines.terragrunt.stand_ins import StandIns, one_at_a_time

log = structlog.get_logger("flowmart.terragrunt")

_INDEX = "flowmart.together.json"
_FILTERS = "filters"
_PLAIN = re.compile(r"[\w./-]+")
"""Paths without special meaning in the language of Terragrunt's filters."""

Run = Callable[[tuple[str, ...], Path, Mapping[str, str], float], object]
"""(command, folder, additional variables, time limit in seconds) -> its output. Runs the command."""


@dataclass(frozen=True)
class Answer:
    """The result for one unit.

    Attributes:
        configuration: the unit's configuration.
        recorded: how Terragrunt would run Terraform; None if that was not recorded.
    """

    configuration: Configuration
    recorded: Recorded | None = None


class Together:
    """The units of one checkout that a run plans at once.

    Args:
        folder: the folder where modules are copied to for all of them.
        executable: Terragrunt.
        run: runs it with the variables of the workspace's unit.
    """

    def __init__(self, folder: Path, executable: str, run: Run) -> None:
        self._folder = folder
        self._executable = executable
        self._run = run

    def of(self, workspace: Workspace, programs: StandIns, known: Mapping[str, str]) -> Answer | None:
        """Return the result for the workspace's unit; None if the unit must be queried alone.

        The first call queries all units; the others use its result.

        Args:
            workspace: the unit's workspace.
            programs: the stand-ins for Terraform.
            known: the variables that Terragrunt gets.
        """
        file = self._folder / _INDEX
        with one_at_a_time(self._folder):
            if not file.is_file():
                units = _alike(workspace)
                found = self._asked(workspace, units, programs, known) if len(units) > 1 else {}
                sealed.save({source: asdict(answer) for source, answer in found.items()}, file)
            written = json.loads(file.read_text()).get(workspace.unit.source)
        return _answer(written) if written else None

    def forget(self) -> None:
        """Discard the results after an apply: they contain outputs from before."""
        with one_at_a_time(self._folder):
            sealed.save({}, self._folder / _INDEX)

    def _asked(
        self, workspace: Workspace, units: Mapping[str, Unit], programs: StandIns, known: Mapping[str, str]
    ) -> dict[str, Answer]:
        whole = workspace.infrastructure.resolve()
        root = whole / _root(workspace)
        limit = sum(unit.time_limit for unit in units.values())
        more = {**commands.QUICK, "TG_DOWNLOAD_DIR": str(self._folder), "TG_NO_STACK_GENERATE": "true"}
        configurations = self._rendered(root, {**more, "TG_TF_PATH": str(programs.without_outputs)}, limit)
        found = {source: configurations[whole / source] for source in units if whole / source in configurations}
        wanted = [source for source, each in found.items() if _may_be_planned(workspace, source, each)]
        more |= {"TG_TF_PATH": str(programs.recording), "TG_FILTERS_FILE": str(self._folder / _FILTERS)}
        if wanted:  # Without a filter, Terragrunt would run all units.
            self._planned(root, [whole / source for source in wanted], more, limit)
        recorded = recording.taken(self._folder, {**known, **more})
        return {
            source: Answer(each, recorded.get(recording.place_of(whole / source))) for source, each in found.items()
        }

    def _planned(self, root: Path, units: Iterable[Path], more: Mapping[str, str], limit: float) -> None:
        (self._folder / _FILTERS).write_text("".join(f"./{unit.relative_to(root)}\n" for unit in units))
        self._try(commands.plan_all(self._executable), root, more, limit)

    def _rendered(self, root: Path, more: Mapping[str, str], limit: float) -> dict[Path, Configuration]:
        """Return {folder: the configuration of the unit in it}."""
        self._try(commands.render_all(self._executable), root, more, limit)
        return {folder: answers.configuration(text) for folder, text in recording.rendered(root).items()}

    def _try(self, argv: tuple[str, ...], root: Path, more: Mapping[str, str], limit: float) -> None:
        """Run a command for all units, ignoring errors. A unit that it misses is queried alone, for its error."""
        try:
            self._run(argv, root, more, limit)
        except FlowmartError as error:
            log.debug("units are asked about one by one", why=str(error))


def _alike(workspace: Workspace) -> dict[str, Unit]:
    """Return {source: unit} of the units that get the same variables as this one."""
    found, own = record.load(workspace.infrastructure), workspace.unit
    if found is None or workspace.environment.name not in found.environments:
        return {}
    if own.options.get("auth_provider_cmd"):  # It runs for each unit, and may give each another role.
        return {}
    sources = [*found.sources_of(own.source).items()]
    return {
        unit.source: unit
        for unit in (own, *workspace.together())
        if _is_plain(unit, _root(workspace))
        and [*found.sources_of(unit.source).items()] == sources
        and _set(unit) == _set(own)
    }


def _may_be_planned(workspace: Workspace, source: str, configuration: Configuration) -> bool:
    """Tell whether Terragrunt may go on with a unit: it has no hooks, and its role and module are allowed."""
    found, whole = record.load(workspace.infrastructure), workspace.infrastructure.resolve()
    if configuration.acts_on_plan or configuration.acts_on_apply or credentials.fault(workspace, configuration):
        return False
    return found is None or vendoring.is_there(whole, source, configuration.source, found)


def _is_plain(unit: Unit, root: str) -> bool:
    return not unit.inputs and bool(_PLAIN.fullmatch(unit.source)) and unit.source.startswith(f"{root}/")


def _set(unit: Unit) -> tuple[str, dict[str, Any]]:
    """Return what decides which variables a unit gets."""
    return unit.engine, {key: value for key, value in unit.options.items() if key != "parity"}


def _root(workspace: Workspace) -> str:
    found = record.load(workspace.infrastructure)
    return found.environments[workspace.environment.name].root if found else ""


def _answer(written: Mapping[str, Any]) -> Answer:
    recorded = written["recorded"]
    return Answer(Configuration.read(written["configuration"]), Recorded.read(recorded) if recorded else None)
