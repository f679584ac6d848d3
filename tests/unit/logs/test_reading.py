"""What `flowmart logs` finds: the lines of a run, a claim, an environment or a release, each once and in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import logs
from tasks.logs import documents, reading
from tasks.logs.reading import Following, Wanted

RUN, OTHER = "0192a1b2-0000-7000-8000-00000000abcd", "0192a1b2-0000-7000-8000-00000000ffff"


def line(event: str = "planned", at: str = "09:00:00.000001", **more: Any) -> bytes:
    about = {"event": event, "timestamp": f"2026-11-26T{at}Z", "level": "info", "logger": "flowmart.x"}
    return documents.line(documents.document({**about, **more}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    staging = {"environment": "staging", "release": "3f9c1e0", "run": RUN, "claim": "staging/23"}
    first = [
        line("planned", "09:00:01.000001", **staging),
        line("claimed", "09:00:00.500000", entry="staging/23", **staging),
        line("began", "09:00:02.000001", **{**staging, "level": "debug"}),
        line("planned", environment="dev", release="77aa", run=OTHER, root_run=RUN, claim="dev/9"),
    ]
    second = [
        line("smoke FAILED", "09:00:03.000001", **{**staging, "level": "error"}),
        line("tick", "08:00:00.000001", environment="staging-eu", what="about staging and 3f9c1e0"),
    ]
    (tmp_path / "flowmart-1.ndjson").write_bytes(b"".join(first))
    (tmp_path / "flowmart-2.ndjson").write_bytes(b"".join(second) + b'{"half": "a li')
    return tmp_path


def actions(folder: Path, *asked: Any, **more: Any) -> list[str]:
    return [found["event"]["action"] for found in reading.find(folder, Wanted(*asked, **more))]


OF_STAGING = ["claimed", "planned", "began", "smoke_failed"]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("staging", OF_STAGING),
        ("staging/23", OF_STAGING),
        ("3f9c1e0", OF_STAGING),
        ("3f9c", OF_STAGING),
        (RUN, ["planned", *OF_STAGING]),
        (RUN.replace("-", ""), ["planned", *OF_STAGING]),
        (RUN.upper(), ["planned", *OF_STAGING]),
        (OTHER, ["planned"]),
        ("0192a1b2", ["planned", *OF_STAGING]),
        ("staging-eu", ["tick"]),
        ("stag", []),
        ("nothing", []),
        ("dev/9", ["planned"]),
        ("", ["tick", "planned", *OF_STAGING]),
    ],
)
def test_a_subject_finds_its_lines_in_order(folder: Path, subject: str, expected: list[str]) -> None:
    assert actions(folder, subject) == expected


def test_a_level_leaves_out_what_is_less(folder: Path) -> None:
    assert actions(folder, "staging", "info") == ["claimed", "planned", "smoke_failed"]
    assert actions(folder, "staging", "warning") == ["smoke_failed"]


def test_a_time_leaves_out_what_was_before(folder: Path) -> None:
    assert actions(folder, since="2026-11-26T09:00:01.5") == ["began", "smoke_failed"]


def test_a_line_that_is_there_twice_is_found_once(folder: Path) -> None:
    content = (folder / "flowmart-1.ndjson").read_bytes()
    (folder / "flowmart-3.ndjson").write_bytes(content)
    assert actions(folder, "staging") == OF_STAGING


def test_there_may_be_no_folder(tmp_path: Path) -> None:
    assert reading.find(tmp_path / "none", Wanted("dev")) == []


def test_what_comes_is_followed(folder: Path) -> None:
    following = Following(folder, Wanted("staging"))
    assert following.new() == []
    with (folder / "flowmart-1.ndjson").open("ab") as file:
        whole = line("applied", environment="staging") + line("applied", environment="dev")
        file.write(whole + line("verified", environment="staging")[:50])
        file.flush()
        assert [found["event"]["action"] for found in following.new()] == ["applied"]
        file.write(line("verified", environment="staging")[50:])
    (folder / "flowmart-9.ndjson").write_bytes(line("tick", environment="staging"))
    assert {found["event"]["action"] for found in following.new()} == {"verified", "tick"}
    assert following.new() == []


def test_a_line_for_people_says_when_where_and_what() -> None:
    found = json.loads(line("applied", environment="dev", unit="cart", what="1 to add", receipt="dev/4"))
    told = logs.line(found)
    assert told.split()[2:] == ["dev", "cart", "applied:", "1", "to", "add", "(dev/4)"]


def test_an_exception_is_shown_with_its_stack() -> None:
    found = json.loads(line("broken", error=["ValueError", "x", "Traceback\nValueError: x\n"]))
    assert logs.line(found).splitlines()[1:] == ["Traceback", "ValueError: x"]
