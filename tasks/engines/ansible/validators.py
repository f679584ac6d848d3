"""Run ansible-lint on a unit's playbooks: https://docs.ansible.com/projects/lint/.

Most of its rules are about style, so its default level is a warning. Whether a playbook can be parsed is checked by
the rehearsal or by `validate`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.ansible.options import AnsibleOptions
from tasks.engines.ansible.sources import REMOVAL, configuration
from tasks.engines.base import Finding, Validator, Workspace

_CAME_TO_A_RESULT = (0, 2)
"""Exit codes of a completed check. 0: no findings; 2: violations (ansible-lint's `RC`), or invalid arguments."""


def lint(workspace: Workspace) -> Iterator[Finding]:
    """Yield ansible-lint's findings for the unit's playbooks and the roles that they use. Nothing is downloaded."""
    playbook = workspace.options(AnsibleOptions).playbook
    playbooks = [name for name in (playbook, REMOVAL) if (workspace.folder / name).is_file()]
    config = configuration(workspace.infrastructure.resolve(), workspace.folder.resolve())
    # ansible-lint starts ansible-playbook, which is beside our interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), workspace.processes.environment.get("PATH", "")])
    variables = {"PATH": path, **({"ANSIBLE_CONFIG": str(config)} if config else {})}
    argv = ["ansible-lint", "--offline", "-q", "--nocolor", "--project-dir", ".", "--format", "sarif", *playbooks]
    finished = validation.run(workspace, argv, good=_CAME_TO_A_RESULT, **variables)
    yield from validation.sarif(workspace, validation.parsed(finished, argv[0]))


VALIDATORS = {"ansible-lint": Validator(lint, "ansible-lint", Level.WARN)}
