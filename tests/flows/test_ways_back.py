"""Going back: on purpose, after a run that died, and when going back itself fails."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flows.drift import drift
from flows.promote import promote
from flows.recover import recover
from flows.rollback import rollback
from tasks.domain.errors import EnvironmentBlocked, EnvironmentBusy, InvalidInput, RollbackFailed, RolledBack
from tasks.domain.events import EnvironmentResolved
from tasks.ledger.history import History
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import MiniPlatform
from tests.servers.descendants import awaited_descendant

BROKEN_LATE = """
resource "terraform_data" "late" {
  provisioner "local-exec" { command = "sleep 4; exit 1" }
}
"""
SLOW = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 60" }\n}\n'


def test_rollback_goes_to_the_release_that_was_verified_before(mini: MiniPlatform, history: History) -> None:
    old = mini.release("old")
    promote(old.id, "dev")
    mini.paint("dev", "green")
    new = mini.release("new")
    promote(new.id, "dev")
    assert rollback("dev") == old.id
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    standing = history.state("dev")
    assert (standing.verified, standing.rejected) == (old.id, {new.id})


def test_rollback_goes_only_where_it_was_good_before(mini: MiniPlatform, history: History) -> None:
    only = mini.release("only")
    promote(only.id, "dev")
    with pytest.raises(InvalidInput, match="no release to roll back to"):
        rollback("dev")
    mini.paint("dev", "green")
    with pytest.raises(InvalidInput, match="was not verified here before"):
        rollback("dev", mini.release("never promoted").id)
    assert history.state("dev").verified == only.id


def test_what_the_tool_of_a_killed_run_finished_is_finished_by_recovery(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/second/main.tf", SLOW.replace("60", "8"))
    slow = mini.release("slow")
    _kill_while_applying(mini, slow.id, history)
    with pytest.raises(InvalidInput, match="release: none was chosen"):
        promote(environment="dev")
    assert history.state("dev").attempt.units == ("first", "second")
    _await_the_tool(mini)
    assert recover("dev") is True
    assert colours(mini, "dev") == {"first": "green", "second": "green"}
    state = history.state("dev")
    assert (state.verified, state.claim, state.rejected) == (slow.id, None, frozenset())


def test_what_a_killed_run_left_half_done_is_rolled_back(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/second/main.tf", BROKEN_LATE)
    _kill_while_applying(mini, mini.release("slow").id, history)
    _await_the_tool(mini)
    assert recover("dev") is True
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    state = history.state("dev")
    assert (state.verified, state.claim, state.rejected) == (good.id, None, frozenset())


def test_nothing_to_recover_says_so(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    assert recover("dev") is False


def test_a_failed_rollback_blocks_the_environment_until_a_person_resolves_it(
    mini: MiniPlatform, history: History
) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "red")
    bad = mini.release("bad")
    (mini.repository / "infrastructure/terraform/dev/first/main.tf").unlink()
    _lose_archive(mini, good.id)
    with pytest.raises(RollbackFailed, match="the rollback of second"):
        promote(bad.id, "dev")
    assert kinds(history, "dev")[-2:] == ["rollback_failed second", "closed"]
    with pytest.raises(EnvironmentBlocked, match="flowmart resolve dev"):
        promote(bad.id, "dev", force=True)
    history.ledger.append("dev", EnvironmentResolved(reason="looked at it"))
    assert history.state("dev").blocked is None


def test_an_environment_without_drift_says_so(mini: MiniPlatform, history: History) -> None:
    promote(mini.release().id, "dev")
    report = drift("dev")
    assert (report.units, report.drifted) == (("first", "second"), ())
    assert kinds(history, "dev")[-1] == "drift"


def test_two_promotions_at_once_one_runs_the_other_is_refused(mini: MiniPlatform, history: History) -> None:
    mini.append("terraform/dev/first/main.tf", SLOW.replace("60", "5"))
    release = mini.release().id
    first = _start(mini, release)
    _wait_for(history, "applying first")
    with pytest.raises(EnvironmentBusy, match="dev is busy"):
        promote(release, "dev")
    assert first.wait() == 0
    assert kinds(history, "dev", "claimed", "verified") == ["claimed", "verified"]


def test_a_terminated_promotion_ends_its_tools_says_so_and_is_recovered(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good").id
    promote(good, "dev")
    mini.append("terraform/dev/first/main.tf", SLOW)
    release = mini.release("slow").id
    command = _promote_by_command(release)
    _wait_for(history, "applying first")
    terraform = awaited_descendant(psutil.Process(command.pid), "terraform", "apply")
    command.send_signal(signal.SIGTERM)
    _, told = command.communicate()
    assert command.returncode == 143
    assert "Stopped by SIGTERM." in " ".join(told.split())
    assert not terraform.is_running()
    assert recover("dev") is True
    assert history.current_release("dev") == good


def _promote_by_command(release: str) -> subprocess.Popen[str]:
    from prefect.settings import PREFECT_API_URL

    variables = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value() or "", "FLOWMART_PROFILE": "none"}
    argv = [sys.executable, "-m", "deployments.cli", "promote", release, "--to", "dev"]
    return subprocess.Popen(argv, env=variables, cwd=Path(__file__).parents[2], text=True, stderr=subprocess.PIPE)


def _start(mini: MiniPlatform, release: str) -> subprocess.Popen[bytes]:
    from prefect.settings import PREFECT_API_URL

    program = f"from flows.promote import promote; promote({release!r}, 'dev')"
    variables = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value() or ""}
    return subprocess.Popen([sys.executable, "-c", program], env=variables, cwd=Path(__file__).parents[2])


def _kill_while_applying(mini: MiniPlatform, release: str, history: History) -> None:
    process = _start(mini, release)
    _wait_for(history, "applying second")
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _await_the_tool(mini: MiniPlatform) -> None:
    """The terraform of a killed run goes on to its own end, and gives its lock back."""
    while any(mini.state.glob(".*.lock.info")):
        time.sleep(0.1)


def _wait_for(history: History, kind: str) -> None:
    while kind not in kinds(history, "dev")[-3:]:
        time.sleep(0.05)


def _lose_archive(mini: MiniPlatform, release: str) -> None:
    """Somebody damages the store: the release to go back to is gone."""
    (Path(mini.settings.store_address) / "releases" / f"{release}.tar.gz").write_bytes(b"damaged")


def test_after_a_rollback_the_receipts_tell_what_is_there(mini: MiniPlatform, history: History) -> None:
    promote(mini.release("good").id, "dev")
    mini.paint("dev", "red")
    with pytest.raises(RolledBack):
        promote(mini.release("bad").id, "dev")
    receipts = history.state("dev").receipts
    assert {unit: dict(receipt.outputs) for unit, receipt in receipts.items()} == {
        "first": {"colour": "blue"},
        "second": {"echo": "blue"},
    }


def test_a_run_that_ends_right_after_it_was_verified_is_not_put_back(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "green")
    better = mini.release("better")
    _die_when_verified(mini, better.id)
    assert recover("dev") is True
    standing = history.state("dev")
    assert (standing.verified, standing.rejected, standing.claim) == (better.id, frozenset(), None)
    assert colours(mini, "dev") == {"first": "green", "second": "green"}


def test_going_back_twice_goes_back_twice(mini: MiniPlatform, history: History) -> None:
    releases = []
    for colour in ("blue", "green", "blueish"):
        mini.paint("dev", colour)
        if colour == "blueish":
            mini.write("terraform/dev/first/extra.tf", 'output "extra" { value = "x" }\n')
            mini.paint("dev", "blue")
        releases.append(mini.release(colour).id)
        promote(releases[-1], "dev")
    assert [rollback("dev"), rollback("dev")] == [releases[1], releases[0]]


def _die_when_verified(mini: MiniPlatform, release: str) -> None:
    """A process that is gone the moment that the ledger says `verified`."""
    from prefect.settings import PREFECT_API_URL

    program = (
        "import os; from tasks.promotion import promotion; verified = promotion.verify\n"
        "def die(run): verified(run); os._exit(9)\n"
        f"promotion.verify = die; from flows.promote import promote; promote({release!r}, 'dev')"
    )
    variables = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value() or ""}
    done = subprocess.run([sys.executable, "-c", program], env=variables, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 9
