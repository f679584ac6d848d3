"""What the product keeps in a project is nothing that git adds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tasks import own_folder
from tasks.ledger.store import Store


def added(repository: Path) -> list[str]:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True)
    listed = subprocess.run(["git", "ls-files"], cwd=repository, check=True, capture_output=True, text=True)
    return listed.stdout.split()


def test_git_ignores_what_the_product_keeps(tmp_path: Path) -> None:
    Store.open(str(tmp_path / ".flowmart/store")).create("ledger/dev/1.json", b"{}")
    (own_folder.made(tmp_path / ".flowmart/server") / "password").write_text("secret")
    assert added(tmp_path) == []


def test_other_folders_are_left_as_they_are(tmp_path: Path) -> None:
    Store.open(str(tmp_path / "store")).create("ledger/dev/1.json", b"{}")
    assert added(tmp_path) == ["store/ledger/dev/1.json"]
