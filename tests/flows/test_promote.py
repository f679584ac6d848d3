"""One environment's promotion, told through its ledger: what was done, in which order, and what was not."""

import json
import time
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import TaskRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.promote import promote
from flows.release import release as promote_release
from tasks import steps
from tasks.domain.errors import EnvironmentBusy, Refused, RolledBack
from tasks.ledger.history import History
from tests.bench.relay import Relay
from tests.platforms.mini import SECOND, MiniPlatform

BROKEN = 'resource "terraform_data" "broken" {\n  provisioner "local-exec" { command = "exit 9" }\n}\n'


def kinds(history: History, environment: str, *wanted: str) -> list[str]:
    entries = history.ledger.entries(environment)
    return [f"{e.kind} {e.body.get('unit', '')}".strip() for e in entries if not wanted or e.kind in wanted]


def colours(mini: MiniPlatform, environment: str) -> dict[str, str]:
    """What terraform's own states say: {unit: value}."""
    states = {unit: mini.state / f"{environment}-{unit}.tfstate" for unit in ("first", "second")}
    outputs = {unit: json.loads(file.read_text())["outputs"] for unit, file in states.items() if file.exists()}
    return {unit: next(iter(found.values()))["value"] for unit, found in outputs.items() if found}


def test_a_first_promotion_plans_applies_and_checks_each_unit_behind_what_it_needs(
    mini: MiniPlatform, history: History
) -> None:
    release = mini.release()
    promote(release.id, "dev")
    assert kinds(history, "dev") == [
        "claimed",
        "planned first",
        "applying first",
        "applied first",
        "smoked first",
        "planned second",
        "applying second",
        "applied second",
        "smoked second",
        "verified",
        "closed",
    ]
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    assert history.state("dev").verified == release.id


def test_what_a_person_reads_is_there_when_the_promotion_is_over(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    run = ArtifactFilterFlowRunId(any_=[UUID(history.ledger.entries("dev")[0].run)])
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=run))
    assert {artifact.key for artifact in found} == {
        "flowmart--plan--dev--first",
        "flowmart--smoke--dev--first",
        "flowmart--plan--dev--second",
        "flowmart--smoke--dev--second",
        "flowmart--releases",
    }


def test_runs_are_tagged_with_the_platform_and_their_tasks_with_nothing(mini: MiniPlatform, history: History) -> None:
    steps.call(promote, mini.release().id, "dev")
    run = UUID(history.ledger.entries("dev")[0].run)
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run).tags == ["flowmart"]
        tasks = recorded_tasks(client, run)
    # A tag of a task would have it wait for a slot of that tag, and fail where Prefect does not answer.
    assert [task.name for task in tasks if task.tags] == []


def recorded_tasks(client: SyncPrefectClient, run: UUID) -> list[TaskRun]:
    """The task runs of a run: the server records them some time after they were reported."""
    deadline = time.monotonic() + 120
    while not (found := client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])))):
        assert time.monotonic() < deadline, "no task run was recorded"
        time.sleep(0.5)
    return found


def test_a_changed_output_plans_the_unit_below_again(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    mini.paint("dev", "green")
    promote(mini.release().id, "dev")
    assert colours(mini, "dev") == {"first": "green", "second": "green"}
    assert kinds(history, "dev", "applied") == ["applied first", "applied second"] * 2


def test_what_a_release_does_not_touch_is_not_applied(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    mini.append("terraform/dev/second/main.tf", 'output "more" { value = "x" }\n')
    promote(mini.release().id, "dev")
    assert kinds(history, "dev", "applied") == ["applied first", "applied second", "applied second"]


def test_a_promotion_has_one_page_for_all_units_that_are_up_to_date(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    before = len(history.ledger.entries("dev"))
    mini.append("terraform/dev/second/main.tf", 'output "more" { value = "x" }\n')
    promote(mini.release().id, "dev")
    run = ArtifactFilterFlowRunId(any_=[UUID(history.ledger.entries("dev")[before].run)])
    with get_client(sync_client=True) as client:
        found = {
            each.key: each.data for each in client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=run))
        }
    assert set(found) == {
        "flowmart--unchanged--dev",
        "flowmart--plan--dev--second",
        "flowmart--smoke--dev--second",
        "flowmart--releases",
    }
    assert str(found["flowmart--unchanged--dev"]).startswith("# dev: 1 unit unchanged")
    assert "- first" in str(found["flowmart--unchanged--dev"])


def test_prefect_is_not_asked_for_the_steps_that_others_wait_for(mini: MiniPlatform, history: History) -> None:
    release, server = mini.release().id, urlsplit(PREFECT_API_URL.value())
    with Relay((str(server.hostname), int(server.port or 0))).listening() as relay:
        with temporary_settings({PREFECT_API_URL: f"{relay.address}/api"}):
            promote(release, "dev")
        assert [each for each in relay.asked if each.startswith("POST /api/flow_runs/ ")]
        assert [each for each in relay.asked if each.startswith("GET /api/task_runs/")] == []


def test_promoting_the_same_release_again_does_nothing(mini: MiniPlatform, history: History) -> None:
    release = mini.release()
    assert promote_release(release.id).verified == ["dev", "staging"]
    before = history.ledger.entries("dev"), history.ledger.entries("staging")
    assert promote_release(release.id).verified == []
    assert (history.ledger.entries("dev"), history.ledger.entries("staging")) == before


def test_environments_after_the_same_one_run_side_by_side_and_fail_alone(
    mini: MiniPlatform, history: History
) -> None:
    platform = (mini.repository / "infrastructure/platform.yaml").read_text()
    beside = '  production: {account: "444444444444", region: eu-west-1, after: dev}\nunits:'
    mini.write(
        "platform.yaml", platform.replace("units:", beside).replace("[dev, staging]", "[dev, staging, production]")
    )
    mini.paint("production", "red")
    mini.write("terraform/production/second/main.tf", SECOND.format(state=mini.state, environment="production"))
    with pytest.raises(RolledBack, match="verified in dev, staging; failed in production"):
        promote_release(mini.release().id)
    assert kinds(history, "staging", "verified") == ["verified"]
    assert kinds(history, "production", "verified", "rejected") == ["rejected"]


def test_a_failed_smoke_check_rolls_back_in_reverse_order(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "red")
    bad = mini.release("bad")
    with pytest.raises(RolledBack, match=r"echo: expected .* found red"):
        promote(bad.id, "dev")
    # Second is rolled back while first is still on the bad release, and follows it once that is back too.
    assert kinds(history, "dev", "rolled_back") == ["rolled_back second", "rolled_back first", "rolled_back second"]
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    standing = history.state("dev")
    assert (standing.verified, standing.rejected, standing.claim) == (good.id, {bad.id}, None)
    assert {receipt.target.release for receipt in standing.receipts.values()} == {good.id}


def test_a_failed_apply_rolls_back_what_was_attempted(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/second/main.tf", BROKEN)
    with pytest.raises(RolledBack, match="apply failed"):
        promote(mini.release("bad").id, "dev")
    # Second is rolled back while first is still on the bad release, and follows it once that is back too.
    assert kinds(history, "dev", "rolled_back") == ["rolled_back second", "rolled_back first", "rolled_back second"]
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    state = json.loads((mini.state / "dev-second.tfstate").read_text())
    assert [resource["name"] for resource in state["resources"] if resource["mode"] == "managed"] == ["echo"]


def test_a_failed_first_promotion_removes_what_it_made(mini: MiniPlatform, history: History) -> None:
    mini.append("terraform/dev/second/main.tf", BROKEN)
    with pytest.raises(RolledBack):
        promote(mini.release().id, "dev")
    assert history.state("dev").receipts == {}
    assert json.loads((mini.state / "dev-first.tfstate").read_text())["resources"] == []


def test_later_environments_are_never_begun_after_a_failure(mini: MiniPlatform, history: History) -> None:
    mini.paint("dev", "red")
    with pytest.raises(RolledBack):
        promote_release(mini.release().id)
    assert history.ledger.entries("staging") == ()


def test_an_environment_needs_the_one_before_it_verified(mini: MiniPlatform, history: History) -> None:
    with pytest.raises(Refused, match="not verified in dev; promote it there first"):
        promote(mini.release().id, "staging")
    assert kinds(history, "staging") == ["claimed", "closed"]


def test_a_rejected_release_does_not_come_back_by_itself(mini: MiniPlatform, history: History) -> None:
    mini.paint("dev", "red")
    bad = mini.release()
    with pytest.raises(RolledBack):
        promote(bad.id, "dev")
    with pytest.raises(Refused, match="was rejected here"):
        promote(bad.id, "dev")
    with pytest.raises(RolledBack):
        promote(bad.id, "dev", force=True)


def test_a_plan_that_fails_changes_nothing_anywhere(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/second/main.tf", 'output "wrong" { value = terraform_data.nothing.id }\n')
    with pytest.raises(Refused, match=r"second in dev.*terraform_data"):
        promote(mini.release().id, "dev")
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    assert history.state("dev").claim is None


def test_a_policy_denial_stops_before_any_apply(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/first/main.tf", 'resource "terraform_data" "forbidden" {}\n')
    with pytest.raises(Refused, match=r"names: .*nothing may be called forbidden"):
        promote(mini.release().id, "dev")
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    assert kinds(history, "dev", "denied") == ["denied first"]


def test_a_busy_environment_is_refused_and_left_alone(mini: MiniPlatform, history: History) -> None:
    from tasks.promotion import claims

    release = mini.release()
    claims.claim(history.ledger, "dev", release.id, "promote")
    with pytest.raises(EnvironmentBusy, match=r"dev is busy: tester began to promote"):
        promote(release.id, "dev")
    assert kinds(history, "dev") == ["claimed"]
