"""The digest of files, where symlinks lead, and what cannot be in a release."""

from pathlib import Path

import pytest

from tasks.releases.contents import File, content_digest, follow, write
from tasks.releases.portability import objections
from tasks.releases.unit_digests import followed


def plain(path: str, data: bytes = b"") -> File:
    return File(path, "file", data)


def link(path: str, target: str) -> File:
    return File(path, "link", target.encode(errors="surrogateescape"))


FOLLOWED = [
    ("a/b", {}, "a/b"),
    ("a/link", {"a/link": "b"}, "a/b"),
    ("a/link", {"a/link": "../b"}, "b"),
    ("a/link", {"a/link": "./b/../c"}, "a/c"),
    ("a/link/x", {"a/link": "../b"}, "b/x"),
    ("a/link", {"a/link": "second", "a/second": "c"}, "a/c"),
    ("a/link", {"a/link": ".."}, ""),
    ("link", {"link": "../b"}, None),
    ("a/link", {"a/link": "/etc/passwd"}, None),
    ("a", {"a": "b", "b": "a"}, None),
    # Read letter by letter it stays inside; followed, "deep/up" is already at the top.
    ("deep/out", {"deep/out": "up/../x", "deep/up": ".."}, None),
    # Read letter by letter it leads out; followed, "down" is two folders below.
    ("out", {"out": "down/../../x", "down": "p/q"}, "x"),
]


@pytest.mark.parametrize(("path", "leading", "end"), FOLLOWED)
def test_symlinks_are_followed_part_by_part(path: str, leading: dict[str, str], end: str | None) -> None:
    assert follow(path, leading) == end


OTHERS = [
    [plain("a", b"2")],
    [plain("b", b"1")],
    [File("a", "executable", b"1")],
    [link("a", "1")],
    [plain("a", b"1"), plain("b")],
    [plain("a", b"1"), link("b", "a")],
]


@pytest.mark.parametrize("files", OTHERS)
def test_content_name_mode_and_symlinks_change_the_digest(files: list[File]) -> None:
    assert content_digest(files) != content_digest([plain("a", b"1")])


def test_the_order_of_files_does_not_change_the_digest() -> None:
    assert content_digest([plain("a"), plain("b")]) == content_digest([plain("b"), plain("a")])


REFUSED = [
    (plain("big.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "Git LFS pointer"),
    (link("terraform/hosts", "/etc/hosts"), "is a symlink to /etc/hosts, which is not in the release"),
    (link("out", "../README.md"), "is a symlink to ../README.md, which is not in the release"),
    (link("round", "round"), "is a symlink to round"),
    (link("terraform/blob", "\udcff"), "is a symlink to"),
    (plain("Terraform/b.tf"), "Terraform and infrastructure/terraform are one file on systems that ignore case"),
    (plain("terraform/Main.tf"), "terraform/Main.tf and infrastructure/terraform/main.tf are one file"),
]


@pytest.mark.parametrize(("file", "told"), REFUSED)
def test_what_would_differ_on_another_machine_is_refused_by_its_path(file: File, told: str) -> None:
    found = "\n".join(objections([plain("terraform/main.tf"), file]))
    assert told in found
    assert f"infrastructure/{file.path.split('/')[0]}" in found


@pytest.mark.parametrize(
    "file", [link("again", "terraform"), link("terraform/up", "../terraform/main.tf"), plain("other/main.tf")]
)
def test_files_and_symlinks_below_the_folder_are_not_refused(file: File) -> None:
    assert objections([plain("terraform/main.tf"), file]) == ()


def test_names_that_differ_in_how_an_accent_is_composed_are_refused() -> None:
    assert objections([plain("caf\u00e9"), plain("cafe\u0301")]) != ()


KNOWN = ["dev/main.tf", "dev/linked.tf", "dev/parts", "shared/linked.tf", "shared/parts/a.tf", "shared/other.tf"]
LEADING = {"dev/linked.tf": "../shared/linked.tf", "dev/parts": "../shared/parts"}


def test_a_unit_reads_what_its_symlinks_lead_to() -> None:
    found = followed(["dev/linked.tf", "dev/main.tf"], "dev", KNOWN, LEADING)
    assert set(found) == {*KNOWN} - {"shared/other.tf"}


def test_a_unit_whose_folder_is_a_symlink_reads_the_symlink_too() -> None:
    assert followed(["shared/a.tf"], "dev", ["dev", "shared/a.tf"], {"dev": "shared"}) == ("dev", "shared/a.tf")


def test_written_symlinks_lead_to_the_files(tmp_path: Path) -> None:
    infrastructure = write([link("a/link", "../b/file"), File("b/file", "executable", b"#!")], tmp_path)
    assert (infrastructure / "a/link").read_bytes() == b"#!"
    assert (infrastructure / "b/file").stat().st_mode & 0o100
