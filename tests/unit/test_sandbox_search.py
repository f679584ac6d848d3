"""Which search server the sandbox has, and how its shipper is led there."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from deployments import processes
from deployments.processes import Process
from deployments.sandbox import searching, shipping
from deployments.sandbox.layout import SandboxLayout
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.platform import Environment, Platform
from tests.unit.promotion.fakes import environment

PROJECT = Path(__file__).resolve().parents[2]
OWN = Process("opensearch", 1, 0.0, 9201)


def platform(*more: Environment) -> Platform:
    declared = environment("dev", elasticsearch=ElasticsearchServer("https://search.flowmart.example"))
    return Platform("fake", more or (declared,), ())


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxLayout:
    monkeypatch.delenv("FLOWMART_OPENSEARCH", raising=False)
    return SandboxLayout(tmp_path)


def test_the_profile_names_the_sandboxs_own(layout: SandboxLayout) -> None:
    found = searching.variables(layout, platform(), OWN, asked=True)
    assert found == {"FLOWMART_OPENSEARCH": "http://127.0.0.1:9201"}


def test_without_one_the_profile_says_so(layout: SandboxLayout) -> None:
    assert searching.variables(layout, platform(), None, asked=True) == {"FLOWMART_OPENSEARCH": "none"}


def test_a_platform_that_declares_none_needs_no_variable(layout: SandboxLayout) -> None:
    assert searching.variables(layout, platform(environment("dev")), None, asked=True) == {}


def test_the_users_own_server_is_taken_and_none_is_started(
    layout: SandboxLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_OPENSEARCH", "http://127.0.0.1:9999")
    assert not searching.starts(layout, platform())
    found = searching.variables(layout, platform(), None, asked=True)
    assert found == {"FLOWMART_OPENSEARCH": "http://127.0.0.1:9999"}
    assert searching.missing() == ""


def test_a_user_who_wants_none_gets_none(layout: SandboxLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_OPENSEARCH", "none")
    assert not searching.starts(layout, platform())
    assert searching.variables(layout, platform(), None, asked=True) == {"FLOWMART_OPENSEARCH": "none"}
    assert "stay as they are" in searching.missing()


def test_the_address_in_the_profile_of_a_sandbox_that_is_up_is_its_own(
    layout: SandboxLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.records.mkdir(parents=True)
    (layout.records / "opensearch.json").write_text(json.dumps(asdict(OWN)))
    assert processes.find(layout, "opensearch") == OWN
    monkeypatch.setenv("FLOWMART_OPENSEARCH", "http://127.0.0.1:9201")
    assert searching.chosen(layout) == ""


def test_the_shipper_is_configured_as_the_documentation_says(tmp_path: Path) -> None:
    example = statements((PROJECT / "docs/examples/logging/rsyslog.conf").read_text())
    ours = statements(shipping.configuration(Path("/var/spool/rsyslog"), Path("/var/log/flowmart"), 9200))
    assert ours.replace('workDirectory="/var/spool/rsyslog" ', "") == example.replace("flowmart-refused", "refused")


def test_a_folder_with_quotes_is_one_text(tmp_path: Path) -> None:
    text = shipping.configuration(tmp_path, Path('/a "b"'), 9200)
    assert 'file="/a \\"b\\"/flowmart-*.ndjson"' in text


def test_the_configuration_is_written_only_when_it_differs(tmp_path: Path) -> None:
    assert shipping.configure(tmp_path / "shipper", tmp_path, 9200)
    assert not shipping.configure(tmp_path / "shipper", tmp_path, 9200)
    assert shipping.configure(tmp_path / "shipper", tmp_path, 9201)


def statements(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(?m)^\s*#.*$", "", text)).strip()
