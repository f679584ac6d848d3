"""`flowmart server` with real processes: what it starts, whom it lets in, what waits for what, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from deployments import cli, processes, server
from deployments.profile import activate
from deployments.sandbox import Sandbox
from deployments.server import Serving
from tasks.domain.events import EnvironmentFrozen, EnvironmentThawed
from tasks.domain.platform import Approval
from tasks.logs import reading
from tasks.promotion import approval_requests, claims
from tasks.promotion.approval_requests import Question
from tests.doubles.github_stub import TOKEN, GitHubStub, running
from tests.flows.test_github import REPOSITORY, Hub
from tests.formats import outputs
from tests.servers.served import Served, at_a_sandbox

pytestmark = pytest.mark.sandbox

BOARD = "flowmart--board"


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubStub]:
    with running() as stub:
        yield stub
        assert stub.violations == []


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, github: GitHubStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two releases to choose from, that knows a GitHub."""
    with at_a_sandbox(sandbox, tmp_path_factory.mktemp("served")) as found, pytest.MonkeyPatch.context() as patch:
        about = {"API": github.url, "TOKEN": TOKEN, "REPOSITORY": REPOSITORY}
        for name, value in about.items():
            patch.setenv(f"FLOWMART_GITHUB_{name}", value)
        patch.setenv("FLOWMART_LOG_FOLDER", ".flowmart/log")
        found.mini.release("Paint it blue")
        yield found


@pytest.fixture(scope="module")
def serving(served: Served) -> Serving:
    return served.up()


def test_nobody_gets_in_without_the_password(served: Served, serving: Serving) -> None:
    with served.api(auth=False) as stranger:
        assert stranger.post("/deployments/count", json={}).status_code == 401
    assert served.ask("POST", "/deployments/count") > 0
    assert serving.password == served.layout.password


def test_the_password_is_its_owners_alone(served: Served, serving: Serving) -> None:
    for file in (served.layout.password, served.layout.profile):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_file_of_the_server_can_be_read_by_others(served: Served, serving: Serving) -> None:
    files = [file for file in served.layout.folder.rglob("*") if file.is_file()]
    names = {file.name for file in files}
    assert {"prefect.db", "server.log", "worker.log", "registrar.log", "password"} <= names
    assert stat.S_IMODE(served.layout.folder.stat().st_mode) == 0o700
    databases_and_logs = [file for file in files if ".db" in file.name or file.suffix == ".log"]
    assert [file for file in databases_and_logs if file.stat().st_mode & 0o077] == []


def test_it_tells_nobody_that_it_runs(served: Served, serving: Serving) -> None:
    assert served.ask("GET", "/admin/settings")["server"]["analytics_enabled"] is False


def test_later_commands_are_led_to_it(served: Served, serving: Serving) -> None:
    environ = {"PREFECT_API_KEY": "of another server"}
    assert activate(served.root, environ) is None
    assert environ["PREFECT_API_URL"] == serving.address.api
    assert "PREFECT_API_KEY" not in environ


def test_each_environment_has_a_queue_that_takes_one_at_a_time(served: Served, serving: Serving) -> None:
    queues = served.ask("POST", "/work_pools/flowmart/queues/filter", limit=50)
    limits = {queue["name"]: queue["concurrency_limit"] for queue in queues}
    assert (limits["dev"], limits["staging"], limits["releases"]) == (1, 1, 1)
    priorities = {queue["name"]: queue["priority"] for queue in queues}
    assert max(priorities.values()) == priorities["drift"]


def test_the_board_is_a_page_and_an_artifact_that_follow_the_ledger(served: Served, serving: Serving) -> None:
    user, _, password = served.layout.password.read_text().partition(":")
    assert httpx.get(serving.board, trust_env=False).status_code == 401
    page = httpx.get(serving.board, auth=(user, password), trust_env=False)
    assert (page.status_code, "first" in page.text) == (200, True)
    artifact = served.ask("GET", f"/artifacts/{BOARD}/latest")
    assert "| first |" in artifact["data"]
    served.history.ledger.append("staging", EnvironmentFrozen(reason="sale"))
    assert "staging frozen" in httpx.get(serving.board, auth=(user, password), trust_env=False).text
    served.waits_for(lambda: "sale" in served.ask("GET", f"/artifacts/{BOARD}/latest")["data"])
    served.history.ledger.append("staging", EnvironmentThawed(reason="over"))
    assert served.ask("POST", "/artifacts/count", artifacts={"key": {"any_": [BOARD]}}) == 1


def test_its_processes_keep_their_log(served: Served, serving: Serving) -> None:
    def said() -> set[tuple[str, str]]:
        found = reading.find(served.root / ".flowmart/log", reading.Wanted())
        return {(line["event"]["dataset"], line["event"]["action"]) for line in found}

    served.waits_for(lambda: {("flowmart.server", "registered"), ("flowmart.server", "serving")} <= said())


def test_drift_is_looked_for_by_schedule(served: Served, serving: Serving) -> None:
    schedules = [served.deployment(f"drift/flowmart-drift-{name}")["schedules"] for name in ("dev", "staging")]
    assert [one["schedule"]["interval"] for (one,) in schedules] == [3600.0, 3600.0]
    assert [one["schedule"]["anchor_date"][14:16] for (one,) in schedules] == ["03", "10"]
    assert all(one["active"] for (one,) in schedules)


def test_a_release_is_offered_soon_after_it_was_made(served: Served, serving: Serving) -> None:
    served.mini.paint("dev", "green")
    made = served.mini.release("Paint dev green")
    assert "Paint dev green" in served.choices("promote/flowmart-promote-dev", "release", made.id)[0]
    assert "Paint dev green" in served.deployment("promote/flowmart-promote-dev")["description"]


def test_a_run_is_started_by_the_worker(served: Served, serving: Serving) -> None:
    release = served.mini.release("Planned")
    chosen = served.choices("plan/flowmart-plan", "release", release.id)[0]
    run = served.ended(served.start("plan/flowmart-plan", release=chosen, environment="dev"))
    assert (run["state_type"], run["name"]) == ("COMPLETED", f"plan {release.id} in dev")


def test_the_second_promotion_of_an_environment_waits_for_the_first(served: Served, serving: Serving) -> None:
    releases = [served.mini.release("As it is").id]
    served.mini.paint("dev", "blue")
    releases.append(served.mini.release("Paint dev blue again").id)
    runs = [served.start("promote/flowmart-promote-dev", release=release) for release in releases]
    before, after = sorted((served.ended(run) for run in runs), key=lambda run: str(run["start_time"]))
    assert [before["state_type"], after["state_type"]] == ["COMPLETED", "COMPLETED"]
    assert after["start_time"] > before["end_time"]


def test_a_release_through_all_environments_waits_for_one_that_is_busy(served: Served, serving: Serving) -> None:
    release = served.mini.release("Everywhere").id
    ledger = served.history.ledger
    claims.claim(ledger, "dev", release, "promote")
    run = served.start("release/flowmart-release", release=release)
    served.waits("dev")
    claims.close(ledger, "dev", "succeeded")
    assert served.ended(run)["state_type"] == "COMPLETED"


PLAN_SET = "d" * 64


def test_runs_that_are_started_with_made_up_parameters_approve_nothing(
    served: Served, serving: Serving, github: GitHubStub, tmp_path: Path
) -> None:
    hub = merged(served, github, tmp_path)
    command = f"/flowmart approve {PLAN_SET[:12]}"
    talk = {"repository": REPOSITORY, "number": 1}
    served.choices("approve/flowmart-approve", "digest", PLAN_SET[:12])
    forged = [
        *(started(served, "comment", **talk, comment=999_999, **more) for more in ({}, {"author": "ben"})),
        started(served, "comment", **talk, comment=999_999, author="ben", body=command, sha=hub.pull(2)),
        started(served, "comment", **talk, comment=hub.stub.state.comment(1, command, "mallory")),
        started(served, "comment", repository="mallory/shop", number=1, comment=said_by_ben(hub, command)),
        started(served, "review", **talk, review=999_999, author="ben", state="approved"),
        served.start("approve/flowmart-approve", digest=PLAN_SET[:12], name="ben"),
    ]
    assert "accepts decisions from GitHub only" in served.ended(forged[-1])["state"]["message"]
    for run in forged:
        served.ended(run)
    assert decisions(served) == []
    # The same command, where GitHub says that it is Ben's, counts.
    said = said_by_ben(hub, command)
    done = served.ended(started(served, "comment", **talk, comment=said))
    assert done["state_type"] == "COMPLETED", done["state"]["message"]
    assert [(one["by"], one["identity"]) for one in decisions(served)] == [("ben", "github")]


def merged(served: Served, github: GitHubStub, folder: Path) -> Hub:
    """A pull request of Anna's, merged, that waits in dev for two people whom GitHub has to name."""
    hub = Hub(served.mini, github, folder / "hub.git")
    hub.pull()
    head = hub.main()
    for commit in hub.commits():
        hub.stub.state.commit(commit, "anna")
    hub.stub.state.merge_pull(1, head)
    question = Question(
        "dev", PLAN_SET, {"first": "1 to change"}, Approval(("ben", "carla"), identity="github", count=2)
    )
    release = served.mini.releases.create(served.root, head, "anna")
    approval_requests.want(served.history.ledger, release, question, datetime.now(UTC))
    return hub


def said_by_ben(hub: Hub, body: str) -> int:
    return hub.stub.state.comment(1, body, "ben")


def started(served: Served, flow: str, **parameters: object) -> str:
    return served.start(f"{flow}/flowmart-github-{flow}", **parameters)


def decisions(served: Served) -> list[dict[str, object]]:
    found = served.history.ledger.entries("dev")
    return [entry.body for entry in found if entry.kind in ("approved", "refused")]


def test_all_that_is_written_to_prefect_names_the_platform(served: Served, serving: Serving) -> None:
    def all_of(kind: str, **wanted: object) -> list[dict[str, object]]:
        found: list[dict[str, object]] = served.ask("POST", f"/{kind}/filter", limit=200, **wanted)
        return found

    names = {kind: {one["name"] for one in all_of(kind)} for kind in ("deployments", "automations", "work_pools")}
    keys = {one["key"] for one in all_of("artifacts") if one["key"]}
    assert {BOARD, "flowmart--plan--dev--first", "flowmart--plans--dev", "flowmart--releases"} <= keys
    assert [key for key in keys if not str(key).startswith("flowmart--")] == []
    assert [name for name in names["deployments"] if not str(name).startswith("flowmart-")] == []
    assert (names["work_pools"], {str(name).partition(":")[0] for name in names["automations"]}) == (
        {"flowmart"},
        {"flowmart"},
    )
    runs = all_of("flow_runs", sort="START_TIME_DESC")
    assert [run["name"] for run in runs if "flowmart" not in run["tags"]] == []  # type: ignore[operator]
    assert len(runs) > 5
    nothing = ("variables", "concurrency_limits", "v2/concurrency_limits")
    assert [one for kind in nothing for one in all_of(kind)] == []


def test_up_again_changes_nothing(served: Served, serving: Serving) -> None:
    pids, password = served.pids(), served.layout.password.read_text()
    again = served.up()
    assert served.said == [
        "server runs already",
        "registrar runs already",
        "worker runs already",
        "board runs already",
    ]
    assert (served.pids(), served.layout.password.read_text(), again) == (pids, password, serving)


def test_the_command_prints_what_its_schema_says(
    served: Served, serving: Serving, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(served.root))
    assert cli.run(["server", "up", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outputs.check("server up", printed)
    assert printed["board"] == serving.board


def test_a_killed_worker_is_started_again(served: Served, serving: Serving) -> None:
    before = served.pids()
    pid = before["worker"]
    assert pid
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(10)
    served.up()
    assert served.said == ["server runs already", "registrar runs already", "worker starting", "board runs already"]
    assert {**served.pids(), "worker": pid} == before


def test_down_ends_everything_and_leads_nobody_there_any_more(served: Served, serving: Serving) -> None:
    before = [processes.find(served.layout, name) for name in ("server", "registrar", "worker")]
    served.down()
    assert served.said == ["board stopped", "worker stopped", "registrar stopped", "server stopped"]
    assert [process.alive for process in before if process] == [False, False, False]
    environ: dict[str, str] = {}
    assert activate(served.root, environ) is None
    assert environ == {}


def test_a_prefect_server_that_is_there_is_served_and_left_alone(
    served: Served, prefect_server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = prefect_server.variables["PREFECT_API_URL"]
    monkeypatch.setenv("PREFECT_API_URL", there)
    serving = served.up()
    starting = [f"{name} starting" for name in ("registrar", "worker", "board")]
    assert served.said == [f"serving the Prefect server at {there}", *starting]
    assert (serving.address.api, serving.password) == (there, None)
    assert not served.layout.profile.exists()
    first = server.status(served.root)[0]
    assert (first.pid, first.address, first.health.state == "fails") == (None, prefect_server.prefect_url, False)
    served.down()
    assert served.said == ["board stopped", "worker stopped", "registrar stopped"]


def test_a_prefect_server_that_does_not_answer_is_not_called_ready(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    first = server.status(served.root)[0]
    assert (first.state, first.healthy) == ("fails", False)
    assert "the health of the Prefect server at http://127.0.0.1:9/api cannot be read" in first.health.reason
