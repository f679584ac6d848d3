"""The dashboard of the delivery: its JSON is what the Python makes, and asks only for what is exported."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.metrics.test_alert_rules import exported, used

FILE = Path(__file__).parents[3] / "infrastructure/kubernetes/monitoring/delivery/delivery_dashboard.py"
DOCUMENT = json.loads(FILE.with_suffix(".json").read_text())

__all__ = ["exported"]


def panels() -> Iterator[tuple[str, str]]:
    for panel in DOCUMENT["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_the_json_is_what_the_python_makes() -> None:
    spec = importlib.util.spec_from_file_location("delivery_dashboard", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert json.loads(module.text()) == DOCUMENT, f"run: python {FILE.name} > {FILE.stem}.json"


@pytest.mark.parametrize(("title", "query"), panels(), ids=lambda value: str(value)[:20])
def test_panels_use_only_what_is_exported(title: str, query: str, exported: Mapping[str, set[str]]) -> None:
    known: Any = used(query.replace("$__rate_interval", "5m").replace("$__range", "7d"))
    assert known
    for name, labels in known:
        assert name in exported, title
        assert labels <= exported[name], title
