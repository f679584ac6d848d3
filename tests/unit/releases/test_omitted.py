"""Which units a release is made without where no chart repository may be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.releases import omitted
from tasks.releases.completion import completed
from tasks.releases.contents import File, content_digest, write
from tasks.settings import NO_CHARTS

ELSEWHERE = "https://charts.example"
PLATFORM = """
platform: shop
environments: {dev: {}, production: {}}
units:
  stack: {engine: helm, source: stack, environments: [dev], inputs: {namespace: stack}}
  own: {engine: helm, source: own, environments: [dev, production], inputs: {namespace: own}}
  rules: {engine: kustomize, source: rules, environments: [dev], needs: [stack]}
  alerts: {engine: kustomize, source: alerts, environments: [dev], needs: [rules]}
"""


def files(place: str = ELSEWHERE) -> tuple[File, ...]:
    texts = {
        "platform.yaml": PLATFORM,
        "stack/Chart.yaml": f"name: stack\nversion: 1.0.0\ndependencies: [{{name: lib, version: 1.0.0, "
        f"repository: '{place}'}}]\n",
        "own/Chart.yaml": "name: own\nversion: 1.0.0\n",
        "rules/kustomization.yaml": "resources: []\n",
        "alerts/kustomization.yaml": "resources: []\n",
    }
    return tuple(File(path, "file", text.encode()) for path, text in texts.items())


def made(folder: Path, place: str = ELSEWHERE, charts: str = NO_CHARTS) -> omitted.Omitted:
    """What the release says that was made."""
    return omitted.load(write(completed(files(place), lambda *_: "/nowhere", charts), folder))


def test_units_with_charts_from_elsewhere_and_what_needs_them_are_left_out(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert found.units == {"dev": ("stack", "rules", "alerts")}
    assert found.why == "FLOWMART_CHARTS=none when the release was made"
    assert found.in_("production") == ()


def test_a_release_without_them_is_another_one(tmp_path: Path) -> None:
    assert content_digest(completed(files(), lambda *_: "", NO_CHARTS)) != content_digest(files())


def test_nothing_is_written_where_nothing_is_left_out() -> None:
    own = (each for each in files() if each.path != "stack/Chart.yaml")
    whole = (*own, File("stack/Chart.yaml", "file", b"name: stack\nversion: 1.0.0\n"))
    assert completed(whole, lambda *_: "", NO_CHARTS) == whole


@pytest.mark.parametrize("charts", ["", "https://mirror.example"])
def test_without_leave_to_do_so_a_release_is_not_made(charts: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        completed(files(), lambda *_: "/nowhere/helm", charts)
    assert f"dependency lib 1.0.0 of {charts or ELSEWHERE} cannot be taken into the release" in str(raised.value)
    assert "or leave the unit out (FLOWMART_CHARTS=none)" in str(raised.value)
