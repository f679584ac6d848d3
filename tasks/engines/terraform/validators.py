"""Terraform's own validators: `fmt -check`, the root's tests, and tflint. `validate` is a part of every plan.

Tests run without credentials: those that mock their providers pass, and no other reaches anything. Sources: the exit
codes of `terraform fmt -check` (3: unformatted), `terraform test -json` (lines as of every `-json`, a diagnostic with
the file and the run that it is about), tflint (2: issues found).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.platform import Level
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.terraform import surroundings
from tasks.engines.terraform.formatting import executable, unformatted

_TESTS = ("*.tftest.hcl", "*.tftest.json", "tests/*.tftest.hcl", "tests/*.tftest.json")


def formatting(workspace: Workspace) -> Iterator[Finding]:
    """The files that `terraform fmt` would write in another way."""
    for file in unformatted(workspace):
        yield Finding("fmt", "is not formatted; run: terraform fmt", file)


def tests(workspace: Workspace) -> Iterator[Finding]:
    """What failed of the root's own tests, each run by its name; nothing where it has none."""
    if not has_tests(workspace.folder):
        return
    argv = [executable(workspace), "test", "-json", "-no-color"]
    finished = validation.run(workspace, argv, good=(0, 1), **_fixed(workspace))
    lines = (json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{"))
    yield from (_failed(workspace, line) for line in lines if _is_error(line))


def lint(workspace: Workspace) -> Iterator[Finding]:
    """What tflint has against the root; a `.tflint.hcl` of the root counts."""
    finished = validation.run(workspace, ["tflint", "--format=sarif", "--no-color"], good=(0, 2), **_fixed(workspace))
    yield from validation.sarif(workspace, validation.parsed(finished, "tflint"))


def has_tests(folder: Path) -> bool:
    """Whether a root has tests where Terraform looks for them."""
    return any(True for pattern in _TESTS for _ in folder.glob(pattern))


def _fixed(workspace: Workspace) -> dict[str, str]:
    return surroundings.fixed(workspace.processes.environment)


def _is_error(line: Mapping[str, Any]) -> bool:
    return line.get("type") == "diagnostic" and line["diagnostic"]["severity"] == "error"


def _failed(workspace: Workspace, line: Mapping[str, Any]) -> Finding:
    found, run = line["diagnostic"], line.get("@testrun", "")
    place = found.get("range") or {}
    message = ": ".join(filter(None, [found["summary"], found.get("detail", "")]))
    file = validation.relative(workspace, place.get("filename") or line.get("@testfile", ""))
    return Finding(run or "test", message, file, place.get("start", {}).get("line", 0))


VALIDATORS: Mapping[str, Validator] = {
    "fmt": Validator(formatting, level=Level.WARN),
    "test": Validator(tests, level=Level.DENY),
    "tflint": Validator(lint, executable="tflint", level=Level.WARN),
}
