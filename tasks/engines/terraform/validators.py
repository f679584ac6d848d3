"""Terraform's own validators: `fmt -check`, the root's tests, and tflint. `validate` is part of every plan.

Tests run without credentials: tests with mocked providers pass, and others reach nothing. Sources: the exit codes of
`terraform fmt -check` (3: unformatted); `terraform test -json` (lines as of every `-json`; a diagnostic names its
file and run); tflint (2: issues found).
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
    """Yield a finding for each file that `terraform fmt` would change."""
    for file in unformatted(workspace):
        yield Finding("fmt", "is not formatted; run: terraform fmt", file)


def tests(workspace: Workspace) -> Iterator[Finding]:
    """Run the root's own tests, and yield a finding for each failure, named by its run. Nothing without tests."""
    if not has_tests(workspace.folder):
        return
    argv = [executable(workspace), "test", "-json", "-no-color"]
    finished = validation.run(workspace, argv, good=(0, 1), **_fixed(workspace))
    lines = (json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{"))
    yield from (_failed(workspace, line) for line in lines if _is_error(line))


def lint(workspace: Workspace) -> Iterator[Finding]:
    """Run tflint on the root, and yield its findings. The root's `.tflint.hcl` applies."""
    finished = validation.run(workspace, ["tflint", "--format=sarif", "--no-color"], good=(0, 2), **_fixed(workspace))
    yield from validation.sarif(workspace, validation.parsed(finished, "tflint"))


def has_tests(folder: Path) -> bool:
    """Tell whether a root has tests where Terraform looks for them."""
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
