"""Prepare a root: its inputs, its providers and modules, its backend and its workspace.

    inputs ──▶ decrypted files ──▶ kept init, or: version ──▶ init ──▶ backend check ──▶ workspace

This happens once per checkout. It happens again if inputs change that modules or the backend depend on.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from tasks.domain.errors import Refused, Unequipped
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform import (
    backends,
    builds,
    commands,
    configuration,
    decryption,
    installed,
    kept_inits,
    named_files,
    vendored,
    vendoring,
    versions,
)
from tasks.engines.terraform.decryption import Decrypted
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.private import Private

_plugin_cache = threading.Lock()


def one_at_a_time(environment: Mapping[str, str]) -> AbstractContextManager[object]:
    """Return a lock to hold during `init` if there is a plugin cache; else a context that does nothing.

    Terraform's documentation says that several inits must not use one plugin cache at the same time.
    """
    return _plugin_cache if "TF_PLUGIN_CACHE_DIR" in environment else nullcontext()


_DONE = Path(".terraform/flowmart-initialised")


class Root(Protocol):
    """A root that can be prepared."""

    def prepare(self, inputs: Inputs) -> None:
        """Prepare the root for a plan with these inputs."""

    @property
    def needs_inputs(self) -> bool:
        """Tell whether the root cannot be prepared without inputs."""

    @property
    def var_files(self) -> tuple[str, ...]:
        """The files of variables, as the command line names them."""

    @property
    def var_files_of_apply(self) -> tuple[str, ...]:
        """The files that an apply of a saved plan needs again; none unless the code has ephemeral variables."""


class Preparation:
    """Prepares the root of one workspace."""

    def __init__(self, workspace: Workspace, terraform: Execution) -> None:
        self._workspace = workspace
        self._terraform = terraform
        self._decrypted = Decrypted()

    def prepare(self, inputs: Inputs) -> None:
        """Write the inputs, and initialise the root unless that was done with the same dependencies.

        Raises:
            Unequipped: the installed version of the tool is not allowed here.
            Refused: the state would be lost, a provider's version is not allowed, or a file cannot be decrypted.
        """
        folder = self._workspace.folder
        if inputs.values:
            (folder / commands.VARIABLES_FILE).write_text(json.dumps(dict(inputs.values)))
        self._decrypt()
        done, made_with = folder / _DONE, self._made_with()
        if done.is_file() and done.read_text() == made_with:
            return
        locked = (folder / commands.LOCK_FILE).is_file()
        key = kept_inits.digest(self._workspace, self._command(as_json=True), made_with, self._around())
        if kept_inits.provide(key, folder):
            installed.refuse_others(folder, self._workspace.unit.source)
            return
        self._refuse_version()
        vendored.provide(self._workspace.infrastructure, self._workspace.unit.source)
        self._init()
        installed.refuse_others(folder, self._workspace.unit.source)
        if not locked:
            builds.note(folder)
        workspace = self._terraform.options.workspace or backends.DEFAULT
        if fault := backends.fault(backends.initialised(folder), workspace):
            raise Refused(f"{self._workspace.unit.source}: {fault}")
        self._select_workspace()
        done.parent.mkdir(exist_ok=True)
        done.write_text(made_with)
        if not self._terraform.options.backend_config:
            kept_inits.keep(key, folder, locked=locked)

    @property
    def needs_inputs(self) -> bool:
        """Tell whether modules or the backend depend on variables, so that `init` needs them."""
        folder = self._workspace.folder
        sources = [source for _, source in vendoring.sources(folder, self._workspace.infrastructure)]
        backend = backends.declared(folder)
        settings = [str(value) for value in backend.settings.values()] if backend else []
        return any("${" in text for text in (*sources, *settings))

    @property
    def var_files(self) -> tuple[str, ...]:
        """The files of variables, as the command line names them. The unit's inputs come last and take precedence."""
        workspace = self._workspace
        named = named_files.var_files(workspace.infrastructure, workspace.unit)
        readable = [self._decrypted.files.get(file, file) for file in named]
        found = tuple(os.path.relpath(file.resolve(), workspace.folder.resolve()) for file in readable)
        inputs = (workspace.folder / commands.VARIABLES_FILE).is_file()
        return (*found, *((commands.VARIABLES_FILE,) if inputs and found else ()))

    @property
    def var_files_of_apply(self) -> tuple[str, ...]:
        """The files that an apply of a saved plan needs again: no plan holds the values of ephemeral variables."""
        workspace = self._workspace
        named = named_files.var_files(workspace.infrastructure, workspace.unit)
        if not named or not configuration.has_ephemeral_variables(workspace.folder):
            return ()
        self._decrypt()
        return self.var_files

    def _made_with(self) -> str:
        """Return a digest of the inputs that `init` depends on."""
        file = self._workspace.folder / commands.VARIABLES_FILE
        content = file.read_bytes() if file.is_file() and self.needs_inputs else b""
        return hashlib.sha256(content).hexdigest()

    def _around(self) -> dict[str, str]:
        workspace = self._workspace
        return {**workspace.processes.environment, **self._terraform.variables(workspace.reading())}

    def _decrypt(self) -> None:
        """Decrypt the unit's encrypted files, and treat what they set as secrets."""
        named = named_files.var_files(self._workspace.infrastructure, self._workspace.unit)
        self._decrypted = decryption.provided(self._workspace, named)
        self._terraform.hide(Private(self._decrypted.values))

    def _refuse_version(self) -> None:
        workspace, terraform = self._workspace, self._terraform
        wanted = versions.wanted(
            workspace.infrastructure, workspace.unit.source, workspace.executable, terraform.options.version
        )
        if wanted is None:
            return
        found = json.loads(terraform.read(commands.version(workspace.executable)))["terraform_version"]
        try:
            allowed = wanted.allows(found)
        except ValueError as error:
            raise Refused(f"{workspace.unit.name}: {error}") from error
        if not allowed:
            raise Unequipped(
                f"{workspace.unit.name} wants version {wanted.constraint} ({wanted.where}), "
                f"and {workspace.executable} is {found}: install that version, "
                "or name it by FLOWMART_TERRAFORM or the option binary"
            )

    def _init(self) -> None:
        with one_at_a_time(self._workspace.processes.environment):
            argv = self._command(as_json=True)
            ended = self._terraform.run(argv, self._workspace.reading)
            if ended.exit_code == 1 and not ended.errors:  # Terraform before 1.9 does not know -json here.
                argv = self._command(as_json=False)
                ended = self._terraform.run(argv, self._workspace.reading)
        if ended.exit_code != 0:
            raise self._terraform.error(argv, ended)

    def _command(self, *, as_json: bool) -> tuple[str, ...]:
        workspace = self._workspace
        return commands.init(
            workspace.executable,
            as_json=as_json,
            backend_config=named_files.backend_arguments(workspace.infrastructure, workspace.unit),
            var_files=self.var_files,
            locked=(workspace.folder / commands.LOCK_FILE).is_file(),
        )

    def _select_workspace(self) -> None:
        """Select the unit's workspace. Creating one writes to the backend, so that uses the writing credentials."""
        workspace, name = self._workspace, self._terraform.options.workspace
        if not name:
            return
        argv = commands.workspace_select(workspace.executable, name)
        ended = self._terraform.run(argv, workspace.reading)
        if ended.exit_code == 0:
            return
        # Only OpenTofu reports a missing workspace as an error.
        if any("doesn't exist" not in item.summary for item in ended.errors):
            raise self._terraform.error(argv, ended)
        self._terraform.read(commands.workspace_new(workspace.executable, name), workspace.writing)
