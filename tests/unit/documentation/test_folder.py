"""The folder of the pages: it has what is wanted, and nobody else's file is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.documentation.folder import LIST, Page, write
from tasks.domain.errors import InvalidInput


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {LIST}


def test_pages_that_are_no_longer_wanted_are_removed_with_their_folders(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": Page("a"), "units/old/index.md": Page("b"), "units/new.md": Page("c")})
    (tmp_path / "notes.md").write_text("mine")
    written = write(tmp_path, {"README.md": Page("d"), "units/new.md": Page("c")})
    assert written.removed == ("units/old/index.md",)
    assert files(tmp_path) == {"README.md", "units/new.md", "notes.md"}
    assert not (tmp_path / "units/old").exists()
    assert (tmp_path / "README.md").read_text() == "d"


def test_a_file_of_somebody_else_in_the_way_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(InvalidInput, match=r"did not write README\.md; remove it"):
        write(tmp_path, {"README.md": Page("theirs"), "other.md": Page("x")})
    assert files(tmp_path) == {"README.md"}
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_page_that_yields_leaves_the_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users/anna.mdx").write_text("mine")
    pages = {"users/anna.mdx": Page("theirs", yields=True), "users/ben.mdx": Page("theirs", yields=True)}
    assert write(tmp_path, pages).files == ("users/ben.mdx",)
    assert write(tmp_path, pages).files == ("users/ben.mdx",)
    assert (tmp_path / "users/anna.mdx").read_text() == "mine"


def test_a_list_that_names_files_outside_of_the_folder_removes_none(tmp_path: Path) -> None:
    folder, outside = tmp_path / "docs", tmp_path / "precious.md"
    outside.write_text("precious")
    folder.mkdir()
    (folder / LIST).write_text(json.dumps(["../precious.md", str(outside), LIST]))
    assert write(folder, {"README.md": Page("a")}).removed == ()
    assert outside.read_text() == "precious"


def test_a_page_that_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": Page("a")})
    (tmp_path / "README.md").chmod(0o444)
    before = (tmp_path / "README.md").stat().st_mtime_ns
    write(tmp_path, {"README.md": Page("a")})
    assert (tmp_path / "README.md").stat().st_mtime_ns == before


@pytest.mark.parametrize(("content", "said"), [("{", "is not a list of files"), (None, "is a file; name a folder")])
def test_what_cannot_be_a_folder_of_pages_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    folder = tmp_path / "docs"
    if content is None:
        folder.write_text("x")
    else:
        folder.mkdir()
        (folder / LIST).write_text(content)
    with pytest.raises(InvalidInput, match=said):
        write(folder, {"README.md": Page("a")})
