"""Going back: on purpose, after a run that died, and when going back itself fails."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.drift import drift
from flows.promote import promote
from flows.recovery import recover
from flows.rollback import rollback
from tasks.errors import EnvironmentBlocked, EnvironmentBusy, InvalidInput, RollbackFailed
from tasks.history import History
from tests.flows.test_promote import colours, kinds
from tests.mini import MiniPlatform

SLOW = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "sleep 60" }\n}\n'


def test_rollback_goes_to_the_release_that_was_verified_before(mini: MiniPlatform, history: History) -> None:
    old = mini.release("old")
    promote(old.id, "dev")
    mini.paint("dev", "green")
    new = mini.release("new")
    promote(new.id, "dev")
    assert rollback("dev") == old.id
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    standing = history.standing("dev")
    assert (standing.verified, standing.rejected) == (old.id, {new.id})


def test_rollback_goes_only_where_it_was_good_before(mini: MiniPlatform, history: History) -> None:
    only = mini.release("only")
    promote(only.id, "dev")
    with pytest.raises(InvalidInput, match="nothing to go back to"):
        rollback("dev")
    mini.paint("dev", "green")
    with pytest.raises(InvalidInput, match="was not verified here before"):
        rollback("dev", mini.release("never promoted").id)
    assert history.standing("dev").verified == only.id


def test_what_a_killed_run_began_is_put_back_by_the_next_one(mini: MiniPlatform, history: History) -> None:
    good = mini.release("good")
    promote(good.id, "dev")
    mini.paint("dev", "green")
    mini.append("terraform/dev/second/main.tf", SLOW)
    slow = mini.release("slow")
    _kill_while_applying(mini, slow.id, history)
    assert history.standing("dev").attempted == ("first", "second")
    assert recover("dev") is True
    assert colours(mini, "dev") == {"first": "blue", "second": "blue"}
    standing = history.standing("dev")
    assert (standing.verified, standing.claim, standing.rejected) == (good.id, None, {slow.id})


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
        promote(bad.id, "dev", again=True)
    history.ledger.append("dev", "resolved", {"reason": "looked at it"})
    assert history.standing("dev").blocked is None


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


def _wait_for(history: History, kind: str) -> None:
    while kind not in kinds(history, "dev")[-3:]:
        time.sleep(0.05)


def _lose_archive(mini: MiniPlatform, release: str) -> None:
    """Somebody damages the store: the release to go back to is gone."""
    (Path(mini.settings.store_address) / "releases" / f"{release}.tar.gz").write_bytes(b"damaged")
