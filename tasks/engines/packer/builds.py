"""Run Packer on a template: validate it, build with it, and handle what a failed build left behind."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped
from tasks.domain.outcome import Outcome
from tasks.engines.base import Variables, Workspace
from tasks.engines.packer import commands, errors, sources
from tasks.engines.packer.images import DIGEST, Image, Images
from tasks.engines.packer.leftovers import Leftovers
from tasks.engines.packer.options import PackerOptions
from tasks.engines.packer.paths import MANIFEST
from tasks.processes import Command, Finished

log = structlog.get_logger("flowmart.packer")


@dataclass(frozen=True)
class Built:
    """The result of a build: the ids of the image by region, and the id of its source image."""

    images: Mapping[str, str]
    source: str


class Builder:
    """Runs the installed Packer on one template."""

    def __init__(self, executable: str, workspace: Workspace) -> None:
        self._executable = executable
        self._workspace = workspace
        self._only = workspace.options(PackerOptions).only
        self._place = f"{workspace.unit.name} in {workspace.environment.name}"

    def check(self, variables: Path | None) -> None:
        """Let Packer validate the template with a file of variables; without one, only its syntax.

        Raises:
            Refused: Packer rejects the template.
            Unanswered: Packer was killed, or a server of its plugins did not respond.
            Unequipped: Packer is missing or has the wrong version.
        """
        template = self._template()
        given = str(variables) if variables else None
        self._asked(commands.validate(self._executable, template, given, self._only))

    def build(self, variables: Path) -> Built:
        """Build the image and return its ids from the manifest.

        Args:
            variables: the file with the values of the template's variables.

        Raises:
            Refused: the build failed, or wrote no manifest.
            Unanswered: AWS did not respond, or the build was interrupted.
        """
        manifest = self._workspace.folder / MANIFEST
        manifest.unlink(missing_ok=True)
        command = commands.build(self._executable, self._template(), str(variables), self._only)
        finished = self._run(command, self._workspace.writing)
        if finished.exit_code != 0:
            why = commands.errors(finished.stdout) if finished.stdout else finished.stderr.strip()
            own = commands.reasons(finished.stdout) if finished.stdout else why
            raise _kind(own, finished.exit_code)(f"packer build of {self._place}: {why or 'it was killed'}")
        if not manifest.exists():
            raise Refused(f"packer build of {self._place}: it wrote no {manifest.name} beside its template")
        return Built(*commands.built(manifest.read_text(), self._workspace.environment.region))

    def _template(self) -> str:
        """Return the argument for Packer. From 1.7 on, the template's plugins are installed first."""
        version = commands.parsed_version(self._asked(commands.version(self._executable)))
        template = sources.argument(self._workspace.folder, version)
        if version >= (1, 7) and sources.has_plugins(self._workspace.folder):
            self._asked(commands.init(self._executable, template))
        return template

    def _asked(self, argv: tuple[str, ...]) -> str:
        finished = self._run(argv, self._workspace.reading)
        if finished.exit_code != 0:
            why = commands.complaint(finished.stdout + finished.stderr)
            kind = Unequipped if commands.ANOTHER_VERSION in why else _kind(why, finished.exit_code)
            raise kind(f"packer {argv[1]} of {self._place}: {why or 'it gave no reason'}")
        return finished.stdout

    def _run(self, argv: tuple[str, ...], variables: Variables) -> Finished:
        if shutil.which(self._executable) is None:
            raise Unequipped(f"{self._executable} is missing: {commands.INSTALL}")
        around = {**_surroundings(self._workspace.processes.environment), **variables()}
        finished = self._workspace.processes.run(
            Command(argv, self._workspace.folder, around, self._workspace.unit.time_limit)
        )
        log.debug("ran", command=argv[1], seconds=round(finished.seconds, 2), exit_code=finished.exit_code)
        return finished


def _kind(why: str, exit_code: int) -> type[Refused] | type[Unanswered]:
    return Refused if errors.outcome_of(why, exit_code) is Outcome.FAILED else Unanswered


def remove_half_made(images: Images, name: str, owner: str) -> str:
    """After a failed build, remove the half-made image if there is one; return what was done as a line of text."""
    try:
        left = images.named(name, owner)
        if left is None:
            return ""
        images.remove(left)
        return f"\nThe image {left.id} that it had begun was deregistered."
    except FlowmartError as error:
        return f"\nWhether it left an image {name} is not known: {error}"


def described(leftovers: Leftovers) -> tuple[str, ...]:
    """Describe for a plan what killed builds left. The next build removes what is ours."""
    try:
        found = leftovers.find()
    except FlowmartError as error:
        return (f"what earlier builds left is not known: {error}",)
    ours = [f"{each} was left by a killed build: the next build removes it" for each in found if each.ours]
    others = [str(each) for each in found if not each.ours]
    named = f"{', '.join(others)}: maybe left by a killed build; delete them if no build is running"
    return (*ours, *([named] if others else []))


def source_in_manifest(workspace: Workspace, image: Image) -> str:
    """Return the id of the image's source from the manifest of its build; empty if the manifest does not have it."""
    manifest = workspace.folder / MANIFEST
    if not manifest.exists():
        return ""
    try:
        built, source = commands.built(manifest.read_text(), workspace.environment.region)
    except Refused:
        return ""
    return source if built[workspace.environment.region] == image.id else ""


def is_whole(image: Image, digest: str) -> bool:
    """Tell whether the build of this image finished: Packer tags it last."""
    return image.tags.get(DIGEST) == digest


def _surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for Packer. PATH starts with our interpreter's folder, to find the Ansible that we pin."""
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    return {"PATH": path, "CHECKPOINT_DISABLE": "1", "PACKER_NO_COLOR": "1"}
