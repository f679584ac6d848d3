"""A chart's folder: which files it reads, how it is made whole, which values it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.helm import charts

REPOSITORY = Path(__file__).parents[2] / "infrastructure"
LIBRARY = {"name": "base", "repository": "file://../base"}


def chart(folder: Path, name: str, *dependencies: dict[str, str]) -> Path:
    made = folder / name
    (made / "templates").mkdir(parents=True)
    listed = "".join(f"  - {{name: {d['name']}, repository: '{d.get('repository', '')}'}}\n" for d in dependencies)
    (made / "Chart.yaml").write_text(f"name: {name}\nversion: 1.0.0\n{'dependencies:' if listed else ''}\n{listed}")
    (made / "templates/it.yaml").write_text("kind: Nothing\n")
    return made


def test_a_service_reads_its_own_chart_and_the_library() -> None:
    found = charts.reads(REPOSITORY, "helm-charts/cart")
    assert "helm-charts/cart/values/dev.yaml" in found
    assert "helm-charts/flowmart-service/templates/_deployment.tpl" in found
    assert not [path for path in found if path.startswith("helm-charts/orders")]


def test_a_dependency_is_put_in_place_with_its_own(tmp_path: Path) -> None:
    chart(tmp_path, "deep")
    chart(tmp_path, "base", {"name": "deep", "repository": "file://../deep"})
    whole = charts.assemble(chart(tmp_path, "cart", LIBRARY), tmp_path / "out")
    assert (whole / "charts/base/charts/deep/Chart.yaml").is_file()


def test_assembling_again_starts_afresh(tmp_path: Path) -> None:
    chart(tmp_path, "base")
    source = chart(tmp_path, "cart", LIBRARY)
    left = charts.assemble(source, tmp_path / "out") / "charts/base/left.yaml"
    left.write_text("")
    charts.assemble(source, tmp_path / "out")
    assert not left.exists()


def test_what_helm_vendored_by_hand_does_not_come_between(tmp_path: Path) -> None:
    chart(tmp_path, "base")
    source = chart(tmp_path, "cart", LIBRARY)
    chart(source / "charts", "base")
    (source / "charts/base/old.yaml").write_text("")
    (source / "charts/base-1.0.0.tgz").write_text("")
    whole = charts.assemble(source, tmp_path / "out")
    assert [path.name for path in (whole / "charts").iterdir()] == ["base"]
    assert not (whole / "charts/base/old.yaml").exists()


@pytest.mark.parametrize(
    ("dependency", "told"),
    [
        ({"name": "redis", "repository": "https://charts.example"}, "dependency redis is not in charts/: vendor it"),
        ({"name": "base", "repository": "file://../nothing"}, "there is no chart in ../nothing"),
        ({"name": "cart", "repository": "file://../cart"}, "depends on itself"),
    ],
)
def test_a_chart_that_is_not_whole_is_told(dependency: dict[str, str], told: str, tmp_path: Path) -> None:
    chart(tmp_path, "cart", dependency)
    with pytest.raises(InvalidInput, match=told):
        charts.reads(tmp_path, "cart")


def test_a_dependency_outside_of_the_release_is_told(tmp_path: Path) -> None:
    chart(tmp_path, "base")
    chart(tmp_path / "infrastructure", "cart", {"name": "base", "repository": "file://../../base"})
    with pytest.raises(InvalidInput, match="outside of infrastructure/"):
        charts.reads(tmp_path / "infrastructure", "cart")


@pytest.mark.parametrize(
    ("base", "more", "together"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({}, {"a": 1}, {"a": 1}),
    ],
)
def test_values_are_merged_as_helm_does(base: dict[str, Any], more: dict[str, Any], together: dict[str, Any]) -> None:
    assert charts.merged(base, more) == together


def test_the_environments_values_come_below_those_of_the_inputs() -> None:
    found = charts.values(REPOSITORY / "helm-charts/cart", "dev", {"service": {"env": {"CARTS_TABLE": "carts"}}})
    assert found["service"]["env"] == {"LOG_LEVEL": "debug", "CARTS_TABLE": "carts"}
    assert charts.values(REPOSITORY / "helm-charts/cart", "elsewhere", {}) == {}


def test_a_release_is_called_like_its_unit_unless_it_says_otherwise() -> None:
    assert charts.installation("cart", {"namespace": "shop"}).release == "cart"
    assert charts.installation("cart", {"namespace": "shop", "release": "basket"}).release == "basket"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "inputs.namespace is missing"),
        ({"namespace": "shop", "value": {}}, "inputs.value is no input .* namespace, release, values"),
        ({"namespace": "shop", "values": [1]}, "inputs.values should be values"),
    ],
)
def test_inputs_that_are_wrong_are_told(inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        charts.installation("cart", inputs)
