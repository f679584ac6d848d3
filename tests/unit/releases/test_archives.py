"""The archive of a release gives back exactly its files, or says why not."""

import gzip
import io
import tarfile

import pytest

from tasks.releases import archives
from tasks.releases.contents import File

FILES = (
    File("a/link", "link", b"../b"),
    File("b", "file", b"\x00\xff\r\n"),
    File("c", "executable", b""),
)


def packed(*members: tuple[str, bytes, str]) -> bytes:
    """An archive that another program could have made: (name, tar's type, target of a link)."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    return whole.getvalue()


def test_what_was_packed_is_unpacked() -> None:
    assert archives.unpack(archives.pack(FILES)) == FILES


def test_the_same_files_make_the_same_bytes() -> None:
    assert archives.pack(FILES) == archives.pack(reversed(FILES))


DAMAGED = {
    "empty": b"",
    "no archive": b"damaged",
    "cut off": archives.pack(FILES)[:-20],
    "a flipped byte": archives.pack(FILES)[:40] + b"\xff" + archives.pack(FILES)[41:],
    "no tar": gzip.compress(b"damaged"),
    "a file outside": packed(("infrastructure/../x", tarfile.REGTYPE, "")),
    "a file elsewhere": packed(("/etc/passwd", tarfile.REGTYPE, "")),
    "a device": packed(("infrastructure/null", tarfile.CHRTYPE, "")),
    "a hard link": packed(("infrastructure/a", tarfile.REGTYPE, ""), ("infrastructure/b", tarfile.LNKTYPE, "x")),
    "a file twice": packed(("infrastructure/a", tarfile.REGTYPE, ""), ("infrastructure/a", tarfile.REGTYPE, "")),
    "a file behind a symlink": packed(
        ("infrastructure/a", tarfile.SYMTYPE, "b"), ("infrastructure/a/x", tarfile.REGTYPE, "")
    ),
}


@pytest.mark.parametrize("archive", DAMAGED.values(), ids=DAMAGED.keys())
def test_an_archive_that_is_damaged_or_dangerous_is_refused(archive: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        archives.unpack(archive)
