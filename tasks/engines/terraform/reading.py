"""Parse a plan of terraform's (`terraform show -json`) into our own, after checking its whole shape once. Pure.

Source of the shape: Terraform's "JSON Output Format". Minor versions of the format only add to it. An error cut short
a plan that is `errored`, so it does not show everything an apply would do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.errors import Refused
from tasks.domain.plan import Plan
from tasks.domain.release import Inputs
from tasks.engines.base import Workspace
from tasks.engines.terraform import answers, rollbacks, secrets
from tasks.engines.terraform.answers import Document
from tasks.engines.terraform.private import Private
from tasks.engines.terraform.text import text

_NOTHING_PRIVATE = Private()
_FORMATS = ("0", "1")
"""The major versions of the format that are supported. Terraform before 1.1 writes 0, with the same meaning."""


def document(answer: str) -> Document:
    """Parse the output of `terraform show -json` for a saved plan.

    Raises:
        Refused: the plan has another format or a wrong shape, or an error cut it short.
    """
    try:
        found = json.loads(answer)
    except ValueError as error:
        raise Refused(f"the plan cannot be read: {error}") from error
    if fault := next(_faults(found), ""):
        raise Refused(f"the plan cannot be read: {fault}")
    given = {key: value for key, value in found.items() if value is not None}
    return {**given, **{key: _without_nulls(given[key]) for key in _NESTED if key in given}}


def nothing_found(output: str) -> Document | None:
    """Return a minimal plan if the lines of `plan -json` say that it contains nothing, else None.

    Everything in a plan has a line of its own: changes, drift, outputs, actions, warnings of checks. So if all lines
    are about reading, `terraform show` is not needed. Source: Terraform's "Machine-Readable UI".
    """
    found = [*answers.lines(output)]
    version = next((line for line in found if line.get("type") == "version"), None)
    done = any(line.get("type") == "change_summary" for line in found)
    if version is None or not done or not all(map(_tells_nothing, found)):
        return None
    return {"terraform_version": version.get("terraform") or version.get("tofu", "")}


def plan_of(
    found: Document, workspace: Workspace, inputs: Inputs, basis: str, private: Private = _NOTHING_PRIVATE
) -> Plan:
    """Build the plan of a workspace's target.

    Args:
        found: the tool's own plan.
        workspace: the workspace that it was made in.
        inputs: the inputs that it was made with.
        basis: the state that it was made from, as `answers.basis` returns it.
        private: the values that encrypted files set.
    """
    foreseen = answers.foreseen_outputs(found)
    changes = answers.planned_changes(found)
    outputs = answers.changed_outputs(found)
    return Plan(
        target=workspace.target,
        engine=workspace.unit.engine,
        changes=changes,
        unit_digest=workspace.unit_digest,
        inputs_digest=inputs.digest,
        basis=basis,
        text=text(changes, outputs),
        reversibility=answers.reversibility(changes, workspace.unit.protected),
        changes_outputs=answers.changes_outputs(found),
        output_changes=outputs,
        outputs=None if foreseen is None else private.masked(foreseen),
        warnings=answers.warnings(found),
        unknown=answers.unknown(found),
        secrets=secrets.fingerprint(found, workspace.secret_key) + private.fingerprint(workspace.secret_key),
        state_changes=rollbacks.state_changes(found, secrets.of_plan(found)),
    )


_READING = ("version", "apply_start", "apply_progress", "apply_complete", "refresh_start", "refresh_complete")
"""The types of lines that report only reading. Those with `apply` are about data sources."""


def _tells_nothing(line: Mapping[str, Any]) -> bool:
    match line.get("type"):
        case "change_summary":
            return not any(count for count in line["changes"].values() if isinstance(count, int))
        case "outputs":
            return all(output.get("action") == "noop" for output in line["outputs"].values())
        case kind:
            return kind in _READING


_NESTED = ("prior_state", "configuration", "variables", "checks")
"""The parts of a plan that are only looked up in. Null means the same as a missing key there."""


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value if inner is not None] if isinstance(value, list) else value


def _faults(found: Any) -> Iterator[str]:
    """Yield what is wrong with a document."""
    if not isinstance(found, Mapping):
        yield "it is not an object"
        return
    version = str(found.get("format_version", ""))
    if version.partition(".")[0] not in _FORMATS:
        yield f"it has the format {version or 'of an unknown version'}, and 1.x is read; update flowmart"
    if found.get("errored"):
        yield "terraform ended with an error while it planned"
    for key in ("resource_changes", "resource_drift"):
        yield from (f"{key} has an entry that is none" for item in found.get(key) or () if not _is_change(item))
    outputs = found.get("output_changes") or {}
    for key in ("prior_state", "configuration", "variables"):
        if not isinstance(found.get(key, {}), Mapping | None):
            yield f"{key} is not an object"
    if not isinstance(outputs, Mapping) or not all(_has_actions(change) for change in outputs.values()):
        yield "output_changes has an entry that is none"


def _is_change(item: Any) -> bool:
    named = isinstance(item, Mapping) and all(isinstance(item.get(key), str) for key in ("address", "type"))
    return named and _has_actions(item.get("change"))


def _has_actions(change: Any) -> bool:
    actions = change.get("actions") if isinstance(change, Mapping) else None
    return isinstance(actions, list) and bool(actions) and all(isinstance(action, str) for action in actions)
