"""An engine in one file: a unit's source folder is copied to the folder that its input `folder` names.

The object is a file, its address the path below the folder. Which files are ours the receipt says: a file that the
next release drops is removed, whatever else is in the folder is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput, StalePlan
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines.base import Engine, Interface, Workspace
from tasks.engines.changes import listed
from tasks.engines.observations import verified

Texts = dict[str, str | None]
"""Path -> the text of the file; None: there is no such file."""


class Files:
    """The engine for units whose source is a folder of text files."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._folder = Path(workspace.unit.inputs["folder"])

    def validate(self) -> None:
        """The source folder has files."""
        if not self._source():
            raise InvalidInput(f"{self.workspace.target}: {self.workspace.unit.source} has no files; add one")

    def plan(self, inputs: Inputs) -> Plan:
        """The files that differ, and those that an earlier release brought and this one does not."""
        receipt = self.workspace.receipt
        return self._plan({**dict.fromkeys(receipt.outputs["files"] if receipt else ()), **self._source()}, inputs)

    def apply(self, plan: Plan) -> Applied:
        """Write and remove what was planned; `StalePlan` when a file is not what it was."""
        moved = [change.address for change in plan.changes if self._read(change.address) != _text(change.before)]
        if moved:
            raise StalePlan(f"{plan.target}: {', '.join(moved)} changed after the plan; plan again")
        for change in plan.changes:
            self._write(change.address, _text(change.after))
        return Applied(Outcome.SUCCEEDED, self._outputs())

    def observe(self, plan: Plan) -> Observation:
        """Compare every file with what was planned."""
        done = [self._read(change.address) == _text(change.after) for change in plan.changes]
        progress = Progress.DONE if all(done) else Progress.PARTIAL if any(done) else Progress.UNCHANGED
        return Observation(progress, self._outputs() if all(done) else {})

    def verify(self) -> Verification:
        """Whether a new plan is empty."""
        return verified(self.plan(self.workspace.inputs))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan:
        """Back to the earlier release's files, or to the texts that the baseline has; other new files go."""
        brought = dict.fromkeys(Files(failed)._source())
        before = to.data["files"] if isinstance(to, Baseline) else self._source() if to else {}
        return self._plan({**brought, **before}, self.workspace.inputs)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """The files that are not as the release has them: from what was applied to what is there."""
        put_right = self._plan(self._source(), self.workspace.inputs).changes
        return self._planned(tuple(change.reversed for change in put_right), self.workspace.inputs)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Nothing: files do not change by themselves."""
        return ()

    def adopt(self) -> Baseline | None:
        """The unit's files that exist already, with their texts, so that a rollback can return to them."""
        there = {path: text for path in self._source() if (text := self._read(path)) is not None}
        return Baseline(f"existing files: {', '.join(there)}", {"files": there}) if there else None

    def _plan(self, wanted: Texts, inputs: Inputs) -> Plan:
        found = ((path, self._read(path), text) for path, text in sorted(wanted.items()))
        changes = tuple(_change(path, before, after) for path, before, after in found if before != after)
        return self._planned(changes, inputs)

    def _planned(self, changes: tuple[Change, ...], inputs: Inputs) -> Plan:
        text = listed(changes, lambda change: [f"{change.action} {change.address}"])
        digests = (self.workspace.unit_digest, inputs.digest)
        return Plan(self.workspace.target, "files", changes, *digests, text=text)

    def _source(self) -> Texts:
        source = self.workspace.folder
        files = sorted(path for path in source.rglob("*") if path.is_file())
        return {path.relative_to(source).as_posix(): path.read_text() for path in files}

    def _read(self, path: str) -> str | None:
        file = self._folder / path
        return file.read_text() if file.is_file() else None

    def _write(self, path: str, text: str | None) -> None:
        file = self._folder / path
        if text is None:
            return file.unlink()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return None

    def _outputs(self) -> dict[str, Any]:
        return {"files": [path for path in self._source() if self._read(path) is not None]}


def _change(path: str, before: str | None, after: str | None) -> Change:
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    values = [None if text is None else {"text": text} for text in (before, after)]
    return Change(path, "file", action, *values)


def _text(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else str(value["text"])


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Every file below the source folder."""
    files = (path for path in (infrastructure / source).rglob("*") if path.is_file())
    return tuple(sorted(path.relative_to(infrastructure).as_posix() for path in files))


def interface(_: Path, __: str) -> Interface:
    """It takes a folder, and gives the files in it."""
    return Interface(accepts={"folder": "string"}, required=frozenset({"folder"}), gives={"files": "list"})


ENGINE = Engine(name="files", make=Files, reads=reads, interface=interface)
