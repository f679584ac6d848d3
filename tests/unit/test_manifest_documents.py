"""Documents of YAML that are read more than once."""

from __future__ import annotations

from pathlib import Path

from tasks.manifest import document


def test_whoever_changes_what_was_read_changes_it_for_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("units: {app: {needs: [network]}}\nunits: {}\n")
    first = document.read(file)
    first.data["units"]["app"]["needs"].append("database")
    again = document.read(file)
    assert again.data == {"units": {"app": {"needs": ["network"]}}}
    assert again.mistakes == first.mistakes
    assert len(again.mistakes) == 1


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("platform: shop\n")
    document.read(file)
    file.write_text("\nplatform: other\n")
    again = document.read(file)
    assert again.data == {"platform": "other"}
    assert again.line(("platform",)) == 2
