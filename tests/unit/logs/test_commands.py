"""`flowmart logs`, on a platform with a log folder, or with a cluster in its place."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from deployments import cli
from tasks.domain.errors import Unanswered
from tasks.logs import documents, files
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble
from tests.formats import ecs, outputs
from tests.platforms.mini import MiniPlatform

Printed = pytest.CaptureFixture[str]


HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def line(event: str, at: str = HOUR_AGO, **more: Any) -> bytes:
    about = {"event": event, "timestamp": at, "level": "info", "logger": "flowmart.x", "environment": "dev"}
    return documents.line(documents.document({**about, **more}))


@pytest.fixture
def server() -> Iterator[ApiDouble]:
    with api_server.serving() as double:
        yield double


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ApiDouble) -> Iterator[Path]:
    mini = MiniPlatform(tmp_path)
    manifest = mini.repository / "infrastructure/platform.yaml"
    manifest.write_text(f"{manifest.read_text()}\nlogging: {{elasticsearch: {{url: '{server.url}'}}}}\n")
    found = tmp_path / "log"
    about = {"PROFILE": "none", "REPOSITORY": str(mini.repository), "LOG_FOLDER": str(found)}
    for name, value in {**about, "STORE": mini.settings.store}.items():
        monkeypatch.setenv(f"FLOWMART_{name}", value)
    found.mkdir()
    (found / "flowmart-1.ndjson").write_bytes(line("planned", what="1 to add") + line("applied"))
    yield found
    logging.getLogger("flowmart").handlers.clear()
    structlog.reset_defaults()


def kept(folder: Path) -> list[dict[str, Any]]:
    for handler in logging.getLogger("flowmart").handlers:
        handler.flush()
    return [json.loads(line) for file in files.in_folder(folder) for line in file.path.read_bytes().splitlines()]


@pytest.mark.parametrize("typed", ["logs dev", "logs show dev", "logs", "logs --level info dev"])
def test_lines_are_shown(folder: Path, capsys: Printed, typed: str) -> None:
    assert cli.run(typed.split()) == 0
    assert [line.split()[2:] for line in capsys.readouterr().out.splitlines()] == [
        ["dev", "planned:", "1", "to", "add"],
        ["dev", "applied"],
    ]


def test_lines_are_one_document_with_json(folder: Path, capsys: Printed) -> None:
    assert cli.run(["logs", "dev", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outputs.check("logs show", printed)
    assert [each["event"]["action"] for each in printed] == ["planned", "applied"]


def test_nothing_found_says_so(folder: Path, capsys: Printed) -> None:
    assert cli.run(["logs", "nowhere"]) == 0
    assert "no lines" in capsys.readouterr().err


def test_without_a_folder_the_cluster_is_asked(
    folder: Path, server: ApiDouble, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_LOG_FOLDER", "")
    found = [{"_source": json.loads(line("verified")), "sort": [1]}]
    server.answer = lambda _: api_server.document({"hits": {"hits": found}})
    assert cli.run(["logs", "dev", "--level", "warning", "--since", "2d"]) == 0
    assert "verified" in capsys.readouterr().out
    (asked,) = server.asked
    assert asked.path == "/logs-flowmart.*/_search"
    levels, since, subject = asked.json["query"]["bool"]["filter"]
    assert levels == {"terms": {"log.level": ["warning", "error", "critical"]}}
    assert datetime.fromisoformat(since["range"]["@timestamp"]["gte"]) < datetime.now(UTC)
    assert {"term": {"labels.environment": "dev"}} in subject["bool"]["should"]


def test_with_a_folder_the_cluster_is_asked_on_request(folder: Path, server: ApiDouble, capsys: Printed) -> None:
    found = [{"_source": json.loads(line("verified")), "sort": [1]}]
    server.answer = lambda _: api_server.document({"hits": {"hits": found}})
    assert cli.run(["logs", "dev", "--cluster"]) == 0
    printed = capsys.readouterr().out
    assert "verified" in printed
    assert "planned" not in printed
    assert cli.run(["logs", "dev", "--cluster", "--follow"]) == 64


def test_the_cluster_that_the_setting_names_is_asked_in_its_place(
    folder: Path, server: ApiDouble, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api_server.serving() as other:
        other.answer = lambda _: api_server.document({"hits": {"hits": []}})
        monkeypatch.setenv("FLOWMART_OPENSEARCH", other.url)
        assert cli.run(["logs", "dev", "--cluster"]) == 0
        assert (len(other.asked), len(server.asked)) == (1, 0)
    monkeypatch.setenv("FLOWMART_OPENSEARCH", "none")
    assert cli.run(["logs", "dev", "--cluster"]) == 64
    assert "FLOWMART_OPENSEARCH=none: no search server may be asked" in capsys.readouterr().err


def test_what_the_cluster_lacks_is_offered(folder: Path, server: ApiDouble, capsys: Printed) -> None:
    there = json.loads(line("applied"))["event"]["id"]
    buckets = {"ids": {"buckets": [{"key": there, "doc_count": 1}]}}
    server.answer = lambda _: api_server.document({"hits": {"hits": []}, "aggregations": buckets})
    assert cli.run(["logs", "check", "--since", "2d", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outputs.check("logs check", printed)
    assert printed == {"kept": 2, "missing": 1, "offered": 1}
    assert cli.run(["logs", "check", "--since", "2d"]) == 0
    assert "2 lines" in capsys.readouterr().out


def test_lines_that_are_missing_are_a_metric(folder: Path, capsys: Printed) -> None:
    numbered = [line("planned", sequence=number) for number in (1, 2, 7)]
    (folder / "flowmart-20261126T090000.000000Z-7.ndjson").write_bytes(b"".join(numbered))
    assert cli.run(["metrics"]) == 0
    assert "flowmart_log_missing_lines 4.0" in capsys.readouterr().out


def test_a_command_that_writes_leaves_its_entry_and_its_end(folder: Path) -> None:
    assert cli.run(["freeze", "dev", "--reason", "sale; password=kanarienvogel"]) == 0
    entry, end = kept(folder)[2:]
    assert (entry["event"]["action"], entry["event"]["dataset"]) == ("frozen", "flowmart.ledger")
    assert (end["event"]["action"], end["event"]["outcome"]) == ("command", "success")
    assert end["flowmart"] == {"what": "freeze", "exit_code": 0}
    assert [ecs.mistakes(each) for each in (entry, end)] == [[], []]
    assert "kanarienvogel" not in json.dumps(entry)


def test_a_command_that_fails_leaves_its_error(folder: Path) -> None:
    assert cli.run(["freeze", "nowhere", "--reason", "sale"]) == 64
    (end,) = kept(folder)[2:]
    assert (end["event"]["outcome"], end["error"]["type"]) == ("failure", "InvalidInput")
    assert "nowhere" in end["error"]["message"]
    assert ecs.mistakes(end) == []


def test_no_answer_is_no_failure(folder: Path, server: ApiDouble) -> None:
    server.answer = lambda _: api_server.document({"error": "busy"}, 503)
    assert cli.run(["logs", "check", "--since", "2d"]) == cli.exit_codes.of(Unanswered("x"))
    (end,) = kept(folder)[2:]
    assert end["event"]["outcome"] == "unknown"


def test_a_command_that_only_reads_leaves_no_line(folder: Path) -> None:
    assert cli.run(["history"]) == 0
    assert len(kept(folder)) == 2


def test_what_is_logged_does_not_stand_in_a_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Printed
) -> None:
    monkeypatch.delenv("FLOWMART_LOG_FOLDER")
    assert cli.run(["freeze", "dev", "--reason", "sale"]) == 0
    (chain,) = (tmp_path / "store").rglob("ledger")
    (chain.parent / "snapshots/dev").mkdir(parents=True)
    (chain.parent / "snapshots/dev/00000001.json").write_text("damaged")
    capsys.readouterr()
    structlog.reset_defaults()
    assert cli.run(["status", "--json"]) == 0
    printed = capsys.readouterr()
    assert isinstance(json.loads(printed.out), dict)
    assert "snapshot ignored" in printed.err


def test_without_a_folder_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWMART_LOG_FOLDER")
    assert cli.run(["freeze", "dev", "--reason", "sale"]) == 0
    assert len(kept(folder)) == 2
