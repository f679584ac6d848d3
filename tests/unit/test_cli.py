"""The command line without flows: what it reads, how it refuses, what it exits with."""

import json
from pathlib import Path

import pytest

from deployments import cli
from tasks.domain.events import ReleaseVerified, UnitApplied, UnitRollbackFailed
from tasks.ledger.history import History
from tests.mini import MiniPlatform
from tests.unit.test_environment_state import receipt


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    made = MiniPlatform(tmp_path)
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(made.repository))
    monkeypatch.setenv("FLOWMART_STORE", made.store.address)
    return made


def test_a_release_is_made_shown_and_listed(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    mini.release("Paint it blue")
    assert cli.run(["release", "create", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert cli.run(["show", made["id"][:6], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["subject"], shown["verified_in"]) == ("Paint it blue", [])
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


def test_an_entry_is_shown_by_its_name(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    History(mini.settings).ledger.append("dev", ReleaseVerified(release="abc"))
    assert cli.run(["show", "dev/1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["release"] == "abc"


def test_audit_names_a_broken_chain(mini: MiniPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    History(mini.settings).ledger.append("dev", ReleaseVerified(release="abc"))
    file = Path(mini.store.address) / "ledger/dev/00000001.json"
    file.write_text(file.read_text().replace("abc", "abd"))
    assert cli.run(["audit"]) == 1
    assert "00000001.json was changed after it was written" in capsys.readouterr().err


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
    assert {part["name"]: part["pid"] for part in found} == {"server": None, "registrar": None, "worker": None}


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
        (["show", "ffff"], "release ffff: there is none"),
        (["show", "dev/99"], "dev/99: the ledger has no such entry"),
        (["diff", "dev", "nowhere"], "environment nowhere: there are dev, staging"),
        (["drift"], "nothing has been promoted yet"),
        (["release", "create", "--ref", "nowhere"], "git has no commit nowhere"),
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
