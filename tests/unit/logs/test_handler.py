"""Events get into the folder, whatever becomes of the disk; and nothing that happens there reaches who logs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog

from flows import logs
from tasks.logs import files, handler
from tasks.logs.handler import EcsHandler
from tests.formats import ecs

SECRET = "kanarienvogel-im-fehler"


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    logging.getLogger("flowmart").handlers.clear()
    structlog.reset_defaults()


def configured(folder: Path) -> EcsHandler:
    logs.configure("text", StringIO(), in_runs=False, folder=folder)
    (found,) = (each for each in logging.getLogger("flowmart").handlers if isinstance(each, EcsHandler))
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in files.in_folder(folder) for line in file.path.read_bytes().splitlines()]


def test_an_event_is_a_document_of_the_schema(tmp_path: Path) -> None:
    kept = configured(tmp_path)
    structlog.get_logger("flowmart.promotion").bind(environment="dev", unit="cart").info("planned", what="1 to add")
    kept.flush()
    (found,) = lines(tmp_path)
    assert ecs.mistakes(found) == []
    assert found["labels"] == {"environment": "dev", "unit": "cart"}
    assert found["service"]["name"] == "flowmart"


def test_an_exception_keeps_its_type_and_stack_but_no_secret(tmp_path: Path) -> None:
    kept = configured(tmp_path)
    try:
        raise ConnectionError(f"login with password={SECRET} was refused")
    except ConnectionError:
        structlog.get_logger("flowmart.x").exception("broken", connection=f"db://a:{SECRET}@host")
    kept.flush()
    (found,) = lines(tmp_path)
    assert found["error"]["type"] == "ConnectionError"
    assert "Traceback" in found["error"]["stack_trace"]
    assert SECRET not in json.dumps(found)


def test_the_terminal_shows_no_secret_either(tmp_path: Path) -> None:
    stream = StringIO()
    logs.configure("json", stream, in_runs=False)
    try:
        raise ValueError(f"token: {SECRET}")
    except ValueError:
        structlog.get_logger("flowmart.x").exception("broken", api_key=SECRET, what=f"token={SECRET}")
    assert "broken" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_what_logging_itself_says_is_kept_too(tmp_path: Path) -> None:
    kept = configured(tmp_path)
    logging.getLogger("flowmart.x").warning("%s of %s", 1, 2)
    kept.flush()
    assert lines(tmp_path)[0]["message"] == "1 of 2"


def test_events_of_one_process_are_numbered(tmp_path: Path) -> None:
    kept = configured(tmp_path)
    for _ in range(3):
        structlog.get_logger("flowmart.x").info("tick")
    kept.flush()
    assert [line["event"]["sequence"] for line in lines(tmp_path)] == [1, 2, 3]


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    kept = configured(blocked / "logs")
    for _ in range(5):
        structlog.get_logger("flowmart.x").info("tick")
    kept.flush()
    assert kept.lost == 5
    assert capsys.readouterr().err.count("lines are missing") == 1


def test_what_was_lost_is_said_in_the_log_afterwards(tmp_path: Path) -> None:
    blocked = tmp_path / "logs"
    blocked.write_text("not a folder yet")
    kept = configured(blocked)
    structlog.get_logger("flowmart.x").info("first")
    kept.flush()
    blocked.unlink()
    structlog.get_logger("flowmart.x").info("second")
    kept.flush()
    lost, second = lines(blocked)
    assert lost["flowmart"]["lost"] == 1
    assert ecs.mistakes(lost) == []
    assert second["message"] == "second"


def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "ROOM", 5)
    monkeypatch.setattr(handler, "PATIENCE", 0.01)
    hangs = tmp_path / "flowmart"
    os.mkfifo(hangs)
    monkeypatch.setattr(files, "name", lambda: hangs.name)
    # A pipe that nobody reads: opening it to write waits for ever.
    monkeypatch.setattr(files.os, "O_EXCL", 0)
    kept = configured(tmp_path)
    for _ in range(20):
        structlog.get_logger("flowmart.x").info("tick")
    kept.close()
    assert kept.lost >= 14


def test_an_event_that_cannot_be_written_down_harms_nobody(tmp_path: Path) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    kept = EcsHandler(tmp_path)
    logging.getLogger("flowmart").handlers = [kept]
    logging.getLogger("flowmart.x").warning("tick", extra={"flowmart": {"x": Broken()}})
    assert kept.lost == 1


def test_a_child_process_has_a_file_of_its_own(tmp_path: Path) -> None:
    program = (
        "import logging, os, pathlib, sys; from tasks.logs.handler import EcsHandler\n"
        "kept = EcsHandler(pathlib.Path(sys.argv[1])); log = logging.getLogger('flowmart'); log.addHandler(kept)\n"
        "log.warning('parent'); kept.flush(); child = os.fork(); log.warning('both'); kept.flush()\n"
        "os._exit(0) if not child else os.waitpid(child, 0)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
    found = [file.path.read_bytes().count(b"\n") for file in files.in_folder(tmp_path)]
    assert sorted(found) == [1, 2]


@pytest.mark.parametrize("meanwhile", ["", "import logging.config; logging.config.dictConfig(dict(version=1))"])
def test_the_last_lines_are_written_at_the_end_of_a_process(tmp_path: Path, meanwhile: str) -> None:
    program = (
        "import logging, pathlib, sys; from tasks.logs.handler import EcsHandler\n"
        f"kept = EcsHandler(pathlib.Path(sys.argv[1])); {meanwhile}\n"
        "logging.getLogger('flowmart').disabled = False; logging.getLogger('flowmart').addHandler(kept)\n"
        "for n in range(500): logging.getLogger('flowmart').warning('tick')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
    assert len(lines(tmp_path)) == 500


def test_nothing_heavy_is_imported() -> None:
    program = "import sys, tasks.logs.handler, tasks.logs.files; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert not {"prefect", "pydantic", "structlog", "httpx", "botocore", "rich"} & {*found.stdout.split()}
