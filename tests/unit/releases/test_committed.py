"""What of a commit a release holds: all of it, as git has it, or a sentence that says what is in the way."""

import subprocess
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.releases import commits
from tasks.releases.contents import File


class Repository:
    """A git repository whose infrastructure/ is anything but a platform."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=tester", "-c", "user.email=tester@flowmart.example")
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path: str, data: bytes = b"") -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def committed(self) -> tuple[File, ...]:
        return commits.committed(self.folder, self.commit())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_files_are_held_byte_by_byte(repository: Repository) -> None:
    repository.write("infrastructure/a b/\u00e9", b"\x00\r\n\xff")
    repository.write("infrastructure/run", b"#!/bin/sh\n").chmod(0o755)
    assert repository.committed() == (
        File("a b/\u00e9", "file", b"\x00\r\n\xff"),
        File("run", "executable", b"#!/bin/sh\n"),
    )


@pytest.mark.parametrize("attribute", ["export-ignore", "export-subst", "text eol=crlf", "ident"])
def test_attributes_of_git_neither_drop_nor_change_files(repository: Repository, attribute: str) -> None:
    repository.write("infrastructure/.gitattributes", f"main.tf {attribute}\n".encode())
    repository.write("infrastructure/main.tf", b"# $Format:%H$ $Id$\n")
    found = {file.path: file.data for file in repository.committed()}
    assert found["main.tf"] == b"# $Format:%H$ $Id$\n"


def test_line_ends_do_not_depend_on_a_users_settings(repository: Repository) -> None:
    repository.git("config", "core.autocrlf", "true")
    repository.write("infrastructure/main.tf", b"one\ntwo\n")
    assert [file.data for file in repository.committed()] == [b"one\ntwo\n"]


def test_a_symlink_below_the_folder_is_released(repository: Repository) -> None:
    repository.write("infrastructure/a/file")
    (repository.folder / "infrastructure/link").symlink_to("a/file")
    assert File("link", "link", b"a/file") in repository.committed()


def test_a_submodule_is_refused_by_its_path(repository: Repository) -> None:
    repository.write("infrastructure/main.tf")
    head = repository.commit()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},infrastructure/modules/vpc")
    repository.git("commit", "--quiet", "--message", "a submodule")
    with pytest.raises(
        InvalidInput, match=r"infrastructure/modules/vpc is a submodule.* Copy them into the repository"
    ):
        commits.committed(repository.folder, "HEAD")


def test_all_files_that_cannot_be_released_are_named_at_once(repository: Repository) -> None:
    repository.write("infrastructure/one", b"version https://git-lfs.github.com/spec/v1\n")
    (repository.folder / "infrastructure/two").symlink_to("/etc/hosts")
    with pytest.raises(InvalidInput, match=r"(?s)infrastructure/one is a Git LFS pointer.*infrastructure/two is a"):
        repository.committed()


def test_a_commit_without_the_folder_is_refused(repository: Repository) -> None:
    repository.write("README.md")
    with pytest.raises(InvalidInput, match="has no infrastructure"):
        repository.committed()


def test_a_symlink_in_place_of_the_folder_is_refused(repository: Repository) -> None:
    repository.write("elsewhere/main.tf")
    (repository.folder / "infrastructure").symlink_to("elsewhere")
    with pytest.raises(InvalidInput, match="infrastructure is not a folder"):
        repository.committed()


def test_a_name_that_is_not_utf8_is_refused(repository: Repository) -> None:
    repository.write("infrastructure/\udcff.tf")
    with pytest.raises(InvalidInput, match=r"xff\.tf.* is not UTF-8; rename it"):
        repository.committed()


def test_a_commit_without_a_message_has_an_empty_subject(repository: Repository) -> None:
    repository.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", "")
    assert commits.commit_of(repository.folder, "HEAD").subject == ""


def test_a_subject_is_read_whatever_encoding_a_user_has_set(repository: Repository) -> None:
    repository.git("config", "i18n.logOutputEncoding", "latin1")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Gr\u00f6\u00dfe")
    assert commits.commit_of(repository.folder, "HEAD").subject == "Gr\u00f6\u00dfe"


def test_what_git_replace_shows_on_one_machine_is_not_what_a_release_has(repository: Repository) -> None:
    repository.write("infrastructure/main.tf", b"# as committed\n")
    commit = repository.commit()
    other = repository.git("hash-object", "-w", str(repository.write("other", b"# another\n")))
    repository.git("replace", repository.git("rev-parse", f"{commit}:infrastructure/main.tf"), other)
    assert commits.committed(repository.folder, commit) == (File("main.tf", "file", b"# as committed\n"),)
