"""Run terraform for one unit, and turn its errors into our own, without secrets and temporary paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

import structlog

from tasks.domain.errors import FlowmartError, Refused, Throttled, Unanswered, Unequipped
from tasks.domain.outcome import Outcome
from tasks.engines.base import Variables, Workspace
from tasks.engines.terraform import (
    answers,
    backends,
    commands,
    diagnostics,
    errors,
    locks,
    remedies,
    stale_locks,
    stored_states,
    surroundings,
)
from tasks.engines.terraform.clusters import provider_variables
from tasks.engines.terraform.configuration import sensitive_values
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.drift import Kind
from tasks.engines.terraform.named_files import var_files
from tasks.engines.terraform.options import options
from tasks.engines.terraform.private import Private
from tasks.engines.terraform.schemas import kinds
from tasks.engines.terraform.secrets import Secrets, of_state, of_values
from tasks.processes import Command, Finished

log = structlog.get_logger("flowmart.terraform")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and the errors that terraform reported."""

    exit_code: int
    stdout: str
    errors: tuple[Diagnostic, ...]
    stderr: str = ""

    @property
    def outcome(self) -> Outcome:
        """The outcome of a failed command: `failed` if it was rejected, `unanswered` if something did not respond."""
        return errors.outcome(self.errors, self.exit_code)

    @property
    def throttled(self) -> bool:
        """Tell whether a cloud API throttled the command."""
        return errors.throttled(self.errors)


class Execution:
    """Runs terraform in one workspace.

    Attributes:
        options: the unit's terraform options.
        secrets: the secrets known so far; no error shows them.
        private: the values that encrypted files and declared secrets set.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.options = options(workspace.unit.options)
        self.secrets = Secrets()
        self.private = Private()

    @property
    def _tool(self) -> str:
        """The name of the tool: terraform or tofu."""
        return PurePath(self._workspace.executable).name

    @property
    def _in_repository(self) -> str:
        """The root's folder in the repository. With `paths`, sources are already relative to the repository."""
        whole, source = self._workspace.infrastructure.name, self._workspace.unit.source
        return f"{whole}/{source}" if whole == _INFRASTRUCTURE else source

    @property
    def place(self) -> str:
        """The location of the state; empty until the root is initialised."""
        found = backends.initialised(self._workspace.folder)
        return backends.place(found, self.options.workspace or backends.DEFAULT) if found else ""

    def hide(self, private: Private) -> None:
        """Treat the values that encrypted files set as secrets."""
        self.private = Private({**self.private.values, **private.values}, self.private.given)
        self.secrets |= self.private.secrets

    def _hide_given(self, variables: Mapping[str, str]) -> None:
        """Treat the declared secrets among a command's variables as secrets."""
        names = self._workspace.environment.secret_names & variables.keys()
        if names:
            self.private = self.private.with_given({name: variables[name] for name in sorted(names)})
            self.secrets |= self.private.secrets

    def state(self, variables: Variables | None = None) -> Mapping[str, Any]:
        """Read the state, from S3 directly where that is possible, else with `state pull`; empty if there is none."""
        stored = self._stored((variables or self._workspace.reading)())
        found = answers.written(self._pulled(variables) if stored is None else stored)
        self.secrets |= of_state(found)
        return found

    def _stored(self, given: Mapping[str, str]) -> Mapping[str, Any] | None:
        around = {**self._workspace.processes.environment, **self.variables(given)}
        backend = backends.initialised(self._workspace.folder)
        return stored_states.read(backend, self.options.workspace or backends.DEFAULT, around)

    def _pulled(self, variables: Variables | None) -> Mapping[str, Any]:
        text = self.read(commands.state_pull(self._workspace.executable), variables)
        found: Mapping[str, Any] = json.loads(text) if text.strip() else {}
        return found

    @cached_property
    def _schemas(self) -> Mapping[str, Mapping[str, Kind]]:
        return kinds(self.read(commands.schema(self._workspace.executable)))

    def kind(self, provider: str, name: str) -> Kind:
        """Return the schema of a resource type; an empty one if its provider is no longer installed."""
        return self._schemas.get(provider, {}).get(name, Kind())

    def read(self, argv: tuple[str, ...], variables: Variables | None = None, good: tuple[int, ...] = (0,)) -> str:
        """Return the standard output of a command that must succeed.

        If a stale lock stopped the command, the lock is released and the command runs once more. So the command must
        be safe to run twice.

        Args:
            argv: the command line.
            variables: the credentials; by default the read-only ones.
            good: the exit codes that count as success.

        Raises:
            Unanswered: something did not respond, or somebody else holds the state's lock.
            Refused: the command was rejected.
        """
        ended = self.run(argv, variables or self._workspace.reading)
        if self.released(ended):
            ended = self.run(argv, variables or self._workspace.reading)
        if ended.exit_code not in good:
            raise self.error(argv, ended)
        return ended.stdout

    def run(self, argv: tuple[str, ...], variables: Variables) -> Ended:
        """Run a command, and return how it ended even if it failed.

        Raises:
            Unanswered: the command exceeded its time limit.
        """
        given = variables()
        self._hide_given(given)
        command = replace(self._command(argv, self.variables(given)), progress=self._log_progress)
        finished = self._workspace.processes.run(command)
        seconds = round(finished.seconds, 2)
        log.debug("ran", command=" ".join(argv[1:3]), seconds=seconds, exit_code=finished.exit_code)
        return self._ended(argv, finished)

    def _log_progress(self, line: str) -> None:
        """Log the progress of a slow command: the message of the last line, which may be JSON or text."""
        workspace = self._workspace
        message = next((str(each.get("@message", "")) for each in answers.lines(line)), line)
        about = {"unit": workspace.unit.name, "environment": workspace.environment.name}
        log.info("still at work", **about, what=self.shown(message))

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables for terraform, beside those that every tool inherits."""
        inherited = self._workspace.processes.environment
        known = {**provider_variables(given, inherited), **self.options.env, **given}
        return known | surroundings.fixed({**inherited, **known})

    def _command(self, argv: tuple[str, ...], known: Mapping[str, str]) -> Command:
        """Build the command; this class runs it unchanged, in the root's folder."""
        return Command(argv, self._workspace.folder, known, self._workspace.unit.time_limit)

    def _ended(self, argv: tuple[str, ...], finished: Finished) -> Ended:  # noqa: ARG002 (for whoever derives)
        """Interpret the exit code; 0 and 2 are good."""
        failed = finished.exit_code not in (0, 2)
        found = diagnostics.errors(finished.stdout, finished.stderr) if failed else ()
        return Ended(finished.exit_code, finished.stdout, found, finished.stderr)

    def released(self, ended: Ended) -> bool:
        """Release a stale lock that a command met or left behind. Tell whether one was released."""
        workspace, lock = self._workspace, locks.left(ended.errors)
        if lock is None or not stale_locks.is_stale(lock, workspace):
            return False
        freed = self.run(commands.force_unlock(workspace.executable, lock.id), workspace.writing).exit_code == 0
        what = f"{lock.id} of {lock.who}, {lock.operation} since {lock.since}"
        event = "released a stale state lock" if freed else "a stale state lock could not be released"
        log.warning(event, unit=workspace.unit.name, environment=workspace.environment.name, what=what)
        return freed

    def error(self, argv: tuple[str, ...], ended: Ended) -> FlowmartError:
        """Return the exception to raise for a failed command."""
        workspace = self._workspace
        rejected = Unequipped if errors.wants_another_version(ended.errors) else Refused
        unanswered = Throttled if ended.throttled else Unequipped if errors.lacks_login(ended.errors) else Unanswered
        kind = unanswered if ended.outcome is Outcome.UNANSWERED else rejected
        words = " ".join(word for word in argv[1:3] if not word.startswith("-") and word not in _FILES)
        what = f"{self._tool} {words} of {workspace.unit.name} in {workspace.environment.name}"
        return kind(f"{what}: {self.why(ended)}")

    def why(self, ended: Ended) -> str:
        """Return the tool's errors, one a line. If the state is locked, return who holds the lock instead."""
        source = self._workspace.unit.source
        if lock := locks.held(ended.errors):
            return locks.described(lock, self._tool, self._in_repository)
        if not ended.errors and ended.exit_code not in (0, 1, 2):
            return f"it was ended from outside (exit code {ended.exit_code})"
        if not ended.errors and ended.stderr.strip():
            return self.shown(ended.stderr.strip()[-_LONGEST:])
        return "\n".join((self.shown(diagnostics.why(ended.errors, source)), *remedies.of(ended.errors)))

    def shown(self, text: str) -> str:
        """Mask the secrets in a text of terraform's, and replace temporary paths by those of the repository."""
        workspace, whole = self._workspace, self._workspace.infrastructure
        around = whole.name if whole.name == _INFRASTRUCTURE else "."
        for folder, known in ((workspace.folder, workspace.unit.source), (whole, around)):
            for spelled in (str(folder.resolve()), str(folder)):
                text = text.replace(spelled, known)
        return (self.secrets | self._declared).scrubbed(text)

    @cached_property
    def _declared(self) -> Secrets:
        workspace = self._workspace
        files = var_files(workspace.infrastructure, workspace.unit)
        return of_values(sensitive_values(workspace.folder, workspace.unit.inputs, files))


_INFRASTRUCTURE = "infrastructure"
_LONGEST = 500
"""The number of characters to show of an error that is not a diagnostic."""
_FILES = (commands.PLAN_FILE, commands.LOOK_FILE, commands.REFRESH_FILE)
