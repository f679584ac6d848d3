"""Prepare a unit: Terragrunt copies its module and generates files, then Terraform initialises the result.

    configuration ──▶ what Terragrunt would run (`recording`) ──▶ terraform init ──▶ where the state is
                └──▶ with hooks: terragrunt run -- init

This happens once per checkout, and again after the outputs of the unit's dependencies have changed. Each unit has its
own folder of downloads. In a shared one, units initialise each other's copies while they read outputs from them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped
from tasks.domain.outcome import Outcome
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform import backends, diagnostics, errors, installed, kept_inits, surroundings, vendored
from tasks.engines.terraform import commands as terraform
from tasks.engines.terraform.preparation import one_at_a_time
from tasks.engines.terragrunt import (
    answers,
    commands,
    credentials,
    made_units,
    record,
    recording,
    stand_ins,
    vendoring,
)
from tasks.engines.terragrunt.answers import Configuration
from tasks.engines.terragrunt.made_units import Made, digest_with
from tasks.engines.terragrunt.options import TerragruntOptions
from tasks.engines.terragrunt.recording import Recorded
from tasks.engines.terragrunt.stand_ins import StandIns
from tasks.engines.terragrunt.together import Together
from tasks.processes import Command, Finished

_UNLOCKED = "Provider dependency changes detected"
_REMEDY = (
    f"its {terraform.LOCK_FILE} is not that of its providers: run terragrunt init there, commit the file, and create "
    "the release again"
)


Check = Callable[[Configuration], None]
"""Checks a unit's configuration before the unit is prepared. It raises an exception to reject it."""


class Preparation:
    """Prepares one unit with Terragrunt, so that Terraform can run.

    Attributes:
        executable: Terragrunt.
        terraform: the Terraform that it runs.
        whole: the folder of all downloads of the checkout.
        downloads: the unit's own folder in it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        chosen = workspace.options(TerragruntOptions)
        self.executable = chosen.binary or workspace.executable
        self.terraform = chosen.terraform or workspace.beside
        self.whole = _beside(workspace.infrastructure)
        self.downloads = self.whole / workspace.unit.name

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables for every command of the unit, besides credentials."""
        infrastructure = self._workspace.infrastructure.resolve()
        found = record.load(infrastructure)
        known = found.sources_of(self._workspace.unit.source) if found else {}
        sources = {vendoring.mapped(source): str(infrastructure / folder) for source, folder in known.items()}
        return commands.variables(self.terraform, self.downloads, sources)

    @cached_property
    def _stand_ins(self) -> StandIns:
        workspace = self._workspace
        asked = Command(commands.version(self.terraform), workspace.folder, time_limit=workspace.unit.time_limit)
        return stand_ins.provided(
            self.terraform, self.whole / ".stand-ins", lambda: workspace.processes.run(asked).stdout
        )

    def made(self, inputs: Inputs, check: Check = lambda _: None) -> Made:
        """Return the unit, prepared with the current outputs of its dependencies.

        Args:
            inputs: the inputs of the plan.
            check: checks the configuration before the unit is prepared.

        Raises:
            Refused: Terragrunt rejects the configuration, its role or module is not allowed, or it has no usable
                backend.
            Unanswered: a backend or the source of a module does not respond.
        """
        done = made_units.load(self.downloads)
        if done and (done.holds_with(inputs) or not inputs.upstream):
            check(done.configuration)
            return done
        self.downloads.mkdir(parents=True, exist_ok=True)
        as_repository(self._workspace.infrastructure)
        known = None if done or inputs.values else self._together.of(self._workspace, self._stand_ins, self._seen())
        configuration = known.configuration if known else self._configuration()
        self._refuse(configuration)
        check(configuration)
        if configuration.acts_on_plan:
            made = self._around(configuration, inputs)
        else:
            recorded = (known.recorded if known else None) or self._recorded(inputs)
            made = self._alone(configuration, recorded, inputs)
        made_units.save(made, self.downloads)
        return made

    def forget(self) -> None:
        """Discard what is known of units that are not prepared yet: after an apply it may be outdated."""
        self._together.forget()

    @cached_property
    def _together(self) -> Together:
        return Together(self.whole / ".together", self.executable, self.run)

    def _configuration(self) -> Configuration:
        """Return the part of the unit's configuration that depends on no other unit."""
        given = {**commands.QUICK, "TG_TF_PATH": str(self._stand_ins.without_outputs)}
        return answers.configuration(self.run(commands.render(self.executable), more=given))

    def _refuse(self, configuration: Configuration) -> None:
        if fault := credentials.fault(self._workspace, configuration) or self._floats(configuration.source):
            raise Refused(f"{self._workspace.unit.source}: {fault}")

    def _alone(self, configuration: Configuration, recorded: Recorded, inputs: Inputs) -> Made:
        """Initialise the unit with Terraform directly, in the folder where Terragrunt would run it."""
        folder, own = Path(recorded.folder), self._workspace
        vendored.provide(own.infrastructure, own.unit.source, folder)
        self._initialise(folder, {**recorded.variables, **commands.inputs(inputs.values)})
        return Made(folder, configuration, digest_with(inputs), recorded)

    def _recorded(self, inputs: Inputs) -> Recorded:
        more = {**commands.inputs(inputs.values), **commands.QUICK, "TG_TF_PATH": str(self._stand_ins.recording)}
        self.run(commands.plan(self.executable), more=more)
        found = recording.taken(self.downloads, {**self._seen(), **more})
        if not found:
            raise Unanswered(
                f"{self._workspace.unit.source}: Terragrunt ended before it had begun a plan; plan again"
            )
        return next(iter(found.values()))

    def _initialise(self, folder: Path, variables: Mapping[str, str]) -> None:
        """Initialise the root that Terragrunt made, or reuse the result of an earlier run on this machine."""
        workspace = prepared(self._workspace, self.whole, folder)
        argv = terraform.init(self.terraform, locked=True)
        around = {**self._known(), **variables}
        key = kept_inits.digest(workspace, argv, "", around)
        kept = kept_inits.provide(key, folder)
        if not kept:
            self._init(argv, folder, variables)
        self._refuse_initialised(folder)
        found = backends.initialised(folder)
        if not kept and found is not None and not backends.names_secrets(found):
            kept_inits.keep(key, folder, locked=True)

    def _around(self, configuration: Configuration, inputs: Inputs) -> Made:
        """Initialise the unit with Terraform under Terragrunt, because it has hooks."""
        source = self._workspace.unit.source
        if vendored.reads(self._workspace.infrastructure, source):
            vendored.provide(self._workspace.infrastructure, source, self._asked_place())
        argv = commands.around(self.executable, terraform.init(self.terraform, locked=True))
        self._init(argv, None, commands.inputs(inputs.values))
        folder = self._place(configuration.source)
        self._refuse_initialised(folder)
        return Made(folder, configuration, digest_with(inputs))

    def _refuse_initialised(self, folder: Path) -> None:
        source = self._workspace.unit.source
        installed.refuse_others(folder, source)
        if fault := backends.fault(backends.initialised(folder)):
            raise Refused(f"{source}: {fault}")

    def run(
        self,
        argv: tuple[str, ...],
        folder: Path | None = None,
        more: Mapping[str, str] | None = None,
        limit: float | None = None,
    ) -> str:
        """Run a command that only reads, and return what it prints.

        Args:
            argv: the command.
            folder: the folder to run it in; by default the unit's.
            more: variables besides those of every command.
            limit: the time limit in seconds; by default the unit's.

        Raises:
            Refused: the command was rejected.
            Unanswered: something did not respond.
        """
        workspace = self._workspace
        known = {**self._known(), **(more or {})}
        if argv[0] == self.terraform:
            known = credentials.without_terragrunt(known)
        seconds = limit or workspace.unit.time_limit
        command = Command(argv, folder or workspace.folder, known, seconds, with_children=True)
        finished = workspace.processes.run(command)
        if finished.exit_code != 0:
            raise self.error(argv, finished)
        return finished.stdout

    def _seen(self) -> dict[str, str]:
        """Return all variables that Terragrunt sees."""
        return {**self._workspace.processes.environment, **self._known()}

    def _known(self) -> dict[str, str]:
        """Return the variables that Terragrunt gets, besides those that every program inherits."""
        known = {**self._workspace.reading(), **self.variables}
        return known | surroundings.fixed({**self._workspace.processes.environment, **known})

    def error(self, argv: tuple[str, ...], finished: Finished) -> FlowmartError:
        """Return the exception to raise for a failed command."""
        workspace = self._workspace
        found = diagnostics.errors(finished.stdout, "") or answers.errors(finished.stderr)
        if answers.is_unreached(found):
            found = diagnostics.errors("", recording.failures(self.downloads)) or found
        lost = errors.outcome(found, answers.exit_code(finished.exit_code, found)) is Outcome.UNANSWERED
        kind: type[FlowmartError] = Unequipped if answers.wants_another_version(found) else Refused
        if lost or answers.is_unreached(found) or answers.killed(finished.stderr):
            kind = Unanswered
        told = diagnostics.why(found, workspace.unit.source) if found else finished.stderr.strip()[-500:]
        for temporary in (workspace.infrastructure.resolve(), workspace.infrastructure):
            told = told.replace(f"{temporary}/", "")
        told = answers.advised(told)
        tool = "terraform" if argv[0] == self.terraform else "terragrunt"
        words = " ".join(word for word in argv[1:4] if not word.startswith("-"))
        return kind(f"{tool} {words} of {workspace.unit.name} in {workspace.environment.name}: {told}")

    def _floats(self, source: str) -> str:
        """Return why a module is not in the release; empty if it is."""
        infrastructure, unit = self._workspace.infrastructure.resolve(), self._workspace.unit.source
        found = record.load(infrastructure)
        if found is None or vendoring.is_there(infrastructure, unit, source, found):
            return ""
        return f"its source {source} is not in the release: create the release again"

    def _place(self, source: str) -> Path:
        """Return the folder where Terraform runs. Terragrunt is asked only if its downloads do not show it."""
        made = [note.parent for note in self.downloads.glob("*/*/.terragrunt-source-version")]
        folders = (vendoring.folder_in(source), vendoring.folder_in_fetched(source))
        places = [place / folder for place in made for folder in folders]
        found = {place for place in places if backends.initialised(place)}
        return found.pop() if len(made) == 1 and found else self._asked_place()

    def _asked_place(self) -> Path:
        return Path(json.loads(self.run(commands.info(self.executable)))["working_dir"])

    def _init(self, argv: tuple[str, ...], folder: Path | None, variables: Mapping[str, str]) -> None:
        own = self._workspace.folder / terraform.LOCK_FILE
        of_module = not own.exists()
        try:
            with one_at_a_time(self._workspace.processes.environment):
                self.run(argv, folder, variables)
        except Refused as error:
            if _UNLOCKED in str(error):
                raise Refused(f"{self._workspace.unit.source}: {_REMEDY}") from error
            raise
        if of_module:
            # Terragrunt copies a module's lock file beside the unit; it is not the unit's own.
            own.unlink(missing_ok=True)


def as_repository(infrastructure: Path) -> None:
    """Make the folder around infrastructure/ an empty git repository, which functions like get_repo_root need."""
    around = infrastructure.resolve().parent
    if (around / ".git").exists():
        return
    # Built elsewhere and renamed: units are prepared in parallel, and none may see an incomplete one.
    with tempfile.TemporaryDirectory(prefix="git-", dir=around) as name, suppress(OSError):
        made = Path(name) / ".git"
        for folder in ("objects", "refs"):
            (made / folder).mkdir(parents=True)
        (made / "HEAD").write_text("ref: refs/heads/main\n")
        made.rename(around / ".git")


def prepared(workspace: Workspace, whole: Path, folder: Path) -> Workspace:
    """Return a workspace for the Terraform engine: its unit is `folder`, where Terraform runs, below `whole`."""
    unit = replace(workspace.unit, source=folder.relative_to(whole).as_posix(), options={})
    return replace(workspace, infrastructure=whole, unit=unit)


def _beside(infrastructure: Path) -> Path:
    """Return the folder for a checkout's downloads, beside it: the checkout holds only the release's files."""
    whole = infrastructure.resolve()
    return whole.with_name(f"{whole.name}.terragrunt")
