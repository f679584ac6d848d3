"""Who owns a path, as GitHub reads CODEOWNERS. The cases are those of its documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.documentation import owners

EXAMPLE = r"""
# These owners will be the default owners for everything.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
/build/logs/ @doctocat
docs/*  docs2@example.com
apps/ @octocat
/scripts/ @octo-org/scripts
**/logs @octocat-logs
/apps/github
with\ space/ @spaced
"""


def of(tmp_path: Path, text: str, path: str) -> tuple[str, ...]:
    (tmp_path / "CODEOWNERS").write_text(text)
    return owners.read(tmp_path).of(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", ("@global-owner1", "@global-owner2")),
        ("src/deep/app.js", ("@js-owner",)),
        ("main.go", ("docs@example.com",)),
        ("build/logs/a/b.txt", ("@octocat-logs",)),
        ("docs/getting-started.md", ("docs2@example.com",)),
        ("docs/build-app/troubleshooting.md", ("@global-owner1", "@global-owner2")),
        ("any/apps/x/y.py", ("@octocat",)),
        ("scripts/run.sh", ("@octo-org/scripts",)),
        ("deeply/nested/logs/x", ("@octocat-logs",)),
        ("apps/github/x.py", ()),
        ("with space/x", ("@spaced",)),
        ("apps2/x", ("@global-owner1", "@global-owner2")),
    ],
)
def test_the_last_pattern_that_matches_counts(tmp_path: Path, path: str, expected: tuple[str, ...]) -> None:
    assert of(tmp_path, EXAMPLE, path) == expected


def test_the_file_in_github_wins(tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text("* @right\n")
    assert of(tmp_path, "* @wrong\n", "x") == ("@right",)


def test_without_the_file_nobody_owns_anything(tmp_path: Path) -> None:
    assert owners.read(tmp_path).of_all(["a", "b"]) == ()


def test_everybody_who_owns_a_file_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("*.tf @infra @dns\n*.md @infra\n")
    assert owners.read(tmp_path).of_all(["a.tf", "b.md", "c.txt"]) == ("@infra", "@dns")
