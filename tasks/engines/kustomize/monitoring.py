"""Validates what a kustomization brings for monitoring: alert rules and dashboards; `routes` covers Alertmanager.

The API server accepts a PrometheusRule with a misspelt key, and its operator leaves the rule out. A wrong query in a
dashboard is an empty panel. So promtool checks the groups of every PrometheusRule. It also runs the `*.test.yml`
beside the kustomization and beside those that it includes. Each query of every dashboard is parsed. If the
environment has a Prometheus, it runs the query too, because it knows which functions its version has.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from tasks.domain.errors import Unanswered
from tasks.engines import validation
from tasks.engines.base import Finding, Validator, Workspace
from tasks.engines.kustomize.manifests import beside, objects
from tasks.engines.kustomize.routes import routes
from tasks.monitoring import queries
from tasks.monitoring.answers import QueryRefused
from tasks.run_folder import run_folder

log = structlog.get_logger("flowmart.kustomize")

_GOOD, _WRONG, _LINT = 0, 1, 3
"""Exit codes of promtool (`cmd/promtool/main.go`)."""

_DASHBOARD = "grafana_dashboard"
"""The label by which Grafana's sidecar finds dashboards; the chart's default."""

_DURATIONS = re.compile(r"\$(?:__\w+|\{__\w+(?::\w+)?\}|(?:\{)?(?:interval|resolution)(?:\})?)")
_VARIABLES = re.compile(r"\$\{\w+(?::\w+)?\}|\$\w+|\[\[\w+\]\]")


@dataclass(frozen=True)
class _Query:
    """A query that parses.

    Attributes:
        file: the file of its dashboard.
        description: the query and its panel, for messages.
        meant: the query with values for its variables.
    """

    file: str
    description: str
    meant: str


def rules(workspace: Workspace) -> Iterator[Finding]:
    """Yield what promtool reports about the rules, and the tests of them that fail."""
    found: dict[str, list[Any]] = {}
    for file, rule in objects(workspace, "PrometheusRule", "PrometheusRule"):
        found.setdefault(file, []).extend((rule.get("spec") or {}).get("groups") or ())
    tests = beside(workspace, "*.test.y*ml")
    if not found and not tests:
        return
    with run_folder("rules") as folder:
        for file, groups in found.items():
            place = _placed(folder, file)
            place.write_text(json.dumps({"groups": groups}))
            yield from _found(workspace, "check", place, folder, file)
        for test in tests:
            place = Path(shutil.copy(workspace.infrastructure / test, _placed(folder, test)))
            yield from _found(workspace, "test", place, folder, test)


def dashboards(workspace: Workspace) -> Iterator[Finding]:
    """Report dashboards that are not valid JSON, and queries that are not valid PromQL or that Prometheus rejects."""
    right: list[_Query] = []
    for file, manifest in objects(workspace, _DASHBOARD, "ConfigMap"):
        if _DASHBOARD not in (manifest.get("metadata", {}).get("labels") or {}):
            continue
        for name, text in (manifest.get("data") or {}).items():
            yield from _in_dashboard(file, name, text, right)
    yield from _refused(workspace, right)


def _in_dashboard(file: str, name: str, text: str, right: list[_Query]) -> Iterator[Finding]:
    try:
        dashboard = json.loads(text)
    except ValueError as error:
        yield Finding("json", f"{name} is not valid JSON: {error}", file)
        return
    for title, query in _panels(dashboard.get("panels") or () if isinstance(dashboard, Mapping) else ()):
        # A variable's value is not known; it may be a name or a number.
        meant = [_VARIABLES.sub(value, _DURATIONS.sub("5m", query)) for value in ("a", "1")]
        faults = [queries.fault(each) for each in meant]
        told = f"{name}, panel {title!r}: {query!r}"
        if all(faults):
            yield Finding("promql", f"{told} {faults[0]}", file)
        else:
            right.append(_Query(file, told, meant[faults.index("")]))


def _refused(workspace: Workspace, asked: Sequence[_Query]) -> Iterator[Finding]:
    """Yield the queries that the environment's Prometheus rejects; if it does not respond, no query is reported."""
    if workspace.prometheus is None or not asked:
        return
    try:
        server = workspace.prometheus()
        for query in asked:
            try:
                server.instant(query.meant)
            except QueryRefused as error:
                yield Finding("refused", f"{query.description}: {error}", query.file)
    except Unanswered as error:
        log.warning("dashboards not asked", unit=workspace.unit.name, what=str(error))


def _panels(panels: Any) -> Iterator[tuple[str, str]]:
    """Yield (title, query) of all panels, including those in collapsed rows."""
    for panel in panels:
        for target in panel.get("targets") or ():
            source = (
                (target.get("datasource") or panel.get("datasource") or {}) if isinstance(target, Mapping) else {}
            )
            kind = source.get("type", "prometheus") if isinstance(source, Mapping) else "prometheus"
            if kind == "prometheus" and target.get("expr"):
                yield str(panel.get("title", "")), str(target["expr"])
        yield from _panels(panel.get("panels") or ())


def _placed(folder: Path, file: str) -> Path:
    """Return where to put a file, keeping its relative path so that tests find their rules."""
    place = folder / file
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _found(workspace: Workspace, verb: str, place: Path, folder: Path, file: str) -> Iterator[Finding]:
    argv = ["promtool", verb, "rules", str(place)]
    finished = validation.run(workspace, argv, good=(_GOOD, _WRONG, _LINT))
    if finished.exit_code != _GOOD:
        said = (finished.stderr.strip() or finished.stdout.strip()).replace(f"{folder}/", "")
        yield Finding(verb, said[-1500:], file)


VALIDATORS = {
    "promtool": Validator(rules, executable="promtool"),
    "amtool": Validator(routes, executable="amtool"),
    "dashboards": Validator(dashboards),
}
