"""What a release holds besides the commit's files, as far as that can be told without Terragrunt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.terragrunt.preparation import as_repository
from tasks.releases.completion import completed
from tasks.releases.contents import File

PLAIN = (
    "platform: shop\nenvironments: {dev: {}}\nunits:\n  app: {engine: terraform, source: app, environments: [dev]}\n"
)
LIVE = "platform: shop\nenvironments: {dev: {}}\nterragrunt: {root: 'live/{environment}'}\n"


def files(platform: str) -> tuple[File, ...]:
    paths = {"platform.yaml": platform, "app/main.tf": "", "live/dev/app/terragrunt.hcl": ""}
    return tuple(File(path, "file", text.encode()) for path, text in paths.items())


def program(folder: Path, printed: str) -> str:
    """A Terragrunt that only knows what it is."""
    place = folder / "terragrunt"
    place.write_text(f"#!/bin/sh\necho '{printed}'\n")
    place.chmod(0o755)
    return str(place)


def test_a_release_without_terragrunt_holds_the_files_of_its_commit() -> None:
    assert completed(files(PLAIN), lambda *_: "/nowhere") == files(PLAIN)


def test_a_missing_terragrunt_is_named_with_how_to_get_it() -> None:
    told = (
        "terragrunt: /nowhere/terragrunt cannot be run: install Terragrunt 1.x .*, or name it by FLOWMART_TERRAGRUNT"
    )
    with pytest.raises(InvalidInput, match=told):
        completed(files(LIVE), lambda *_: "/nowhere/terragrunt")


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("terragrunt version v0.67.4", "is 0.67.4, and it must be 1.0.0 or newer: install Terragrunt 1.x"),
        ("terragrunt version 0.0.0", "was built without a version, so that every version constraint fails"),
        ("terragrunt version latest", "was built without a version"),
    ],
)
def test_an_old_or_unstamped_terragrunt_makes_no_release(tmp_path: Path, printed: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        completed(files(LIVE), lambda *_: program(tmp_path, printed))


def test_the_block_names_another_terragrunt(tmp_path: Path) -> None:
    named = LIVE.replace("{environment}'}", "{environment}', binary: /elsewhere/terragrunt}")
    with pytest.raises(InvalidInput, match="/elsewhere/terragrunt cannot be run"):
        completed(files(named), lambda *_: "/nowhere/terragrunt")


def test_a_checkout_becomes_an_empty_repository_once(tmp_path: Path) -> None:
    infrastructure = tmp_path / "infrastructure"
    infrastructure.mkdir()
    as_repository(infrastructure)
    (tmp_path / ".git/HEAD").write_text("theirs")
    as_repository(infrastructure)
    assert (tmp_path / ".git/HEAD").read_text() == "theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "infrastructure"]
