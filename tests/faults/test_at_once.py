"""Promotions started at once on a store in a bucket: one at a time, and each says clearly how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tasks.ledger import auditing
from tasks.ledger.entries import Entry
from tasks.ledger.history import History
from tasks.settings import Settings
from tests.faults import at_once
from tests.faults.at_once import BUSY, NOWHERE, Ended
from tests.platforms.mini import MiniPlatform

MOST = 4


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    with at_once.bucket() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield variables


@pytest.fixture
def mini(bucket: Mapping[str, str], tmp_path: Path) -> MiniPlatform:
    made = MiniPlatform(tmp_path)
    made.settings = Settings(repository=made.repository, store=bucket["FLOWMART_STORE"], actor="tester")
    return made


@pytest.fixture
def releases(mini: MiniPlatform) -> list[str]:
    made = []
    for colour in ("blue", "green", "blue", "green")[:MOST]:
        mini.write("terraform/dev/second/extra.tf", f'resource "terraform_data" "n" {{ input = {len(made)} }}\n')
        mini.paint("dev", colour)
        made.append(mini.release().id)
    return made


def entries(mini: MiniPlatform) -> tuple[Entry, ...]:
    history = History(mini.settings)
    assert auditing.audit(history.store, "dev").problems == []
    found = history.ledger.entries("dev")
    assert not at_once.overlapping([entry.kind for entry in found])
    return found


def said(ended: list[Ended]) -> None:
    """Every command ended as the product means to, and without a traceback."""
    assert {one.code for one in ended} <= {0, BUSY}, ended
    assert not [one.told for one in ended if "Traceback" in one.told]


def test_without_patience_one_is_promoted_and_the_others_are_told_who_is_at_work(
    mini: MiniPlatform, bucket: Mapping[str, str], releases: list[str]
) -> None:
    ended = at_once.promoted(mini, releases, bucket, prefect=NOWHERE, wait=0)
    said(ended)
    assert all("dev is busy" in one.told for one in ended if one.code == BUSY)
    verified = [entry for entry in entries(mini) if entry.kind == "verified"]
    assert len(verified) == [one.code for one in ended].count(0) >= 1


def test_with_patience_all_are_promoted_one_after_the_other(
    mini: MiniPlatform, bucket: Mapping[str, str], releases: list[str], prefect_address: str
) -> None:
    ended = at_once.promoted(mini, releases, bucket, prefect=prefect_address, wait=600)
    said(ended)
    assert [one.code for one in ended] == [0] * MOST
    assert {entry.event.release for entry in entries(mini) if entry.kind == "verified"} == {*releases}  # type: ignore[attr-defined]
