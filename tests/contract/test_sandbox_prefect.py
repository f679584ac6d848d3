"""The sandbox's Prefect server: what it answers, and that its ready-made database is the one Prefect would make."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deployments import cli, prefect_database
from deployments.sandbox import Sandbox
from tests.formats import outputs

pytestmark = pytest.mark.sandbox


def get(sandbox: Sandbox, path: str) -> str:
    with urllib.request.urlopen(f"{sandbox.prefect_url}{path}", timeout=30) as answer:  # noqa: S310 loopback
        return str(answer.read().decode())


def test_it_serves_its_ui_and_an_api_that_the_profile_names(prefect_server: Sandbox) -> None:
    assert prefect_server.variables["PREFECT_API_URL"] == f"{prefect_server.prefect_url}/api"
    assert json.loads(get(prefect_server, "/api/health")) is True
    assert "<html" in get(prefect_server, "/")


def test_the_command_that_starts_it_prints_what_its_schema_says(
    prefect_server: Sandbox, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(prefect_server.root))
    monkeypatch.setenv("FLOWMART_OPENSEARCH", "none")
    (prefect_server.root / "infrastructure").symlink_to(project / "infrastructure")
    assert cli.run(["sandbox", "up", "--json"]) == 0
    (prefect_server.root / "infrastructure").unlink()
    printed = json.loads(capsys.readouterr().out)
    outputs.check("sandbox up", printed)
    assert "prefect" in [part["name"] for part in printed]


def test_it_tells_nobody_that_it_runs(prefect_server: Sandbox) -> None:
    settings: Any = json.loads(get(prefect_server, "/api/admin/settings"))
    assert settings["server"]["analytics_enabled"] is False


def test_its_home_is_the_sandboxs(prefect_server: Sandbox) -> None:
    home = Path(prefect_server.variables["PREFECT_HOME"])
    assert home.is_relative_to(prefect_server.root)
    assert (home / "prefect.db").exists()


def clauses(schema: str) -> list[str]:
    """The schema without the order of constraints in a table, which differs from run to run."""
    return sorted(line.strip().rstrip(", ") for line in schema.splitlines())


def test_the_shipped_schema_is_what_prefects_migrations_make() -> None:
    again = "run: python -m deployments.prefect_database"
    assert clauses(prefect_database.migrated()) == clauses(prefect_database.SCHEMA.read_text()), again


def test_a_new_database_is_made_once_and_an_old_one_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert prefect_database.prepare(home)
    with closing(sqlite3.connect(home / "prefect.db")) as connection:
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
    (home / "prefect.db").write_text("somebody's")
    assert not prefect_database.prepare(home)
    assert (home / "prefect.db").read_text() == "somebody's"


def test_a_schema_of_another_version_is_not_used(tmp_path: Path) -> None:
    schema = tmp_path / "schema.sql"
    schema.write_text("-- Prefect 3.0.0\nCREATE TABLE old (id);\n")
    assert not prefect_database.prepare(tmp_path, schema)
    assert not (tmp_path / "prefect.db").exists()
