"""A log folder on a disk that is full: nothing about it decides anything, and what is lost is told."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.platforms.mini import MiniPlatform
from tests.servers import small_disk

PROJECT = Path(__file__).resolve().parents[2]

STORY = """
import json, logging, sys
from io import StringIO
from pathlib import Path

import structlog

from flows import logs
from tasks.logs import files, handler
from tasks.logs.handler import EcsHandler
from tasks.logs.missing import Missing

# The machine may be busy.
handler.PATIENCE = 240.0
place = Path(sys.argv[1])
folder, ballast = place / "log", place / "ballast"
ballast.write_bytes(b"x" * 40_000)
logs.configure("text", StringIO(), in_runs=False, folder=folder)
(kept,) = (each for each in logging.getLogger("flowmart").handlers if isinstance(each, EcsHandler))
log = structlog.get_logger("flowmart.promotion")
for number in range(100):
    log.info("planned", what=f"{number} " + "y" * 400)
kept.flush()
lost = kept.lost
ballast.unlink()
for number in range(3):
    log.info("applied", what=str(number))
kept.flush()
lines = [line for file in files.in_folder(folder) for line in file.path.read_bytes().splitlines()]
read = [json.loads(line) for line in lines]
told = [each["flowmart"]["lost"] for each in read if each["event"]["action"] == "log_lines_lost"]
applied = [each["event"]["action"] for each in read].count("applied")
print(json.dumps({"lost": lost, "told": told, "missing": Missing(folder).count(), "applied": applied}))
"""

FULL = """
import sys
from pathlib import Path

(Path(sys.argv[1]) / "ballast").write_bytes(b"x" * 65_536)
from deployments import cli
from tasks.logs import handler

handler.PATIENCE = 240.0
sys.exit(cli.run(["freeze", "dev", "--reason", "sale"]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "disk"
    made.mkdir()
    return made


def test_what_a_full_disk_takes_no_more_is_counted_and_told_once_there_is_room_again(place: Path) -> None:
    ended = small_disk.run(
        place, [sys.executable, "-c", STORY, str(place)], {**os.environ, "PYTHONPATH": str(PROJECT)}
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["lost"] > 10
    assert found == {"lost": found["lost"], "told": [found["lost"]], "missing": found["lost"], "applied": 3}
    assert ended.stderr.count("lines are missing") == 1
    assert "No space left on device" in ended.stderr


def test_a_command_whose_log_has_no_room_does_what_it_does(place: Path, tmp_path: Path) -> None:
    mini = MiniPlatform(tmp_path)
    own = {"PROFILE": "none", "REPOSITORY": str(mini.repository), "STORE": mini.settings.store}
    own["LOG_FOLDER"] = str(place / "log")
    variables = {**os.environ, "PYTHONPATH": str(PROJECT), **{f"FLOWMART_{k}": v for k, v in own.items()}}
    ended = small_disk.run(place, [sys.executable, "-c", FULL, str(place)], variables)
    assert ended.returncode == 0, ended.stderr
    assert "lines are missing" in ended.stderr
    assert [e["kind"] for e in _entries(Path(mini.settings.store_address) / "ledger/dev")] == ["frozen"]


def _entries(folder: Path) -> list[dict[str, str]]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
