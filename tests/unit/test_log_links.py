"""Reports, `flowmart show` and the board lead to exactly the lines of their run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments import cli
from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Environment
from tasks.domain.release import Target
from tasks.github import plans
from tasks.ledger.history import History
from tasks.promotion.promotion import plan_and_test
from tasks.promotion.session import opened
from tasks.reports import log_links, pull_requests
from tasks.reports.artifacts import Page
from tasks.reports.reporter import RunReporter
from tests.doubles.memory_store import MemoryStore
from tests.platforms.mini import MiniPlatform
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import environment
from tests.unit.test_cli import verify

RUN = "0192a1b2-0000-7000-8000-00000000abcd"
LINKED = Environment("dev", log_link="https://kibana.example/x?q=trace.id:{trace}")
CHECK = CheckResult("health", "http", Outcome.SUCCEEDED, "200", "200", 1, 0.5)
BY_CLAIM = Environment("dev", log_link="https://kibana.example/x?q=transaction.id:{claim}")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore())


def declared(mini: MiniPlatform, logging: str) -> None:
    file = mini.repository / "infrastructure/platform.yaml"
    file.write_text(f"{file.read_text()}\nlogging: {logging}\n")


def test_a_link_has_the_id_as_the_log_has_it() -> None:
    assert log_links.link(LINKED, run=RUN) == f"https://kibana.example/x?q=trace.id:{RUN.replace('-', '')}"
    assert log_links.link(BY_CLAIM, claim="dev/3") == "https://kibana.example/x?q=transaction.id:dev%2F3"


def test_a_link_is_not_made_of_an_id_that_is_not_known() -> None:
    assert log_links.link(LINKED, claim="dev/3") == ""
    assert log_links.link_or_command(LINKED, claim="dev/3") == "flowmart logs dev/3"
    assert log_links.link_or_command(Environment("dev"), run=RUN) == f"flowmart logs {RUN}"
    assert log_links.link_or_command(LINKED) == ""


def test_environments_say_only_what_differs(tmp_path: Path) -> None:
    mini = MiniPlatform(tmp_path)
    declared(mini, "{link: 'https://logs.{environment}.example/{trace}'}")
    found = manifest.load(mini.repository / "infrastructure")
    assert [each.log_link for each in found.environments][:1] == ["https://logs.dev.example/{trace}"]
    assert all(each.elasticsearch is None for each in found.environments)


@pytest.mark.parametrize(
    "link",
    [
        "https://kibana.example/app/discover#/?_a=(query:(language:kuery,query:'trace.id:{trace}'))",
        "https://logs.example/search?q={trace}",
    ],
)
def test_a_link_may_have_a_query_and_a_fragment(tmp_path: Path, link: str) -> None:
    mini = MiniPlatform(tmp_path)
    declared(mini, f'{{link: "{link}"}}')
    assert manifest.load(mini.repository / "infrastructure").environments[0].log_link == link


def test_a_placeholder_that_nobody_fills_in_is_a_mistake(tmp_path: Path) -> None:
    mini = MiniPlatform(tmp_path)
    declared(mini, "{link: 'https://logs.example/{tracee}'}")
    with pytest.raises(InvalidInput, match=r"link.*\{tracee\}.*\{trace\}"):
        manifest.load(mini.repository / "infrastructure")


@pytest.mark.parametrize(
    ("logging", "expected"),
    [
        ("{link: 'https://kibana.example/{trace}'}", f"(https://kibana.example/{RUN.replace('-', '')})"),
        ("{}", f"`flowmart logs {RUN}`"),
    ],
)
def test_a_page_of_the_run_history_leads_to_the_log(tmp_path: Path, logging: str, expected: str) -> None:
    mini, pages = MiniPlatform(tmp_path), list[Page]()
    declared(mini, logging)
    RunReporter(mini.settings, pages.append, run=RUN).checked(Target("a", "dev", "first"), [CHECK])
    assert expected in pages[0].text


def test_outside_of_a_run_a_page_leads_nowhere(tmp_path: Path) -> None:
    mini, pages = MiniPlatform(tmp_path), list[Page]()
    RunReporter(mini.settings, pages.append).checked(Target("a", "dev", "first"), [CHECK])
    assert "og of this run" not in pages[0].text


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://kibana.example/{trace}", f"[Log of this run](<https://kibana.example/{RUN.replace('-', '')}>)"),
        ("", f"Log of this run: `flowmart logs {RUN}`"),
        ("https://kibana.example/>) [x](<{trace}", "Log of this run: `https://kibana.example/>) [x]("),
    ],
)
def test_a_comment_on_a_pull_request_leads_to_the_log_of_exactly_its_run(shop: Shop, link: str, shown: str) -> None:
    shop.environments = (environment("dev", log_link=link),)
    shop.runtime = replace(shop.runtime, run=RUN)
    release = shop.release("blue", *shop.units())
    with opened(shop.runtime, release, "dev") as run:
        report = pull_requests.of_steps(run, *plan_and_test(run, shop.executor))
    assert shown in plans.comment(plans.Head("a" * 40, release, ""), [report])


@pytest.mark.parametrize("with_link", [True, False])
def test_what_is_shown_leads_to_its_lines(
    tmp_path: Path, with_link: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mini = MiniPlatform(tmp_path)
    if with_link:
        declared(mini, "{link: 'https://kibana.example/{release}'}")
    for name, value in {"PROFILE": "none", "REPOSITORY": str(mini.repository), "STORE": mini.settings.store}.items():
        monkeypatch.setenv(f"FLOWMART_{name}", value)
    release = mini.release("Paint it blue")
    verify(mini, "dev", release)

    def shown(*typed: str) -> Any:
        capsys.readouterr()
        assert cli.run([*typed, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    number = next(e.number for e in History(mini.settings).ledger.entries("dev") if e.kind == "verified")
    expected = f"https://kibana.example/{release.id}" if with_link else f"flowmart logs dev/{number}"
    assert shown("show", f"dev/{number}")["log"] == expected
    assert shown("show", release.id)["log"] == f"flowmart logs {release.id}"


def test_the_board_leads_to_the_log_of_a_release() -> None:
    from tests.unit.test_board import PLATFORM, made, verified

    linked = [replace(each, log_link="https://kibana.example/{release}") for each in PLATFORM.environments]
    found = made(verified("dev", "network"), platform=replace(PLATFORM, environments=tuple(linked)))
    assert [link.url for link in found.columns[0].links if link.text == "log"] == ["https://kibana.example/3f2a1c"]
    assert [link for link in made(verified("dev", "network")).columns[0].links if link.text == "log"] == []
