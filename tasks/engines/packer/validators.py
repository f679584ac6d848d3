"""`packer fmt -check` on a unit's template. `packer validate` is a part of every plan that builds."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace

_FORMATTED, _UNFORMATTED = 0, 3
"""Exit codes of `packer fmt -check` (its documentation)."""


def formatting(workspace: Workspace) -> Iterator[Finding]:
    """The files that Packer would write in another way."""
    for file in sorted(workspace.folder.glob("*.hcl")):
        argv = [workspace.executable, "fmt", "-check", file.name]
        finished = validation.run(workspace, argv, good=(_FORMATTED, _UNFORMATTED), CHECKPOINT_DISABLE="1")
        if finished.exit_code == _UNFORMATTED:
            message = f"is not formatted; run: packer fmt {file.name}"
            yield Finding("fmt", message, validation.relative(workspace, file.name))


VALIDATORS = {"fmt": Validator(formatting, level=Level.WARN)}
