"""Which variables a profile sets, removes and leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.profile import activate
from tasks.domain.errors import InvalidInput


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / ".flowmart"
    folder.mkdir()
    (folder / "profile.env").write_text("AWS_ACCESS_KEY_ID='operator'\nAWS_ENDPOINT_URL='http://127.0.0.1:4566'\n")
    (folder / "work.env").write_text("# ours\nAWS_PROFILE=work\nFLOWMART_STORE=s3://flowmart-store/x\n")
    return tmp_path


def test_a_running_sandbox_is_used(root: Path) -> None:
    environ = {"PATH": "/bin"}
    assert activate(root, environ) == "sandbox"
    expected = {"PATH": "/bin", "AWS_ACCESS_KEY_ID": "operator", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert environ == expected


def test_nothing_of_a_real_account_is_left(root: Path) -> None:
    environ = {
        "AWS_PROFILE": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ACCESS_KEY_ID": "real",
        "PREFECT_API_KEY": "k",
    }
    activate(root, environ)
    assert "real" not in environ.values()
    assert environ["PREFECT_API_KEY"] == "k"


def test_without_a_sandbox_the_environment_stays_as_it_is(tmp_path: Path) -> None:
    environ = {"AWS_PROFILE": "real"}
    assert activate(tmp_path, environ) is None
    assert environ == {"AWS_PROFILE": "real"}


def test_none_switches_it_off(root: Path) -> None:
    environ = {"AWS_PROFILE": "real", "FLOWMART_PROFILE": "none"}
    assert activate(root, environ) is None
    assert environ["AWS_PROFILE"] == "real"


def test_a_profile_of_the_users_is_used_by_name(root: Path) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "old", "FLOWMART_PROFILE": "work"}
    assert activate(root, environ) == "work"
    assert environ == {"FLOWMART_PROFILE": "work", "AWS_PROFILE": "work", "FLOWMART_STORE": "s3://flowmart-store/x"}


def test_a_profile_that_does_not_exist_is_named_with_those_that_do(root: Path) -> None:
    with pytest.raises(InvalidInput, match=r"FLOWMART_PROFILE=wrok: .*wrok\.env does not exist; choose one of work"):
        activate(root, {"FLOWMART_PROFILE": "wrok"})


def test_a_line_without_a_value_is_named(root: Path) -> None:
    (root / ".flowmart" / "profile.env").write_text("AWS_REGION\n")
    with pytest.raises(InvalidInput, match=r"profile\.env: AWS_REGION has no value"):
        activate(root, {})


@pytest.fixture
def server(tmp_path: Path) -> Path:
    folder = tmp_path / ".flowmart"
    folder.mkdir(exist_ok=True)
    (folder / "server.env").write_text("PREFECT_API_URL='http://127.0.0.1:4200/api'\nPREFECT_API_AUTH_STRING='a:b'\n")
    return tmp_path


def test_a_server_that_is_up_is_used_whoever_the_account_is(server: Path) -> None:
    environ = {"AWS_PROFILE": "real", "PREFECT_API_KEY": "of another server"}
    assert activate(server, environ) is None
    assert environ == {
        "AWS_PROFILE": "real",
        "PREFECT_API_URL": "http://127.0.0.1:4200/api",
        "PREFECT_API_AUTH_STRING": "a:b",
    }


def test_the_sandboxs_prefect_server_comes_before_it(server: Path) -> None:
    (server / ".flowmart" / "profile.env").write_text("PREFECT_API_URL='http://127.0.0.1:1/api'\n")
    environ: dict[str, str] = {}
    assert activate(server, environ) == "sandbox"
    assert environ == {"PREFECT_API_URL": "http://127.0.0.1:1/api"}


def test_none_leads_away_from_the_server_too(server: Path) -> None:
    environ = {"FLOWMART_PROFILE": "none"}
    assert activate(server, environ) is None
    assert "PREFECT_API_URL" not in environ
