"""The board: which release is where, how it is, what wants attention; one data for page, artifact and terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from deployments.server import board as server_board
from tasks import process_identity
from tasks.domain.analysis import Paused
from tasks.domain.drift import DriftedObject
from tasks.domain.events import ApprovalRequested
from tasks.domain.platform import Environment, Freeze, Platform, Unit
from tasks.domain.release import Provenance, Receipt, Target
from tasks.ledger.state import AskedApproval, Attempt, Before, Claim, EnvironmentState, KnownDrift, ManualFreeze, Past
from tasks.reports import board_html, board_markdown
from tasks.reports.board import Board, Health, board, rows
from tasks.reports.board_notices import Kind, Links, words
from tasks.settings import Settings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EARLIER = (NOW - timedelta(hours=3)).isoformat()
PLATFORM = Platform(
    "shop",
    (Environment("dev"), Environment("eu", after=("dev",)), Environment("us", after=("dev",))),
    (Unit("network", "terraform", "n", ("dev", "eu", "us")), Unit("dns", "terraform", "d", ("dev",))),
)
LINKS = Links("http://prefect.example", "https://github.example/shop/shop")
ORIGIN = Provenance(commit="abc", subject="Paint it blue", pull_request=12)
ATTEMPT = Attempt(Before(verified="3f2a1c"), ("network",))


def verified(name: str, *units: str, drift: KnownDrift | None = None, **more: Any) -> EnvironmentState:
    receipts = {unit: Receipt("", Target("3f2a1c", name, unit), "", "", "", {}, EARLIER) for unit in units}
    return EnvironmentState(
        name,
        receipts,
        frozenset(units),
        "3f2a1c",
        EARLIER,
        past=Past(origins={"3f2a1c": ORIGIN}),
        drift=drift or KnownDrift(),
        **more,
    )


def claim(holder: dict[str, Any]) -> Claim:
    return Claim("", "3f2a1c", "promote", "run-7", "anna", EARLIER, holder, provenance=ORIGIN)


def asking(environment: str) -> AskedApproval:
    expires = (NOW + timedelta(hours=1)).isoformat()
    asked = ApprovalRequested(
        release="3f2a1c",
        plan_set="d" * 64,
        units={},
        author="",
        expires=expires,
        approvers=(),
        identity="any",
        purpose="promote",
        because="not all of it can be undone (network deletes old)",
    )
    return AskedApproval(EARLIER, environment, asked)


def drifted(unit: str, **more: str) -> DriftedObject:
    return DriftedObject(unit, "it", "kind", "update", ("it changed",), **more)


def made(*states: EnvironmentState, platform: Platform = PLATFORM, **more: Any) -> Board:
    return board(platform, {state.environment: state for state in states}, NOW, LINKS, **more)


def test_environments_are_columns_in_the_order_of_the_graph_and_units_are_rows() -> None:
    found = made(verified("dev", "network", "dns"))
    assert [(column.name, column.after) for column in found.columns] == [
        ("dev", ()),
        ("eu", ("dev",)),
        ("us", ("dev",)),
    ]
    assert found.units == ("network", "dns")
    assert found.cells["network", "eu"].health is Health.ABSENT
    assert ("dns", "eu") not in found.cells
    assert found.columns[1].coming == "3f2a1c may begin"


def test_a_cell_has_release_health_drift_and_age() -> None:
    known = KnownDrift({"network": (drifted("network"), drifted("network", until="2026-12-31"))})
    cell = made(verified("dev", "network", drift=known)).cells["network", "dev"]
    assert (cell.release, cell.health, cell.drifted) == ("3f2a1c", Health.DRIFTED, 1)
    assert rows(made(verified("dev", "network", drift=known)))[0] == (
        "network",
        "3f2a1c drifted (1), 3 h",
        *[Health.ABSENT] * 2,
    )


def test_what_drifted_leads_to_its_report_and_the_board_to_the_forms() -> None:
    found = made(verified("dev", "network", "dns", drift=KnownDrift({"network": (drifted("network"),)})))
    report = "http://prefect.example/artifacts/key/shop--drift--dev"
    assert [link.url for link in found.cells["network", "dev"].links] == [report]
    assert found.cells["dns", "dev"].links == ()
    assert f'drifted: 1 object</b> <a href="{report}">report</a>' in board_html.page(found)
    assert f"drifted (1) [report]({report})" in board_markdown.page(found).text
    assert 'itself. <a href="http://prefect.example/deployments">start a run</a>' in board_html.page(found)
    assert "start a run" not in board_html.page(board(PLATFORM, {}, NOW))


def test_drift_of_before_the_last_apply_is_none() -> None:
    known = KnownDrift({"network": (drifted("network"),)}, frozenset({"network"}))
    assert made(verified("dev", "network", drift=known)).cells["network", "dev"].health is Health.GOOD


def paused(environment: str, why: str) -> EnvironmentState:
    waits = Paused("3f2a1c", EARLIER, why, True, EARLIER, ("network",))
    return replace(verified(environment, "network"), verified=None, verified_at=None, paused=waits)


def test_what_is_paused_is_shown_with_its_evidence_and_what_to_do() -> None:
    why = "dev/network: analysis inconclusive\n  errors 12:00-12:05: 0.03 is doubtful, above 0.01"
    state = paused("dev", why)
    (notice,) = [each for each in made(state).notices if each.environment == "dev"]
    assert notice.kind.value == "paused"
    assert "errors 12:00-12:05: 0.03 is doubtful, above 0.01" in notice.text
    assert "`flowmart continue dev --reason ...` or `flowmart rollback dev`" in notice.text
    assert words(state).startswith("PAUSED: dev/network: analysis inconclusive; `flowmart continue dev")


def test_a_unit_that_is_declared_no_more_is_still_shown() -> None:
    found = made(verified("dev", "network", "old"))
    assert found.cells["old", "dev"].health is Health.LEFT_BEHIND
    assert "old" in found.units


def test_a_unit_whose_checks_did_not_pass_is_not_called_good() -> None:
    found = made(replace(verified("dev", "network"), smoked=frozenset()))
    assert found.cells["network", "dev"].health is Health.UNCHECKED


def test_what_wants_attention_is_above_with_links_and_the_worst_first() -> None:
    running = process_identity.current().record()
    found = made(
        verified("dev", "network", claim=claim(running), frozen=ManualFreeze("ben", "sale", None)),
        verified("eu", "network", blocked="the rollback of network failed\nmore", approvals=(asking("eu"),)),
        verified("us", "network", interrupted="no answer from AWS"),
    )
    kinds = [(notice.kind, notice.environment) for notice in found.notices]
    assert kinds == [
        (Kind.BLOCKED, "eu"),
        (Kind.INTERRUPTED, "us"),
        (Kind.APPROVAL, "eu"),
        (Kind.RUNNING, "dev"),
        (Kind.FROZEN, "dev"),
    ]
    run = next(notice for notice in found.notices if notice.kind is Kind.RUNNING)
    assert [link.url for link in run.links] == [
        "http://prefect.example/runs/flow-run/run-7",
        "https://github.example/shop/shop/pull/12",
    ]
    wanted = next(notice for notice in found.notices if notice.kind is Kind.APPROVAL)
    assert "because not all of it can be undone (network deletes old); `flowmart approve dddddddddddd`" in wanted.text
    assert wanted.links[0].url == "http://prefect.example/artifacts/key/shop--approval--eu"


NEWER = Provenance(commit="def", subject="Paint it green", pull_request=13)


def arriving(**more: Any) -> EnvironmentState:
    """Where a run brings another release than the one that is verified."""
    held = replace(claim(process_identity.current().record()), release="9b1e2f", provenance=NEWER)
    return replace(verified("dev", "network"), claim=held, **more)


@pytest.mark.parametrize(
    "under_way",
    [
        arriving(),
        arriving(verified=None, verified_at=None, attempt=ATTEMPT),
        arriving(verified=None, attempt=ATTEMPT, interrupted="AWS is silent"),
    ],
)
def test_while_a_release_arrives_what_is_there_and_what_comes_are_shown(under_way: EnvironmentState) -> None:
    column = made(under_way).columns[0]
    assert (column.releases, column.subjects) == ("3f2a1c → 9b1e2f", "Paint it blue → Paint it green")
    shown = board_html.page(made(under_way)), board_markdown.page(made(under_way)).text
    assert "<code>3f2a1c</code> Paint it blue<br>→ <code>9b1e2f</code> Paint it green" in shown[0]
    assert "`3f2a1c` Paint it blue → `9b1e2f` Paint it green" in shown[1]


def test_the_first_release_arrives_where_nothing_was() -> None:
    first = Attempt(units=("network",))
    column = made(replace(arriving(), verified=None, verified_at=None, attempt=first)).columns[0]
    assert (column.release, column.releases, column.subjects) == ("", "- → 9b1e2f", "→ Paint it green")


def test_while_a_release_is_rolled_back_the_earlier_one_comes() -> None:
    back = arriving(verified=None, attempt=replace(ATTEMPT, rolling_back="a check failed"))
    column = made(back).columns[0]
    assert column.releases == "9b1e2f → 3f2a1c"
    assert column.words == "busy: anna began to promote 9b1e2f; it rolls back, because a check failed"


def test_a_release_that_is_on_its_way_is_not_said_to_be_next() -> None:
    held = replace(claim(process_identity.current().record()), release="3f2a1c")
    found = made(verified("dev", "network"), EnvironmentState("eu", claim=held))
    assert [column.coming for column in found.columns] == ["", "", "3f2a1c may begin"]


def test_after_a_run_that_stopped_on_its_way_the_release_before_it_is_named() -> None:
    column = made(replace(arriving(verified=None, attempt=ATTEMPT), claim=None)).columns[0]
    assert (column.releases, column.words) == ("3f2a1c", "not verified")


def test_an_expired_request_and_an_ended_freeze_want_no_attention() -> None:
    late = replace(asking("dev"), asked=replace(asking("dev").asked, expires=EARLIER))
    assert made(verified("dev", approvals=(late,), frozen=ManualFreeze("ben", "sale", "2026-11-24"))).notices == ()


def test_a_freeze_of_platform_yaml_is_shown() -> None:
    frozen = replace(
        PLATFORM, environments=(Environment("dev", freezes=(Freeze("2026-11-20", "2026-11-30", "sale"),)),)
    )
    assert board(frozen, {}, NOW).notices[0].text == "frozen until 2026-11-30: sale"


def test_damage_in_one_ledger_does_not_hide_the_others() -> None:
    found = made(verified("dev", "network"), damage={"eu": "ledger/eu/00000001.json: changed"})
    assert found.notices[0].kind is Kind.DAMAGED
    assert found.columns[1].words == "DAMAGED: its ledger cannot be read"
    assert found.columns[1].alarm is Kind.DAMAGED
    assert found.cells["network", "dev"].health is Health.GOOD


def test_a_paused_release_is_not_said_to_be_next() -> None:
    found = made(verified("dev", "network"), paused("eu", "errors: no data"))
    assert [column.coming for column in found.columns] == ["", "", "3f2a1c may begin"]


def test_a_release_that_waits_for_an_approval_is_not_said_to_be_next() -> None:
    waits = replace(verified("eu"), verified=None, verified_at=None, approvals=(asking("eu"),))
    found = made(verified("dev", "network"), waits)
    assert [column.coming for column in found.columns] == ["", "", "3f2a1c may begin"]


def test_commands_are_shown_as_code_and_nothing_else_between_backticks_is() -> None:
    page = board_html.page(made(verified("dev", "network", interrupted="the tool said `<b>`")))
    assert "the tool said `&lt;b&gt;`; <code>flowmart recover dev</code></li>" in page
    assert "<code>flowmart recover dev</code></span>" in page


def test_what_is_paused_looks_like_a_decision_and_what_is_blocked_like_a_failure() -> None:
    page = board_html.page(made(paused("dev", "errors: no data"), verified("eu", blocked="quota exceeded")))
    assert '<span class="paused">PAUSED: ' in page
    assert '<span class="bad">BLOCKED: ' in page


def example() -> Board:
    """A board with something of everything."""
    known = KnownDrift({"network": (drifted("network"),)})
    more = (Environment("asia", after=("dev",)), Environment("south", after=("dev",)))
    return made(
        paused("asia", "asia/network: analysis inconclusive\n  errors: 0.03 is doubtful, above 0.01"),
        verified("south", "network", interrupted="terraform apply got no answer from AWS within 3600 s"),
        verified("dev", "network", "old", drift=known, claim=claim(process_identity.current().record())),
        verified("eu", "network", blocked="the rollback of network to 3f2a1c failed: quota exceeded"),
        verified(
            "us", "network", approvals=(asking("us"),), frozen=ManualFreeze("ben", "the great sale", "2026-11-30")
        ),
        platform=replace(PLATFORM, environments=(*PLATFORM.environments, *more)),
    )


HOSTILE = "<script>alert(1)</script>|[x](javascript:1)`*_"


def hostile() -> Board:
    units = (Unit(HOSTILE, "terraform", "n", ("dev",)),)
    origin = Provenance(subject=HOSTILE, pull_request=12)
    state = verified("dev", HOSTILE, blocked=HOSTILE, frozen=ManualFreeze(HOSTILE, HOSTILE, None))
    state = replace(state, past=Past(origins={"3f2a1c": origin}))
    platform = Platform(HOSTILE, (Environment("dev"),), units)
    return board(platform, {"dev": state}, NOW, Links("javascript:alert(1)//", "https://github.example/shop/shop"))


class Seen(HTMLParser):
    """The tags of a page and the addresses that it leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_nothing_of_others_becomes_html_and_no_link_leads_to_a_script() -> None:
    page = board_html.page(hostile())
    seen = Seen(page)
    assert not seen.tags & {"script", "img", "link", "iframe", "x"}
    assert seen.links == ["https://github.example/shop/shop/pull/12"]
    assert "&lt;script&gt;" in page


def test_nothing_of_others_becomes_markdown() -> None:
    text = board_markdown.page(hostile()).text
    assert "<script" not in text
    assert "](javascript" not in text.replace("](javascript:alert(1)//", "")
    assert len({line.count("|") for line in text.splitlines() if line.startswith("| ") and "&#60;" in line}) == 2


def test_the_page_may_load_nothing_but_its_own_style() -> None:
    policy = board_html.HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "url(" not in board_html.page(made())


def test_the_artifact_stays_the_same_while_nothing_happens() -> None:
    state = verified("dev", "network")
    later = board(PLATFORM, {"dev": state}, NOW + timedelta(hours=5), LINKS)
    assert board_markdown.page(made(state)) == board_markdown.page(later)


SHOP = """
platform: shop
environments: {dev: {}}
units: {network: {engine: terraform, source: network, environments: [dev]}}
"""


def client(folder: Path, auth: str) -> TestClient:
    (folder / "infrastructure/network").mkdir(parents=True)
    (folder / "infrastructure/network/main.tf").write_text("")
    (folder / "infrastructure/platform.yaml").write_text(SHOP)
    chosen = Settings(repository=folder, store=str(folder / "store"))
    return TestClient(server_board.create_app(chosen, auth), follow_redirects=True)


def test_the_server_shows_the_page_to_those_with_the_password_alone(tmp_path: Path) -> None:
    asked = client(tmp_path, "flowmart:secret")
    for auth in (None, ("flowmart", "wrong"), ("", "")):
        refused = asked.get("/board", auth=auth)
        assert (refused.status_code, "shop" in refused.text) == (401, False)
    page = asked.get("/", auth=("flowmart", "secret"))
    assert (page.status_code, page.url.path) == (200, "/board")
    assert "network" in page.text
    assert page.headers["content-security-policy"] == board_html.HEADERS["content-security-policy"]
    assert asked.get("/health").text == "ok"


def test_a_wrong_platform_yaml_is_told_and_no_fault_of_the_server(tmp_path: Path) -> None:
    asked = client(tmp_path, "")
    (tmp_path / "infrastructure/platform.yaml").write_text("platform: shop")
    answer = asked.get("/board")
    assert (answer.status_code, "environments: is missing" in answer.text) == (503, True)
