"""Check a unit's template with `packer fmt -check`, and for plugins without a pinned version.

`packer validate` is part of every plan that builds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.packer import sources

_EXACT = re.compile(r"=?\s*\d+\.\d+\.\d+(-[\w.]+)?")
_FORMATTED, _UNFORMATTED = 0, 3
"""Exit codes of `packer fmt -check` (its documentation)."""


def formatting(workspace: Workspace) -> Iterator[Finding]:
    """Yield the files that Packer would format differently."""
    for file in sorted(workspace.folder.glob("*.hcl")):
        argv = [workspace.executable, "fmt", "-check", file.name]
        finished = validation.run(workspace, argv, good=(_FORMATTED, _UNFORMATTED), CHECKPOINT_DISABLE="1")
        if finished.exit_code == _UNFORMATTED:
            message = f"is not formatted; run: packer fmt {file.name}"
            yield Finding("fmt", message, validation.relative(workspace, file.name))


def care(workspace: Workspace) -> Iterator[Finding]:
    """Yield the plugins whose version is not pinned."""
    for file in sources.templates(workspace.folder):
        place, document = validation.relative(workspace, file.name), sources.parsed(file)
        for name, version in _plugins(document):
            if not _EXACT.fullmatch(version):
                message = f'plugin {name} has the version {version or "of the day"!r}; pin it ("= X.Y.Z")'
                yield Finding("pinned-plugins", message, place)


def _plugins(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    blocks = [each for packer in document.get("packer", ()) for each in packer.get("required_plugins", ())]
    for block in blocks:
        for name, body in block.items():
            if isinstance(body, Mapping):
                yield name.strip('"'), str(body.get("version", "")).strip('"')


VALIDATORS = {
    "fmt": Validator(formatting, level=Level.WARN),
    "care": Validator(care, level=Level.WARN),
}
