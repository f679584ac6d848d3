"""Looks for the units of a Terragrunt repository when a release is made; the record of that goes with the release.

    version ──▶ stacks generated ──▶ find, an environment at a time ──▶ edges checked ──▶ record

`find` is lenient: with a syntax error, an edge to nowhere or a circle it lists what it can and ends well; units in a
circle are not listed at all. So what it lists is checked here, and nothing is released that could not be planned.
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
    """Terragrunt at work on the files of a release, without any credentials."""

    def __init__(self, infrastructure: Path, tools: Tools, processes: Processes) -> None:
        self.infrastructure = infrastructure.resolve()
        self.tools = tools
        self._processes = processes
        self._rendered: dict[Path, str] = {}

    def version(self) -> str:
        """Its version.

        Raises:
            Unequipped: there is none, or it cannot be used.
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
        """Run it in a folder, to whatever end.

        Args:
            argv: the command.
            folder: where to run it.
            downloads: where it copies modules to.
            terraform: the Terraform that it runs; without one it gets one that has no outputs.
            more: variables besides.
        """
        kept = downloads or self.infrastructure.parent / "downloads"
        known = {**(more or {}), **commands.variables(terraform or str(self._without_outputs), kept)}
        known |= surroundings.fixed({**self._processes.environment, **known})
        return self._processes.run(Command(argv, folder, known, _SECONDS))

    @cached_property
    def _without_outputs(self) -> Path:
        """A Terraform that only knows its version: nothing is applied as far as it can tell, so nothing is asked."""
        asked = Command(commands.version(self.tools.terraform), self.infrastructure, time_limit=_SECONDS)
        printed = self._processes.run(asked).stdout
        return stand_ins.without_outputs(printed, self.infrastructure.parent / "terraform-without-outputs")

    def read(self, argv: tuple[str, ...], folder: Path) -> str:
        """What it prints when it ends well; `InvalidInput` says what it has against the files."""
        finished = self.run(argv, folder)
        if finished.exit_code != 0:
            raise InvalidInput(f"terragrunt {' '.join(argv[1:3])} in {self.relative(folder)}: {self.why(finished)}")
        return finished.stdout

    def rendered(self, folder: Path) -> str:
        """A unit's configuration as JSON, so far as it depends on no other; `InvalidInput` when it is rejected."""
        if (known := self._rendered.get(folder.resolve())) is not None:
            return known
        return self.read(commands.render(self.tools.terragrunt), folder)

    def render_all(self, folder: Path) -> None:
        """Render all units below a folder at once. One that is rejected is rendered, and named, by itself."""
        self.run(commands.render_all(self.tools.terragrunt), folder)
        self._rendered |= recording.rendered(folder)

    def why(self, finished: Finished) -> str:
        """Its errors, with paths as they are in the repository."""
        told = "; ".join(each.summary for each in answers.errors(finished.stderr)) or finished.stderr.strip()[-500:]
        return (
            answers.advised(told.replace(f"{self.infrastructure}/", "infrastructure/"))
            or f"exit code {finished.exit_code}"
        )

    def relative(self, folder: Path) -> str:
        """A folder as people know it: infrastructure/live/dev."""
        return f"infrastructure/{folder.resolve().relative_to(self.infrastructure)}"


def find(terragrunt: Terragrunt, roots: Mapping[str, str]) -> Record:
    """What there is in each environment's folder; stacks are generated into the files on the way.

    Args:
        terragrunt: at work on the files of a release, with an empty git repository around them.
        roots: {environment: its folder, relative to infrastructure/}.

    Raises:
        InvalidInput: a folder is missing, the configuration has a mistake, or edges lead nowhere or in a circle.
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
    return FoundEnvironment(root, tuple(sorted(_units(root, items), key=lambda unit: unit.path)))


def _refuse_mistakes(terragrunt: Terragrunt, folder: Path) -> None:
    finished = terragrunt.run(commands.validate(terragrunt.tools.terragrunt), folder)
    if finished.exit_code == 0:
        return
    told = answers.mistakes(finished.stdout) or (terragrunt.why(finished),)
    shown = "\n".join(each.replace(f"{terragrunt.infrastructure}/", "infrastructure/") for each in told)
    raise InvalidInput(f"{terragrunt.relative(folder)}: Terragrunt rejects it:\n{answers.advised(shown)}")


def _units(root: str, items: Sequence[Item]) -> Iterator[FoundUnit]:
    taking_part = {item.path for item in items if not item.excluded}
    for item in items:
        needs = tuple(path for path in item.dependencies if path in taking_part)
        reading = (posixpath.normpath(posixpath.join(root, path)) for path in item.reading)
        yield FoundUnit(
            item.path, needs, tuple(sorted(each for each in reading if not each.startswith("../"))), {}, item.excluded
        )


def _refuse_edges(root: str, items: Sequence[Item]) -> None:
    """Edges are checked here: `find` lists those that lead nowhere as if that were a unit."""
    known = {item.path for item in items}
    stray = sorted((item.path, path) for item in items for path in item.dependencies if path not in known)
    for path, wanted in stray:
        why = "is in another environment" if wanted.startswith("../") else "is not a unit"
        raise InvalidInput(f"infrastructure/{root}/{path}: depends on {wanted}, which {why}: correct its config_path")
