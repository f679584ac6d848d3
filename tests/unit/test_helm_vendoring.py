"""Which charts are pulled into a release, and whether Chart.lock is about this Chart.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.domain.errors import InvalidInput
from tasks.engines.helm import charts
from tasks.engines.helm.vendoring import lock_digest

PLACE = "http://127.0.0.1:18999"
DECLARED: list[dict[str, Any]] = [
    {
        "name": "lib",
        "version": ">=1.0.0 <2",
        "repository": PLACE,
        "condition": "lib.enabled",
        "alias": "one",
        "tags": ["a", "b"],
        "import-values": ["x", {"parent": "p", "child": "c"}],
    },
    {"name": "lib", "version": "1.x.x", "repository": PLACE},
]
LOCKED = [{"name": "lib", "repository": PLACE, "version": "1.2.0"}] * 2
DIGEST = "sha256:c894ebfc8d94c7c9145d054ee040e4f3269b39bf5ac16e283ade70d2c84ee83b"
"""What helm 4.3.1 wrote into the Chart.lock of these."""


def chart(folder: Path, *dependencies: dict[str, Any]) -> Path:
    (folder / "charts").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump({"name": folder.name, "dependencies": list(dependencies)}))
    return folder


def test_the_digest_of_a_lock_is_helms() -> None:
    assert lock_digest(DECLARED, LOCKED) == DIGEST
    assert lock_digest([{**DECLARED[0], "version": ">=1.1.0 <2"}, DECLARED[1]], LOCKED) != DIGEST


@pytest.mark.parametrize(
    ("place", "pulled"),
    [("oci://here/charts", True), ("https://here", True), ("@here", True), ("alias:here", True), ("", False)],
)
def test_only_what_is_in_a_registry_or_a_repository_is_pulled(tmp_path: Path, place: str, pulled: bool) -> None:
    folder = chart(tmp_path / "shop", {"name": "lib", "version": "1.0.0", "repository": place})
    assert bool(charts.to_pull(folder)) is pulled


@pytest.mark.parametrize(
    ("there", "pulled"),
    [("lib-1.0.0.tgz", False), ("lib-v1.0.0.tgz", False), ("lib-extra-1.0.0.tgz", True), ("other/Chart.yaml", False)],
)
def test_what_charts_has_by_name_is_not_pulled(tmp_path: Path, there: str, pulled: bool) -> None:
    folder = chart(tmp_path / "shop", {"name": "lib", "version": "1.0.0", "repository": "https://here"})
    file = folder / "charts" / there
    file.parent.mkdir(exist_ok=True)
    file.write_text("name: lib\n")
    assert bool(charts.to_pull(folder)) is pulled


def test_a_dependency_from_nowhere_is_refused(tmp_path: Path) -> None:
    chart(tmp_path / "shop", {"name": "lib", "version": "1.0.0"})
    with pytest.raises(InvalidInput, match=r"dependency lib is not in charts/: commit it, or name its repository"):
        charts.reads(tmp_path, "shop")


def test_a_chart_whose_dependencies_are_not_there_cannot_be_put_together(tmp_path: Path) -> None:
    folder = chart(tmp_path / "shop", {"name": "lib", "version": "1.0.0", "repository": "https://here"})
    with pytest.raises(InvalidInput, match="dependency lib is not in the release; make the release again"):
        charts.assemble(folder, tmp_path / "whole")
