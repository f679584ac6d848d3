"""The command line without flows: what it reads, how it refuses, what it exits with."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deployments import cli
from deployments.cli import environments
from tasks.domain.events import (
    ClaimClosed,
    EnvironmentClaimed,
    EnvironmentFrozen,
    ReleaseVerified,
    UnitApplied,
    UnitRollbackFailed,
)
from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.releases import records
from tests.platforms.mini import PLATFORM, MiniPlatform
from tests.unit.test_environment_state import receipt


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    made = MiniPlatform(tmp_path)
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(made.repository))
    monkeypatch.setenv("FLOWMART_STORE", made.settings.store)
    return made


def test_a_release_is_made_shown_and_listed(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    mini.release("Paint it blue")
    assert cli.run(["release", "create", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert cli.run(["show", made["id"][:6], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["requests"][-1]["provenance"]["subject"], shown["verified_in"]) == ("Paint it blue", [])
    assert cli.run(["release", "list"]) == 0
    assert made["id"] in capsys.readouterr().out


def test_status_knows_every_environment_before_anything_happened(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: here["state"] for name, here in found.items()} == {
        "dev": "nothing here yet",
        "staging": "nothing here yet",
    }


def test_status_names_the_units_that_are_left_behind(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    ledger, release = History(mini.settings).ledger, mini.release().id
    for unit in ("first", "third"):
        ledger.append("dev", UnitApplied(unit=unit, release=release, receipt=receipt(unit, release)))
    ledger.append("dev", ReleaseVerified(release=release))
    assert cli.run(["status"]) == 0
    assert "verified; left behind, no longer declared: third" in capsys.readouterr().out
    assert cli.run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dev"]["left_behind"] == ["third"]


def test_a_unit_that_was_renamed_is_not_left_behind(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    ledger, release = History(mini.settings).ledger, mini.release().id
    for unit in ("third", "first"):
        applied = replace(receipt(unit, release), details={"state": "s3://states/app"})
        ledger.append("dev", UnitApplied(unit=unit, release=release, receipt=applied))
    assert cli.run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dev"]["left_behind"] == []


def test_a_unit_that_was_renamed_and_then_removed_is_left_behind(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, release = History(mini.settings).ledger, mini.release().id
    for unit in ("earlier", "later"):
        applied = replace(receipt(unit, release), details={"state": "s3://states/app"})
        ledger.append("dev", UnitApplied(unit=unit, release=release, receipt=applied))
    assert cli.run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dev"]["left_behind"] == ["earlier", "later"]


def verify(mini: MiniPlatform, environment: str, release: Release) -> None:
    """What the ledger says of a release once it is verified somewhere."""
    history = History(mini.settings)
    digest, origin = records.digest(release), history.releases.latest_request(release.id)
    claim = EnvironmentClaimed(
        release=release.id, purpose="promote", holder={}, release_digest=digest, provenance=origin
    )
    history.ledger.append(environment, claim)
    history.ledger.append(
        environment, UnitApplied(unit="first", release=release.id, receipt=receipt("first", release.id))
    )
    history.ledger.append(environment, ReleaseVerified(release=release.id))
    history.ledger.append(environment, ClaimClosed(outcome="succeeded"))


def damage(mini: MiniPlatform, release: Release) -> None:
    """Cut off the archive of a release."""
    os.truncate(Path(mini.store.address) / "releases" / f"{release.id}.tar.gz", 99)


def test_status_shows_the_subject_that_an_environment_was_verified_with(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    release = mini.release("Paint it blue")
    verify(mini, "dev", release)
    mini.release("Another commit of the same content")
    verify(mini, "staging", release)
    assert cli.run(["status"]) == 0
    dev, staging = (
        line for line in capsys.readouterr().out.splitlines() if release.id in line and "verified" in line
    )
    assert "Paint it blue" in dev
    assert "Another commit of the same content" in staging


def test_status_of_the_other_environments_survives_a_damaged_release(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = mini.release("bad")
    verify(mini, "dev", bad)
    mini.paint("dev", "green")
    verify(mini, "staging", mini.release("good"))
    damage(mini, bad)
    assert cli.run(["status"]) == 1
    printed = capsys.readouterr()
    assert f"release {bad.id}: its archive releases/{bad.id}.tar.gz in" in printed.err
    assert "staging" in printed.out
    assert cli.run(["status", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert bad.id in found["dev"]["damage"]
    assert "damage" not in found["staging"]


@pytest.mark.parametrize(
    "command", [["audit"], ["show", "HEAD"], ["promote"], ["plan", "dev"], ["diff", "HEAD", "dev"]]
)
def test_a_damaged_release_is_refused_by_every_command(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    release = mini.release()
    verify(mini, "dev", release)
    damage(mini, release)
    assert cli.run(command) == 1
    printed = capsys.readouterr()
    assert f"release {release.id}: its archive" in printed.out + printed.err


def test_an_audit_counts_what_is_as_it_was_made(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    verify(mini, "dev", mini.release())
    assert cli.run(["audit"]) == 0
    assert "1 releases are what they were when they were made" in capsys.readouterr().out


def test_a_list_shows_the_good_releases_and_the_damaged_ones(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = mini.release("bad")
    mini.paint("dev", "green")
    mini.release("good")
    (Path(mini.store.address) / "releases" / f"{bad.id}.json").write_bytes(b"")
    assert cli.run(["release", "list"]) == 1
    printed = capsys.readouterr()
    assert "good" in printed.out
    assert f"release {bad.id}: its record" in printed.err


def test_a_release_is_shown_by_the_name_of_its_commit(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    release = mini.release("Paint it blue")
    mini.git("tag", "v1")
    assert cli.run(["show", "v1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == release.id


def test_a_release_is_created_of_any_name_of_a_commit(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    release = mini.release()
    for name in ("HEAD", release.id):
        assert cli.run(["release", "create", "--ref", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["id"] == release.id


def test_two_releases_are_compared_by_units_and_files(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    before = mini.release()
    mini.paint("dev", "green")
    mini.release()
    assert cli.run(["diff", before.id, "HEAD", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (list(found["units"]), found["files"]) == (["dev/first"], ["terraform/dev/first/main.tf"])


def test_a_release_is_compared_with_an_environment(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    verify(mini, "dev", mini.release())
    mini.paint("staging", "green")
    mini.release()
    assert cli.run(["diff", "dev", "HEAD", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == ["terraform/staging/first/main.tf"]
    assert {unit.partition("/")[0] for unit in found["units"]} == {"dev"}


def test_an_entry_is_shown_by_its_name(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    History(mini.settings).ledger.append("dev", ReleaseVerified(release="abc"))
    assert cli.run(["show", "dev/1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["release"] == "abc"


def damaged(mini: MiniPlatform) -> None:
    """The first entry of dev is empty; staging is verified."""
    ledger = History(mini.settings).ledger
    ledger.append("dev", ReleaseVerified(release="abc"))
    ledger.append("staging", ReleaseVerified(release="abc"))
    (Path(mini.store.address) / "ledger/dev/00000001.json").write_bytes(b"")


def test_audit_names_a_broken_chain(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    damaged(mini)
    assert cli.run(["audit"]) == 1
    assert "ledger/dev/00000001.json: it is empty" in capsys.readouterr().err


def test_status_shows_the_other_environments_when_one_chain_is_damaged(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged(mini)
    assert cli.run(["status"]) == 1
    shown = capsys.readouterr()
    assert "DAMAGED" in shown.out
    assert "abc" in shown.out
    assert "ledger/dev/00000001.json: it is empty" in shown.err


def test_status_as_a_document_names_the_damage_of_one_environment(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged(mini)
    assert cli.run(["status", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {name: here["state"] for name, here in found.items()} == {"dev": "damaged", "staging": "verified"}
    assert found["dev"]["damage"].startswith("ledger/dev/00000001.json: it is empty")


@pytest.mark.parametrize("command", [["history", "dev"], ["diff", "dev", "staging"], ["show", "dev/1"]])
def test_a_command_that_needs_a_damaged_chain_names_the_damage(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    damaged(mini)
    assert cli.run(command) == 1
    assert "ledger/dev/00000001.json: it is empty" in capsys.readouterr().err


def test_an_error_is_the_document_where_there_is_no_result(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["show", "nothing", "--json"]) == 64
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "NotFound"


def test_where_there_is_a_result_it_is_the_only_document(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = mini.release("bad")
    record = Path(mini.store.address) / "releases" / f"{bad.id}.json"
    record.write_text("{}")
    assert cli.run(["release", "list", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == []
    assert bad.id in printed.err


def test_the_history_keeps_the_newest_entries(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = History(mini.settings).ledger
    for release in ("a", "b", "c"):
        ledger.append("dev", ReleaseVerified(release=release))
    assert cli.run(["history", "--limit", "2", "--json"]) == 0
    assert [entry["number"] for entry in json.loads(capsys.readouterr().out)] == [2, 3]


def test_resolve_frees_a_blocked_environment(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    history = History(mini.settings)
    history.ledger.append("dev", UnitRollbackFailed(unit="first", release="abc", why="no"))
    assert cli.run(["resolve", "dev", "--reason", "put right by hand"]) == 0
    assert history.state("dev").blocked is None
    assert cli.run(["resolve", "dev", "--reason", "again"]) == 64


def test_the_profile_is_the_repositorys_wherever_the_command_is_run(
    mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FLOWMART_PROFILE")
    (mini.repository / ".flowmart").mkdir()
    (mini.repository / ".flowmart/profile.env").write_text("FLOWMART_PARALLELISM='many'\n")
    monkeypatch.setenv("FLOWMART_PARALLELISM", "4")
    assert cli.run(["status"]) == 64
    assert "FLOWMART_PARALLELISM=many" in capsys.readouterr().err


def test_a_server_that_is_not_up_is_shown_as_such(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["server", "status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {part["name"]: part["pid"] for part in found} == dict.fromkeys(["server", "registrar", "worker", "board"])


def test_the_metrics_are_a_part_of_the_server_where_they_have_a_port(
    mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWMART_SERVER_METRICS_PORT", "9464")
    assert cli.run(["server", "status", "--json"]) == 0
    assert [part["name"] for part in json.loads(capsys.readouterr().out)][-1] == "metrics"


def test_the_metrics_can_be_printed(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    History(mini.settings).ledger.append("dev", EnvironmentFrozen(reason="sale"))
    assert cli.run(["metrics"]) == 0
    assert 'flowmart_environment_state{environment="dev",state="unverified"} 1.0' in capsys.readouterr().out


def test_a_wrong_setting_of_the_server_does_not_print_the_password(
    mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWMART_SERVER_DATABASE", "postgresql://flowmart:secret@host/prefect")
    monkeypatch.setenv("FLOWMART_SERVER_PORT", "many")
    assert cli.run(["server", "status"]) == 64
    printed = capsys.readouterr().err
    assert "port" in printed
    assert "secret" not in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["promote", "--nope"], "No such option"),
        (["show", "ffff"], "ffff: no release begins with it"),
        (["show", "dev/99"], "dev/99: the ledger has no such entry"),
        (["diff", "dev", "nowhere"], "environments are dev, staging"),
        (["drift"], "nothing has been promoted yet"),
        (
            ["release", "create", "--ref", "nowhere"],
            "nowhere: no release begins with it",
        ),
        (["bootstrap", "nowhere"], "nowhere"),
    ],
)
def test_wrong_input_is_named_on_standard_error_without_a_traceback(
    mini: MiniPlatform, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert cli.run(arguments) == 64
    printed = capsys.readouterr()
    assert said in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_wrong_setting_names_its_variable(
    mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWMART_PARALLELISM", "many")
    assert cli.run(["status"]) == 64
    assert "FLOWMART_PARALLELISM=many" in capsys.readouterr().err


def test_with_json_an_error_is_a_document_too(
    mini: MiniPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["flowmart", "show", "ffff", "--json"])
    assert cli.run(["show", "ffff", "--json"]) == 64
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "NotFound"


def test_the_project_is_found_from_a_folder_inside_it(mini: MiniPlatform) -> None:
    inside = mini.repository / "infrastructure" / "terraform"
    assert cli.project_root(inside) == mini.repository


@pytest.fixture
def removed(mini: MiniPlatform) -> History:
    """The history of a platform that no longer declares staging."""
    mini.release()
    text = PLATFORM.replace("[dev, staging]", "[dev]")
    mini.write("platform.yaml", re.sub("\n  staging: .*", "", text))
    return History(mini.settings)


def test_a_removed_environment_that_is_blocked_is_shown_and_resolved(
    removed: History, capsys: pytest.CaptureFixture[str]
) -> None:
    removed.ledger.append("staging", UnitRollbackFailed(unit="first", release="abc", why="no"))
    assert cli.run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["staging"]["blocked"]
    assert cli.run(["history", "staging"]) == 0
    assert cli.run(["resolve", "staging", "--reason", "repaired by hand"]) == 0
    assert removed.state("staging").blocked is None


def test_a_removed_environment_whose_claim_is_open_can_be_named_to_recover_it(removed: History) -> None:
    release = removed.releases.known()[0]
    held = EnvironmentClaimed(release=release, purpose="promote", holder={})
    removed.ledger.append("staging", held)
    assert environments.recoverable_environment("staging") == "staging"


def test_a_removed_environment_in_which_nothing_is_left_open_is_unknown(
    removed: History, capsys: pytest.CaptureFixture[str]
) -> None:
    removed.ledger.append("staging", ReleaseVerified(release="abc"))
    for command in (["resolve", "staging", "--reason", "repaired"], ["recover", "staging"]):
        assert cli.run(command) == 64
        assert "environment staging: there are dev" in capsys.readouterr().err
    assert cli.run(["status", "--json"]) == 0
    assert "staging" not in json.loads(capsys.readouterr().out)


def test_a_removed_environment_with_a_damaged_ledger_hides_no_other(
    removed: History, capsys: pytest.CaptureFixture[str]
) -> None:
    removed.store.create("ledger/staging/00000001.json", b"")
    assert cli.run(["status", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {name: here["state"] for name, here in found.items()} == {"dev": "nothing here yet", "staging": "damaged"}
