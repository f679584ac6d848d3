"""Making a unit ready: Terragrunt copies its module, writes what it generates, and initialises it beside the release.

    configuration ──▶ init ──▶ where Terraform runs ──▶ where the state is

It is done once a checkout, and again when what the unit's dependencies give has changed. Each unit has a folder of
downloads for itself: units that share one initialise each other's copies while they read outputs from them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.domain.errors import FlowmartError, Refused, Unanswered
from tasks.domain.outcome import Outcome
from tasks.domain.release import Inputs
from tasks.domain.values import digest_of
from tasks.engines import sealed
from tasks.engines.base import Workspace
from tasks.engines.terraform import backends, diagnostics, errors, installed, surroundings, vendored
from tasks.engines.terraform import commands as terraform
from tasks.engines.terraform.preparation import one_at_a_time
from tasks.engines.terragrunt import answers, commands, credentials, record, vendoring
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.options import TerragruntOptions
from tasks.processes import Command, Finished

_MADE = "flowmart.made.json"
_UNLOCKED = "Provider dependency changes detected"
_REMEDY = (
    f"its {terraform.LOCK_FILE} is not that of its providers: run terragrunt init there, commit the file, and create "
    "the release again"
)


@dataclass(frozen=True)
class Made:
    """A unit that is ready: where Terraform runs, and its configuration."""

    folder: Path
    configuration: Configuration


class Preparation:
    """Terragrunt at work on one unit, until Terraform can be run."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        chosen = workspace.options(TerragruntOptions)
        self.executable = chosen.binary or workspace.executable
        self.terraform = chosen.terraform or workspace.beside
        self.downloads = _beside(workspace.infrastructure) / workspace.unit.name

    @cached_property
    def variables(self) -> dict[str, str]:
        """What every command of the unit gets, besides credentials."""
        infrastructure = self._workspace.infrastructure.resolve()
        found = record.load(infrastructure)
        known = found.sources_of(self._workspace.unit.source) if found else {}
        sources = {vendoring.mapped(source): str(infrastructure / folder) for source, folder in known.items()}
        return commands.variables(str(self._quick), self.downloads, sources)

    @cached_property
    def _quick(self) -> Path:
        """A Terraform that knows its version without being started, which Terragrunt asks for with every command."""
        workspace, program = self._workspace, self.downloads / "terraform"
        if not program.is_file():
            asked = Command(commands.version(self.terraform), workspace.folder, time_limit=workspace.unit.time_limit)
            printed = workspace.processes.run(asked).stdout
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(commands.quick(self.terraform, printed))
            program.chmod(0o700)
        return program

    def made(self, inputs: Inputs) -> Made:
        """The unit, ready for what its dependencies give now.

        Raises:
            Refused: Terragrunt rejects its configuration, or it asks for what cannot be kept.
            Unanswered: a backend or a module's source gives no answer.
        """
        file, made_with = self.downloads / _MADE, digest_of([inputs.upstream, inputs.values])
        done = json.loads(file.read_text()) if file.is_file() else {}
        if done and (done["with"] == made_with or not inputs.upstream):
            return Made(Path(done["folder"]), _configuration(done["configuration"]))
        self.downloads.mkdir(parents=True, exist_ok=True)
        as_repository(self._workspace.infrastructure)
        configuration = answers.configuration(self.run(commands.render(self.executable)))
        if fault := credentials.fault(self._workspace, configuration) or self._floats(configuration.source):
            raise Refused(f"{self._workspace.unit.source}: {fault}")
        if vendored.reads(self._workspace.infrastructure, self._workspace.unit.source):
            vendored.provide(self._workspace.infrastructure, self._workspace.unit.source, self._asked_place())
        self._init(inputs)
        folder = self._place(configuration.source)
        installed.refuse_others(folder, self._workspace.unit.source)
        if fault := backends.fault(backends.initialised(folder)):
            raise Refused(f"{self._workspace.unit.source}: {fault}")
        sealed.save({"with": made_with, "folder": str(folder), "configuration": asdict(configuration)}, file)
        return Made(folder, configuration)

    def run(self, argv: tuple[str, ...], folder: Path | None = None, **more: str) -> str:
        """What a command prints; it reads only.

        Raises:
            Refused: it was rejected.
            Unanswered: no answer.
        """
        workspace = self._workspace
        known = {**workspace.reading(), **self.variables, **more}
        known |= surroundings.fixed({**workspace.processes.environment, **known})
        command = Command(argv, folder or workspace.folder, known, workspace.unit.time_limit, with_children=True)
        finished = workspace.processes.run(command)
        if finished.exit_code != 0:
            raise self.error(argv, finished)
        return finished.stdout

    def error(self, argv: tuple[str, ...], finished: Finished) -> FlowmartError:
        """What to raise for a command that failed."""
        workspace = self._workspace
        found = diagnostics.errors(finished.stdout, "") or answers.errors(finished.stderr)
        unanswered = errors.outcome(found, finished.exit_code) is Outcome.UNANSWERED
        kind = Unanswered if unanswered or answers.killed(finished.stderr) else Refused
        told = diagnostics.why(found, workspace.unit.source) if found else finished.stderr.strip()[-500:]
        for temporary in (workspace.infrastructure.resolve(), workspace.infrastructure):
            told = told.replace(f"{temporary}/", "")
        words = " ".join(word for word in argv[1:4] if not word.startswith("-"))
        return kind(f"terragrunt {words} of {workspace.unit.name} in {workspace.environment.name}: {told}")

    def _floats(self, source: str) -> str:
        """That a module is not in the release; empty when it is."""
        infrastructure = self._workspace.infrastructure.resolve()
        found = record.load(infrastructure)
        if found is None or not source or vendoring.is_folder_below(infrastructure, self._workspace.folder, source):
            return ""
        known = found.sources_of(self._workspace.unit.source)
        whole = vendoring.without_folder(source)
        return "" if whole in known else f"its source {source} is not in the release: create the release again"

    def _place(self, source: str) -> Path:
        """Where Terraform runs: Terragrunt itself is only asked where what it made does not tell."""
        made = [note.parent for note in self.downloads.glob("*/*/.terragrunt-source-version")]
        folders = (vendoring.folder_in(source), vendoring.folder_in_fetched(source))
        places = [place / folder for place in made for folder in folders]
        found = {place for place in places if backends.initialised(place)}
        return found.pop() if len(made) == 1 and found else self._asked_place()

    def _asked_place(self) -> Path:
        return Path(json.loads(self.run(commands.info(self.executable)))["working_dir"])

    def _init(self, inputs: Inputs) -> None:
        own = self._workspace.folder / terraform.LOCK_FILE
        of_module = not own.exists()
        argv = commands.around(self.executable, terraform.init(self.terraform, locked=True))
        try:
            with one_at_a_time(self._workspace.processes.environment):
                self.run(argv, None, **commands.inputs(inputs.values))
        except Refused as error:
            if _UNLOCKED in str(error):
                raise Refused(f"{self._workspace.unit.source}: {_REMEDY}") from error
            raise
        if of_module:
            # Terragrunt copies a module's lock file beside the unit.
            own.unlink(missing_ok=True)


def as_repository(infrastructure: Path) -> None:
    """Make the folder around infrastructure/ an empty git repository, as functions like get_repo_root ask for one."""
    around = infrastructure.resolve().parent
    if (around / ".git").exists():
        return
    # Elsewhere first: units are prepared side by side, and none may find half of it.
    with tempfile.TemporaryDirectory(prefix="git-", dir=around) as name, suppress(OSError):
        made = Path(name) / ".git"
        for folder in ("objects", "refs"):
            (made / folder).mkdir(parents=True)
        (made / "HEAD").write_text("ref: refs/heads/main\n")
        made.rename(around / ".git")


def _configuration(written: Mapping[str, Any]) -> Configuration:
    dependencies = tuple(answers.Dependency(**each) for each in written["dependencies"])
    return Configuration(**{**written, "dependencies": dependencies})


def _beside(infrastructure: Path) -> Path:
    """The folder of all downloads of a checkout: beside it, since everything in it is the release's."""
    whole = infrastructure.resolve()
    return whole.with_name(f"{whole.name}.terragrunt")
