"""Find the units of a Terragrunt repository when a release is made. The release keeps the record.

    version ──▶ stacks generated ──▶ find, an environment at a time ──▶ edges checked ──▶ record

`find` is lenient: despite a syntax error, a missing dependency or a cycle, it lists what it can and succeeds. It does
not list the units of a cycle at all. So its list is checked here, and no release contains a unit that could not be
planned.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.domain.errors import InvalidInput, Unequipped
from tasks.engines.terraform import surroundings
from tasks.engines.terragrunt import answers, commands, recording, stand_ins
from tasks.engines.terragrunt.answers import Item
from tasks.engines.terragrunt.record import NO_TERRAGRUNT, FoundEnvironment, FoundUnit, Record
from tasks.processes import Command, Finished, Processes

_SECONDS = 600.0
_STACK_FILE = "terragrunt.stack.hcl"
_REMEDY = (
    "install Terragrunt 1.x (https://terragrunt.gruntwork.io), or name it by FLOWMART_TERRAGRUNT; with "
    f"FLOWMART_TERRAGRUNT={NO_TERRAGRUNT} releases are made without its units"
)


@dataclass(frozen=True)
class Tools:
    """The programs: Terragrunt, and the Terraform that it runs."""

    terragrunt: str
    terraform: str


class Terragrunt:
    """Runs Terragrunt on the files of a release, without any credentials."""

    def __init__(self, infrastructure: Path, tools: Tools, processes: Processes) -> None:
        self.infrastructure = infrastructure.resolve()
        self.tools = tools
        self._processes = processes
        self._rendered: dict[Path, str] = {}

    def version(self) -> str:
        """Return Terragrunt's version.

        Raises:
            Unequipped: Terragrunt is missing, or its version cannot be used.
        """
        program = self.tools.terragrunt
        try:
            asked = commands.version(program)
            printed = self.run(asked, self.infrastructure, terraform=self.tools.terraform).stdout
        except InvalidInput as error:
            raise Unequipped(f"platform.yaml: terragrunt: {program} cannot be run: {_REMEDY}") from error
        found = answers.version(printed)
        if fault := answers.version_fault(found):
            raise Unequipped(f"platform.yaml: terragrunt: {program} {fault}: {_REMEDY}")
        return found

    def run(
        self,
        argv: tuple[str, ...],
        folder: Path,
        downloads: Path | None = None,
        terraform: str = "",
        more: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a command in a folder, and return how it ended even if it failed.

        Args:
            argv: the command.
            folder: the folder to run it in.
            downloads: the folder where Terragrunt copies modules to.
            terraform: the Terraform that it runs; by default a stand-in that reports no outputs.
            more: additional variables.
        """
        kept = downloads or self.infrastructure.parent / "downloads"
        known = {**(more or {}), **commands.variables(terraform or str(self._without_outputs), kept)}
        known |= surroundings.fixed({**self._processes.environment, **known})
        return self._processes.run(Command(argv, folder, known, _SECONDS))

    @cached_property
    def _without_outputs(self) -> Path:
        """A stand-in for Terraform that only knows its version: it reports no outputs, so no backend is read."""
        asked = Command(commands.version(self.tools.terraform), self.infrastructure, time_limit=_SECONDS)
        printed = self._processes.run(asked).stdout
        return stand_ins.without_outputs(printed, self.infrastructure.parent / "terraform-without-outputs")

    def read(self, argv: tuple[str, ...], folder: Path) -> str:
        """Return the output of a command that must succeed.

        Raises:
            InvalidInput: Terragrunt rejects the files.
        """
        finished = self.run(argv, folder)
        if finished.exit_code != 0:
            raise InvalidInput(f"terragrunt {' '.join(argv[1:3])} in {self.relative(folder)}: {self.why(finished)}")
        return finished.stdout

    def rendered(self, folder: Path) -> str:
        """Return the part of a unit's configuration that depends on no other unit, as JSON.

        Raises:
            InvalidInput: Terragrunt rejects it.
        """
        if (known := self._rendered.get(folder.resolve())) is not None:
            return known
        return self.read(commands.render(self.tools.terragrunt), folder)

    def known(self, folder: Path) -> str:
        """Return what `render_all` got of a unit's configuration; empty if nothing."""
        return self._rendered.get(folder.resolve(), "")

    def render_all(self, folder: Path) -> None:
        """Render all units below a folder at once. A rejected unit is rendered again alone, for its error."""
        self.run(commands.render_all(self.tools.terragrunt), folder)
        self._rendered |= recording.rendered(folder)

    def why(self, finished: Finished) -> str:
        """Return Terragrunt's errors, with paths as in the repository."""
        told = "; ".join(each.summary for each in answers.errors(finished.stderr)) or finished.stderr.strip()[-500:]
        return (
            answers.advised(told.replace(f"{self.infrastructure}/", "infrastructure/"))
            or f"exit code {finished.exit_code}"
        )

    def relative(self, folder: Path) -> str:
        """Return a folder with its path in the repository: infrastructure/live/dev."""
        return f"infrastructure/{folder.resolve().relative_to(self.infrastructure)}"


def find(terragrunt: Terragrunt, roots: Mapping[str, str]) -> Record:
    """Find the units in each environment's folder. Stacks are first generated into the files.

    Args:
        terragrunt: runs on the files of a release, with an empty git repository around them.
        roots: {environment: its folder, relative to infrastructure/}.

    Raises:
        InvalidInput: a folder is missing, the configuration is invalid, or a dependency is missing or cyclic.
        Unequipped: Terragrunt is missing, or its version cannot be used.
    """
    version = terragrunt.version()
    for environment, root in roots.items():
        if not (terragrunt.infrastructure / root).is_dir():
            raise InvalidInput(
                f"platform.yaml: terragrunt.root: {environment} has no folder infrastructure/{root}: "
                "make it, or correct root"
            )
    found = {environment: _environment(terragrunt, root) for environment, root in roots.items()}
    return Record(version, found)


def _environment(terragrunt: Terragrunt, root: str) -> FoundEnvironment:
    folder = terragrunt.infrastructure / root
    if any(folder.rglob(_STACK_FILE)):
        terragrunt.read(commands.generate(terragrunt.tools.terragrunt), folder)
    _refuse_mistakes(terragrunt, folder)
    items = answers.found(terragrunt.read(commands.find(terragrunt.tools.terragrunt), folder))
    every = answers.found(terragrunt.read(commands.find_all(terragrunt.tools.terragrunt), folder))
    if lost := sorted({item.path for item in every} - {item.path for item in items}):
        raise InvalidInput(f"infrastructure/{root}: these units depend on each other in a circle: {', '.join(lost)}")
    if not items:
        raise InvalidInput(f"infrastructure/{root}: Terragrunt finds no units there; correct terragrunt.root")
    _refuse_edges(root, items)
    terragrunt.render_all(folder)
    _refuse_mocks(terragrunt, folder, items)
    return FoundEnvironment(root, tuple(sorted(_units(root, items), key=lambda unit: unit.path)))


def _refuse_mistakes(terragrunt: Terragrunt, folder: Path) -> None:
    finished = terragrunt.run(commands.validate(terragrunt.tools.terragrunt), folder)
    if finished.exit_code == 0:
        return
    told = answers.mistakes(finished.stdout) or (terragrunt.why(finished),)
    shown = "\n".join(each.replace(f"{terragrunt.infrastructure}/", "infrastructure/") for each in told)
    raise InvalidInput(f"{terragrunt.relative(folder)}: Terragrunt rejects it:\n{answers.advised(shown)}")


def _refuse_mocks(terragrunt: Terragrunt, folder: Path, items: Sequence[Item]) -> None:
    """Check that no unit gets mocks whatever is applied: it could never be planned."""
    for item in items:
        text = "" if item.excluded else terragrunt.known(folder / item.path)
        for each in answers.configuration(text).dependencies if text else ():
            if each.mocks and each.skips_outputs:
                raise InvalidInput(
                    f"{terragrunt.relative(folder / item.path)}: dependency {each.name} skips outputs, so its mocks "
                    "would be applied: remove skip_outputs, or mock_outputs"
                )


def _units(root: str, items: Sequence[Item]) -> Iterator[FoundUnit]:
    taking_part = {item.path for item in items if not item.excluded}
    for item in items:
        needs = tuple(path for path in item.dependencies if path in taking_part)
        reading = (posixpath.normpath(posixpath.join(root, path)) for path in item.reading)
        yield FoundUnit(
            item.path, needs, tuple(sorted(each for each in reading if not each.startswith("../"))), {}, item.excluded
        )


def _refuse_edges(root: str, items: Sequence[Item]) -> None:
    """Check that every dependency is a unit: `find` lists missing ones as if they were units."""
    known = {item.path for item in items}
    stray = sorted((item.path, path) for item in items for path in item.dependencies if path not in known)
    for path, wanted in stray:
        why = "is in another environment" if wanted.startswith("../") else "is not a unit"
        raise InvalidInput(f"infrastructure/{root}/{path}: depends on {wanted}, which {why}: correct its config_path")
