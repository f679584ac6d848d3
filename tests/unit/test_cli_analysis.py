"""`flowmart analysis try`: the analysis of the working tree's platform.yaml, judged on the past."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import cli
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import PrometheusDouble, Said
from tests.formats import outputs

PLATFORM = """
platform: shop
monitoring: {{prometheus: {{url: '{url}'}}}}
environments:
  production: {{after: dev}}
  dev: {{analysis: {{metrics: [{{name: depth, query: max(depth), at_most: 5}}]}}}}
units:
  cart:
    engine: kustomize
    source: cart
    environments: [dev]
    analysis:
      for: 1h
      window: 10m
      metrics: [{{name: errors, query: 'sum(rate(errors[{{window}}]))', at_most: 1}}]
  mail: {{engine: kustomize, source: mail, environments: [dev]}}
  shop:
    engine: kustomize
    source: shop
    environments: [dev, production]
    analysis: {{metrics: [{{name: errors, query: errors, at_most: 1, environments: [production]}}]}}
"""


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrometheusDouble]:
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(tmp_path))
    with prometheus_server.serving() as found:
        found.now = time.time
        for unit in ("cart", "mail", "shop"):
            (tmp_path / "infrastructure" / unit).mkdir(parents=True)
            (tmp_path / "infrastructure" / unit / "kustomization.yaml").touch()
        (tmp_path / "infrastructure" / "platform.yaml").write_text(PLATFORM.format(url=found.url))
        yield found


def tried(capsys: pytest.CaptureFixture[str], *typed: str) -> list[str]:
    capsys.readouterr()
    assert cli.run(["analysis", "try", *typed, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    outputs.check("analysis try", found)
    return [each["verdict"] for each in found["tried"]]


def test_imagined_applies_are_judged(double: PrometheusDouble, capsys: pytest.CaptureFixture[str]) -> None:
    turn = time.time() - 6 * 3600
    double.values = {"errors": lambda at: 5.0 if at > turn else 0.0}
    verdicts = tried(capsys, "cart", "dev", "--since", "12h")
    assert (verdicts[0], verdicts[-1]) == ("passed", "failed")
    assert verdicts == sorted(verdicts, reverse=True)


def test_the_analysis_of_an_environment_is_tried_too(
    double: PrometheusDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    double.values = {"depth": lambda _: 1.0}
    assert {*tried(capsys, "environment", "dev", "--since", "3h")} == {"passed"}


def test_what_was_not_good_is_shown_with_its_time(
    double: PrometheusDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["analysis", "try", "cart", "dev", "--since", "5h"]) == 0
    printed = capsys.readouterr().out
    assert "4 imagined applies: 0 passed, 0 failed, 4 inconclusive" in printed
    assert "unknown, no data" in printed


def test_where_no_metric_is_asked_nothing_has_passed(
    double: PrometheusDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["analysis", "try", "shop", "dev"]) == 64
    assert "dev/shop: no metric of its analysis is asked in dev" in capsys.readouterr().err


def test_a_server_that_is_away_has_no_past(double: PrometheusDouble, capsys: pytest.CaptureFixture[str]) -> None:
    double.instead = lambda _: Said(503)
    assert cli.run(["analysis", "try", "cart", "dev", "--since", "5h"]) == 3
    assert "503" in capsys.readouterr().err
    assert len(double.asked) < 5


def test_a_query_that_the_server_refuses_is_a_mistake(
    double: PrometheusDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Said(400, b'{"status": "error", "errorType": "bad_data", "error": "no such function"}')
    double.instead = lambda request: refused if "errors" in request.fields.get("query", "") else None
    assert cli.run(["analysis", "try", "cart", "dev", "--since", "5h"]) == 64
    assert "dev/cart: metric errors: " in capsys.readouterr().err


def test_a_unit_without_an_analysis_is_refused(double: PrometheusDouble, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["analysis", "try", "mail", "dev"]) == 64
    assert "dev/mail: has no analysis" in capsys.readouterr().err
