"""Drift of a real object in a cluster: told once, let be, put right; what did not respond is never "no drift"."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployments import cli
from flows.drift import drift
from flows.promote import promote
from flows.reconcile import reconcile
from tasks.domain.errors import Refused, Unanswered
from tasks.domain.events import UnitApplying
from tasks.drift import last_report, unexplained
from tasks.ledger.history import History
from tasks.promotion import approval_requests, claims
from tasks.promotion.approval_requests import Request
from tests.doubles.github_server import github
from tests.doubles.github_stub import GitHubStub
from tests.doubles.listener import Listener
from tests.flows.test_github import REPOSITORY, Hub
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform
from tests.servers.clusters import PROJECT, SandboxCluster

__all__ = ["github"]

BASE = """
  base:
    engine: kustomize
    source: kubernetes/overlays/{environment}
    environments: [dev]
"""
SETTINGS = "ConfigMap/flowmart/flowmart-environment"
DEV = "  dev: {cluster: {plan: dev-plan, apply: dev-apply}, "
DENIAL = """
package flowmart.frozen

import rego.v1

deny contains {"address": change.address, "message": "the settings are frozen"} if {
    some change in input.changes
    startswith(change.address, "ConfigMap/")
    change.action == "update"
}
"""


@pytest.fixture
def shop(mini: MiniPlatform, cluster: SandboxCluster) -> MiniPlatform:
    """The small platform with a cluster in dev, and one kustomize unit on it."""
    mini.write("platform.yaml", PLATFORM.replace("  dev: {", DEV) + BASE)
    shutil.copytree(PROJECT / "infrastructure/kubernetes", mini.repository / "infrastructure/kubernetes")
    return mini


def by_hand(cluster: SandboxCluster, level: str) -> None:
    """Somebody changes a setting behind our back."""
    patch = f'{{"data":{{"LOG_LEVEL":"{level}"}}}}'
    cluster.kubectl("patch", "configmap", "flowmart-environment", "-n", "flowmart", "--type", "merge", "-p", patch)


def level(cluster: SandboxCluster) -> str:
    found = cluster.object("configmap", "flowmart-environment", "-n", "flowmart")
    return str(found["data"]["LOG_LEVEL"])


def suppress(mini: MiniPlatform) -> None:
    soon = (datetime.now(UTC) + timedelta(days=7)).date()
    mini.write(
        "drift.yaml",
        f'- {{environment: dev, unit: base, address: "{SETTINGS}", attributes: [data.LOG_LEVEL], '
        f"reason: Somebody looks for a mistake., expires: {soon}}}\n",
    )


def test_new_drift_is_notified_once_and_its_end_once(
    shop: MiniPlatform, cluster: SandboxCluster, listener: Listener, history: History
) -> None:
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    first = drift("dev")
    by_hand(cluster, "trace")
    second = drift("dev")
    assert [(item.address, item.new, item.expected) for item in first.drifted] == [
        (SETTINGS, True, {"data.LOG_LEVEL": "info"})
    ]
    # A value that moves on is the same drift.
    assert [(i.new, i.since, i.found) for i in second.drifted] == [
        (False, first.drifted[0].since, {"data.LOG_LEVEL": "trace"})
    ]
    by_hand(cluster, "info")
    assert [item.address for item in drift("dev").recovered] == [SETTINGS]
    assert drift("dev").recovered == ()
    assert listener.titles == ["dev: 1 object drifted", "dev: drift of 1 object is gone"]
    assert "data.LOG_LEVEL: info -> debug" in listener.heard[0]["message"]


def test_suppressed_drift_is_shown_but_not_notified(
    shop: MiniPlatform, cluster: SandboxCluster, listener: Listener, history: History
) -> None:
    suppress(shop)
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    report = drift("dev")
    assert [(item.suppressed, item.reason) for item in report.drifted] == [(True, "Somebody looks for a mistake.")]
    assert (report.open, listener.titles) == ((), [])


def test_a_release_that_only_suppresses_reaches_the_environment_without_an_apply(
    shop: MiniPlatform, cluster: SandboxCluster, history: History
) -> None:
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    drift("dev")
    suppress(shop)
    promote(shop.release().id, "dev")
    assert len(kinds(history, "dev", "applied")) == 3
    assert drift("dev").open == ()
    assert level(cluster) == "debug"


def test_drift_is_reconciled_automatically_where_platform_yaml_says_so(
    shop: MiniPlatform, cluster: SandboxCluster, listener: Listener, history: History
) -> None:
    reconciling = DEV + "drift: {reconcile: true}, "
    shop.write("platform.yaml", PLATFORM.replace("  dev: {", reconciling) + BASE)
    release = shop.release().id
    promote(release, "dev")
    by_hand(cluster, "debug")
    report = drift("dev")
    assert (report.drifted, [item.address for item in report.recovered]) == ((), [SETTINGS])
    assert level(cluster) == "info"
    # Only what had drifted was applied again.
    assert kinds(history, "dev", "applied")[3:] == ["applied base"]
    assert (history.state("dev").verified, history.state("dev").rejected) == (release, frozenset())
    assert listener.titles == ["dev: 1 object drifted", "dev: drift of 1 object is gone"]


def test_a_reconcile_that_a_policy_stopped_is_not_started_again_automatically(
    shop: MiniPlatform, cluster: SandboxCluster, history: History
) -> None:
    reconciling = DEV + "drift: {reconcile: true}, "
    shop.write("platform.yaml", PLATFORM.replace("  dev: {", reconciling) + BASE)
    shop.write("policies/frozen.rego", DENIAL)
    release = shop.release().id
    promote(release, "dev")
    by_hand(cluster, "debug")
    with pytest.raises(Refused, match="the settings are frozen"):
        drift("dev")
    assert level(cluster) == "debug"
    assert [item.address for item in drift("dev").drifted] == [SETTINGS]
    assert history.state("dev").verified == release


def test_a_person_reconciles_what_a_report_found(
    shop: MiniPlatform, cluster: SandboxCluster, history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    assert cli.run(["drift", "dev"]) == 2
    assert "base: ConfigMap/flowmart/flowmart-environment" in capsys.readouterr().out
    assert cli.run(["reconcile", "dev"]) == 0
    told = capsys.readouterr().out
    assert "dev: no drift, 3 units compared" in told
    assert f"recovered: base: {SETTINGS}" in told
    assert level(cluster) == "info"


@pytest.fixture
def hub(shop: MiniPlatform, github: GitHubStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The shop's repository on GitHub, with a pull request of Anna's."""
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", REPOSITORY)
    made = Hub(shop, github, tmp_path / "hub.git")
    made.pull()
    return made


@pytest.fixture
def asked(hub: Hub, shop: MiniPlatform, cluster: SandboxCluster) -> Request:
    """A reconcile of dev that waits for an approval of Ben's."""
    gated = DEV + "gate: {approval: always, approvers: [ben], identity: github}, "
    promote(shop.release().id, "dev")
    shop.write("platform.yaml", PLATFORM.replace("  dev: {", gated) + BASE)
    # Nothing changes but the gate, so there is nothing to approve yet.
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    drift("dev")
    wanted = reconcile("dev")
    assert isinstance(wanted, Request)
    return wanted


def approved_on_github(hub: Hub, request: Request) -> str:
    """Ben approves in a comment; the answer."""
    hub.say(f"/flowmart approve {request.short}", "ben")
    return hub.stub.state.bodies(1)[-1]


def test_a_reconcile_that_waits_for_an_approval_is_done_by_who_approves_it(
    asked: Request, cluster: SandboxCluster, hub: Hub, history: History
) -> None:
    assert level(cluster) == "debug"
    applied = len(kinds(history, "dev", "applied"))
    assert "as release" in approved_on_github(hub, asked)
    assert level(cluster) == "info"
    # Put right where it drifted, and nothing else promoted.
    assert kinds(history, "dev", "applied")[applied:] == ["applied base"]
    assert history.state("staging").receipts == {}


def test_a_reconcile_that_would_do_something_else_by_now_is_asked_for_again(
    asked: Request, cluster: SandboxCluster, hub: Hub, history: History
) -> None:
    by_hand(cluster, "trace")
    answer = approved_on_github(hub, asked)
    assert level(cluster) == "trace"
    (again,) = approval_requests.waiting(history.ledger, datetime.now(UTC))
    assert again.digest != asked.digest
    assert f"/flowmart approve {again.short}" in answer


def test_a_unit_that_is_no_longer_declared_is_named(mini: MiniPlatform) -> None:
    promote(mini.release().id, "dev")
    mini.write("platform.yaml", PLATFORM[: PLATFORM.index("  second:")])
    promote(mini.release().id, "dev")
    report = drift("dev")
    assert (report.units, report.left_behind) == (("first",), ("second",))


def test_a_unit_that_a_promotion_is_changing_is_not_compared(mini: MiniPlatform, history: History) -> None:
    release = mini.release().id
    promote(release, "dev")
    claims.claim(history.ledger, "dev", release, "promote")
    history.ledger.append("dev", UnitApplying(unit="first", release=release, plan=""))
    with pytest.raises(Unanswered, match=r"first in dev.*a promotion is changing this unit"):
        drift("dev")
    report = last_report(history.state("dev"))
    assert report is not None
    assert (report.units, [*report.unanswered]) == (("second",), ["first"])


def test_a_unit_that_does_not_respond_does_not_stop_the_report_of_the_others(
    shop: MiniPlatform,
    cluster: SandboxCluster,
    listener: Listener,
    history: History,
    capsys: pytest.CaptureFixture[str],
) -> None:
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    before = drift("dev")
    cluster.stop()
    with pytest.raises(Unanswered):
        drift("dev")
    report = last_report(history.state("dev"))
    assert report is not None
    assert (report.units, [*report.unanswered]) == (("first", "second"), ["base"])
    assert cli.run(["drift", "dev"]) == 3
    assert "dev: no drift in the units that could be compared" in capsys.readouterr().out
    # Nothing is known to have recovered, and what was found stands in the way of a promotion still.
    assert listener.titles == ["dev: 1 object drifted"]
    found = unexplained(history.state("dev"), (), datetime.now(UTC))
    assert [item.identity for item in found] == [before.drifted[0].identity]


def test_a_promotion_does_not_overwrite_drift_without_a_reason(
    shop: MiniPlatform, cluster: SandboxCluster, history: History
) -> None:
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    drift("dev")
    shop.paint("dev", "green")
    release = shop.release().id
    with pytest.raises(Refused, match=r"dev: 1 object drifted[^$]*--accept-drift REASON"):
        promote(release, "dev")
    assert colours(shop, "dev")["first"] == "blue"
    promote(release, "dev", accept_drift="it was a test")
    (entry,) = (entry for entry in history.ledger.entries("dev") if entry.kind == "drift_accepted")
    assert entry.body["reason"] == "it was a test"
    assert history.state("dev").verified == release


def test_an_issue_is_open_while_a_unit_drifts(
    shop: MiniPlatform, cluster: SandboxCluster, github: GitHubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", "flowmart/infrastructure")
    promote(shop.release().id, "dev")
    by_hand(cluster, "debug")
    drift("dev")
    drift("dev")
    (issue,) = github.state.issues.values()
    assert (issue["title"], issue["state"]) == ("Drift: base in dev", "open")
    drift("dev", True)
    assert issue["state"] == "closed"
