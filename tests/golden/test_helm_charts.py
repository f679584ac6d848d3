"""A chart's folder: which files it reads, how it is made whole, which values it gets."""

from __future__ import annotations

import io
import tarfile
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
        ({"name": "redis"}, "dependency redis is not in charts/: commit it, or name its repository"),
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


def test_an_environment_may_have_values_of_its_own() -> None:
    cart = REPOSITORY / "helm-charts/cart"
    assert charts.values_file(cart, "dev") == cart / "values/dev.yaml"
    assert charts.values_file(cart, "elsewhere") is None


def test_a_chart_that_is_named_twice_by_aliases_is_put_in_place_once(tmp_path: Path) -> None:
    chart(tmp_path, "base")
    whole = charts.assemble(chart(tmp_path, "cart", LIBRARY, LIBRARY), tmp_path / "out")
    assert [path.name for path in (whole / "charts").iterdir()] == ["base"]


def test_two_charts_of_one_name_are_both_put_in_place(tmp_path: Path) -> None:
    chart(tmp_path, "base")
    chart(tmp_path / "other", "base")
    other = {"name": "base", "repository": "file://../other/base"}
    whole = charts.assemble(chart(tmp_path, "cart", LIBRARY, other), tmp_path / "out")
    assert sorted(path.name for path in (whole / "charts").iterdir()) == ["base", "base-2"]


def test_a_chart_reads_every_file_in_it(tmp_path: Path) -> None:
    made = chart(tmp_path, "cart")
    (made / "README.md").write_text("a template may read it")
    assert "cart/README.md" in charts.reads(tmp_path, "cart")


def test_definitions_are_those_of_the_chart_and_its_dependencies(tmp_path: Path) -> None:
    archive = tmp_path / "cart-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        for name in (
            "cart/crds/a.yaml",
            "cart/charts/base/crds/b.yml",
            "cart/templates/crds/c.yaml",
            "cart/crds/d.md",
        ):
            text = f"apiVersion: v1\nkind: CustomResourceDefinition\nmetadata: {{name: {Path(name).stem}}}\n".encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text))
    assert [about.name for about in charts.definitions(archive)] == ["a", "b"]


def test_a_release_is_called_like_its_unit_unless_it_says_otherwise() -> None:
    assert charts.installation("cart", {"namespace": "shop"}).release == "cart"
    assert charts.installation("cart", {"namespace": "shop", "release": "basket"}).release == "basket"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "inputs.namespace is missing"),
        ({"namespace": "shop", "value": {}}, "inputs.value is not an input .* namespace, release, values"),
        ({"namespace": "shop", "values": [1]}, "inputs.values should be values"),
        (
            {"namespace": "shop", "release": "a" * 54},
            "inputs.release: helm takes no release called aaa.*; use at most 53",
        ),
        ({"namespace": "shop", "release": "Cart_1"}, "inputs.release: helm takes no release called Cart_1"),
    ],
)
def test_inputs_that_are_wrong_are_told(inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        charts.installation("cart", inputs)
