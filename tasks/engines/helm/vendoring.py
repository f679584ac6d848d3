"""Pulls the charts that a chart depends on from registries and repositories into the release.

The content of a version in a repository may change; a release may not. So when a release is made, helm pulls each
dependency once, at the version in Chart.lock. The archives become files of the release, in charts/ where helm looks.

helm itself logs in, with what `helm registry login` and `helm repo add` left in its configuration. A repository that
was never added is used without a login.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.cluster.documents import document
from tasks.domain.errors import FlowmartError, InvalidInput, of_input
from tasks.domain.platform import Unit
from tasks.engines.base import Fetching
from tasks.engines.helm import charts
from tasks.engines.helm.errors import failure, why
from tasks.processes import Command, Processes
from tasks.run_folder import run_folder

_TIME_LIMIT = 300.0
"""The time limit of each helm command, in seconds."""
_REGISTRY = "oci://"
_ALIASES = ("@", "alias:")
"""How Chart.yaml names a repository by the alias that `helm repo add` gave it."""
_REPOSITORY = "flowmart"
"""The temporary name of the repository that a chart is pulled from."""
_TODO = (
    "make it reachable, log in (helm registry login, helm repo add), commit it to charts/, or leave the unit out "
    "(FLOWMART_CHARTS=none)"
)
_NOT_UPDATED = re.compile(r"^\.\.\.Unable to get an update from the .*:\n\s+(.*)$", re.MULTILINE)
_FIELDS = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")
"""The fields of a dependency, in the order in which helm writes them (pkg/chart/v2/dependency.go)."""
_WRITTEN_ALWAYS = ("name", "repository")


@dataclass(frozen=True)
class _Wanted:
    """A chart to pull: its name, place and version (or range of versions), and the chart that needs it."""

    name: str
    place: str
    version: str
    chart: Path

    @property
    def description(self) -> str:
        """The chart in words, for messages."""
        return f"{self.name} {self.version} of {self.place}"


def pulls(root: Path, unit: Unit) -> tuple[str, ...]:
    """Describe the charts that have to be pulled for a unit, one text each.

    Args:
        root: the folder that sources are relative to.
        unit: the unit.
    """
    return tuple(wanted.description for chart in _charts(root, unit) for wanted in _wanted(chart))


def vendor(root: Path, unit: Unit, fetching: Fetching) -> None:
    """Pull the charts that a unit depends on into the checkout of a release that is being made.

    Args:
        root: the folder that sources are relative to.
        unit: the unit.
        fetching: the helm to use, and the chart repository to use instead of those that charts name.

    Raises:
        InvalidInput: a chart cannot be pulled, or Chart.lock does not match Chart.yaml.
        Unanswered: its repository does not respond.
    """
    for chart in _charts(root, unit):
        for wanted in _wanted(chart):
            asked = replace(wanted, place=fetching.charts or wanted.place)
            try:
                _pull(asked, fetching.executable, fetching.processes)
            except FlowmartError as error:
                told = f"{unit.source}: dependency {asked.description} cannot be taken into the release: {error}"
                raise of_input(error, f"{told}; {_TODO}") from error


def _charts(root: Path, unit: Unit) -> Iterable[Path]:
    return dict.fromkeys(charts.folders((root / unit.source).resolve()))


def _wanted(chart: Path) -> Iterator[_Wanted]:
    missing = charts.to_pull(chart)
    locked = _locked(chart) if missing else {}
    for each in missing:
        name, place = str(each["name"]), str(each["repository"])
        yield _Wanted(name, place, locked.get((name, place)) or str(each.get("version") or ""), chart)


def _locked(chart: Path) -> Mapping[tuple[str, str], str]:
    """Return the versions in Chart.lock by name and repository; empty if there is no Chart.lock."""
    file = chart / "Chart.lock"
    if not file.is_file():
        return {}
    lock = document(file.read_text()) or {}
    found = lock.get("dependencies") or []
    if lock.get("digest") != lock_digest(charts.declared(chart), found):
        told = f"{file}: is not about the dependencies of Chart.yaml any more"
        raise InvalidInput(f"{told}; run helm dependency update, and commit Chart.lock")
    return {(str(each["name"]), str(each.get("repository") or "")): str(each["version"]) for each in found}


def lock_digest(declared: Sequence[Mapping[str, Any]], locked: Sequence[Mapping[str, Any]]) -> str:
    """Compute the digest that helm writes into Chart.lock (internal/resolver, HashReq).

    Args:
        declared: the dependencies in Chart.yaml.
        locked: the dependencies in Chart.lock.
    """
    both = [[_as_written(each) for each in part] for part in (declared, locked)]
    text = json.dumps(both, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        # Go escapes these characters in JSON.
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _as_written(dependency: Mapping[str, Any]) -> dict[str, Any]:
    found = {field: _sorted(dependency.get(field) or "") for field in _FIELDS}
    return {field: value for field, value in found.items() if value or field in _WRITTEN_ALWAYS}


def _sorted(value: Any) -> Any:
    """Sort the keys of mappings, as Go does when it writes JSON."""
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def _pull(wanted: _Wanted, executable: str, processes: Processes) -> None:
    into = wanted.chart / "charts"
    into.mkdir(exist_ok=True)
    with run_folder("charts") as folder:
        run = _Helm(executable, folder, processes)
        pulled = ("--destination", str(into), *(("--version", wanted.version) if wanted.version else ()))
        if wanted.place.startswith(_REGISTRY):
            run("pull", f"{wanted.place.rstrip('/')}/{wanted.name}", *pulled)
            return
        run.ask_only(wanted.place)
        run("repo", "update", _REPOSITORY)
        run("pull", f"{_REPOSITORY}/{wanted.name}", *pulled)


class _Helm:
    """helm with its own repository configuration in a folder; its logins are the user's."""

    def __init__(self, executable: str, folder: Path, processes: Processes) -> None:
        self._executable, self._folder, self._processes = executable, folder, processes
        self._own: dict[str, str] = {}

    def __call__(self, *arguments: str) -> str:
        """Run a helm command and return its output; `InvalidInput` or `Unanswered` carries helm's reason."""
        command = Command((self._executable, *arguments), self._folder, self._own, _TIME_LIMIT)
        finished = self._processes.run(command)
        if finished.exit_code != 0:
            # `helm repo update` writes its reason to standard output, and only that there is one to standard error.
            told = _NOT_UPDATED.search(finished.stdout)
            said = told[1] if told else finished.stderr
            raise of_input(failure("helm", finished.exit_code, said), why(said))
        return finished.stdout

    def ask_only(self, place: str) -> None:
        """Configure only the repository at `place`, with the login that the user's configuration has for it."""
        file = self._folder / "repositories.yaml"
        entry = {**self._known(place), "name": _REPOSITORY}
        file.write_text(json.dumps({"apiVersion": "", "repositories": [entry]}))
        self._own |= {
            "HELM_REPOSITORY_CONFIG": str(file),
            "HELM_REPOSITORY_CACHE": str(self._folder / "repository"),
        }

    def _known(self, place: str) -> Mapping[str, Any]:
        file = Path(self("env", "HELM_REPOSITORY_CONFIG").strip())
        known = (document(file.read_text()) or {}).get("repositories") or [] if file.is_file() else []
        alias = next((place.removeprefix(mark) for mark in _ALIASES if place.startswith(mark)), "")
        for entry in known:
            if entry["name"] == alias or (not alias and entry["url"].rstrip("/") == place.rstrip("/")):
                return dict(entry)
        if alias:
            raise InvalidInput(f"helm knows no repository {alias} (helm repo add {alias} ADDRESS)")
        return {"url": place}
