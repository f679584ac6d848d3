"""The command over public charts: which folders are charts and kustomizations, and what each story's end means."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.public_charts.__main__ import counts, line
from tests.public_charts.sources import units_of, vendored
from tests.public_charts.story import End, Told, ended


def chart(folder: Path, *dependencies: dict[str, str], values: str = "", kind: str = "application") -> Path:
    folder.mkdir(parents=True)
    declared = {"apiVersion": "v2", "name": folder.name, "version": "1.0.0", "type": kind}
    (folder / "Chart.yaml").write_text(yaml.safe_dump({**declared, "dependencies": list(dependencies)}))
    (folder / "values.yaml").write_text(values)
    return folder


def base(folder: Path, *resources: str, kind: str = "Kustomization") -> None:
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"kind": kind, "resources": list(resources)}))


def test_charts_are_found_without_libraries_and_without_the_charts_inside_of_them(tmp_path: Path) -> None:
    charts = tmp_path / "argoproj/argo-helm/charts"
    chart(charts / "one")
    chart(charts / "one/charts/inside")
    chart(charts / "shared", kind="library")
    (found,) = units_of(tmp_path)
    assert (found.name, found.engine) == ("argoproj/argo-helm/charts/one", "helm")


def test_kustomizations_are_found_that_no_other_one_is_made_of(tmp_path: Path) -> None:
    examples = tmp_path / "kubernetes-sigs/kustomize/examples"
    base(examples / "shop/base")
    base(examples / "shop/overlay", "../base")
    base(examples / "shop/part", kind="Component")
    (found,) = units_of(tmp_path)
    assert found.name == "kubernetes-sigs/kustomize/examples/shop/overlay"
    assert found.folder == examples / "shop/overlay"


def test_dependencies_come_from_the_clones_with_their_own(tmp_path: Path) -> None:
    clones = tmp_path / "clones"
    chart(clones / "a/b/charts/second")
    chart(clones / "a/b/charts/first", {"name": "second", "version": "1.0.0", "repository": "https://somewhere"})
    whole = chart(tmp_path / "whole", {"name": "first", "version": "1.0.0", "repository": "https://somewhere"})
    assert vendored(whole, clones) == []
    assert (whole / "charts/first/charts/second/Chart.yaml").is_file()


def test_what_cannot_be_had_is_named_unless_it_is_off(tmp_path: Path) -> None:
    wanted = {"name": "first", "version": "1.0.0", "repository": "https://somewhere", "condition": "first.enabled"}
    on = chart(tmp_path / "on", wanted)
    off = chart(tmp_path / "off", wanted, values="first: {enabled: false}")
    assert vendored(on, tmp_path) == ["first"]
    assert vendored(off, tmp_path) == []
    assert yaml.safe_load((off / "Chart.yaml").read_text())["dependencies"] == []


@pytest.mark.parametrize(
    ("step", "wrong", "attempted", "end"),
    [
        ("promote", "the cluster knows no such kind", False, End.REFUSED),
        ("promote", "not ready within 60 s: Deployment/public/web", True, End.NOT_READY),
        ("promote", "field is immutable", True, End.FAILED),
        ("upgrade", "not ready within 60 s", True, End.FAILED),
        ("unchanged", "nobody touched Service/public/web", True, End.FAILED),
    ],
)
def test_only_what_is_refused_or_not_ready_at_first_is_no_failure(
    step: str, wrong: str, attempted: bool, end: End
) -> None:
    assert ended(step, wrong, attempted=attempted) is end


def test_every_end_is_counted() -> None:
    told = [Told(End.THROUGH, seconds=2.4), Told(End.REFUSED, "promote", "no such\n kind", 1.0)]
    assert counts(told) == [
        "   1 went through",
        "   0 incomplete",
        "   1 refused",
        "   0 not ready",
        "   0 failed",
        "   2 charts and kustomizations",
    ]
    assert line("one", told[0]) == "went through     2 s  one"
    assert line("two", told[1]) == "refused          1 s  two  promote: no such kind"
