"""The story of `python -m tests.public_charts`, told of a small chart and a small kustomization of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.public_charts.__main__ import told
from tests.public_charts.sources import PublicUnit
from tests.public_charts.story import End

SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {colour: blue}\n"


def chart(folder: Path) -> PublicUnit:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: own\nversion: 1.0.0\n")
    (folder / "templates/settings.yaml").write_text(
        SETTINGS.replace("NAME", "own, labels: {version: {{ .Chart.Version | quote }}}")
    )
    return PublicUnit("own/chart", "helm", folder, ".")


def kustomization(folder: Path, manifest: str) -> PublicUnit:
    (folder / "base").mkdir(parents=True)
    (folder / "base/settings.yaml").write_text(manifest)
    (folder / "base/kustomization.yaml").write_text("resources: [settings.yaml]\n")
    return PublicUnit("own/base", "kustomize", folder, "base")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the story sets is set back."""
    for name in ("KUBECONFIG", "FLOWMART_HELM", "FLOWMART_KUBECTL"):
        monkeypatch.setenv(name, "")


def test_a_chart_goes_through(tmp_path: Path) -> None:
    end = told(chart(tmp_path / "chart"), tmp_path / "story", tmp_path)
    assert end.end is End.THROUGH, end


def test_a_namespace_that_is_not_there_is_refused_before_anything_is_applied(tmp_path: Path) -> None:
    unit = kustomization(tmp_path / "base", SETTINGS.replace("NAME", "own, namespace: nowhere"))
    end = told(unit, tmp_path / "refused", tmp_path)
    assert end.end is End.REFUSED, end
    assert "has no namespace nowhere" in end.why


def test_what_fails_while_it_is_applied_is_not_called_refused(tmp_path: Path) -> None:
    unit = chart(tmp_path / "chart")
    hook = "own, namespace: nowhere, annotations: {helm.sh/hook: post-install}"
    (unit.root / "templates/hook.yaml").write_text(SETTINGS.replace("NAME", hook))
    end = told(unit, tmp_path / "story", tmp_path)
    assert end.end is End.FAILED, end
    assert "nowhere" in end.why
