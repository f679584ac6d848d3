"""A run's temporary folder: closed to others, and gone with the run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.process_identity import current
from tasks.run_folder import remove_leftovers, run_folder


def left_behind(root: Path, **owner: object) -> Path:
    """The folder of a run that has ended, with a plan file in it; `owner` changes who that was."""
    with run_folder("checkout", root) as made:
        parent = made.parent
    folder = parent / "checkout-old"
    folder.mkdir()
    (folder / "plan").write_text("secret")
    record = {**current().record(), "pid": 2**22 + 1, **owner}
    folder.with_suffix(".owner").write_text(json.dumps(record))
    return folder


def names(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*")}


def test_only_its_user_may_enter_it(tmp_path: Path) -> None:
    with run_folder("checkout", tmp_path) as folder:
        assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder.parent)] == ["0o700", "0o700"]


def test_it_goes_with_its_mark(tmp_path: Path) -> None:
    with run_folder("checkout", tmp_path) as folder:
        (folder / "plan").touch()
    assert [path.name for path in folder.parent.iterdir()] == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    program = (
        "import os, pathlib\nfrom tasks.run_folder import run_folder\n"
        f"with run_folder('checkout', pathlib.Path({str(tmp_path)!r})) as folder:\n"
        "    (folder / 'plan').touch()\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    assert "plan" in names(tmp_path)
    removed = remove_leftovers(tmp_path)
    assert len(removed) == 1
    assert list(removed[0].parent.iterdir()) == []


def test_the_folder_of_a_run_that_lives_stays(tmp_path: Path) -> None:
    with run_folder("checkout", tmp_path) as folder:
        assert remove_leftovers(tmp_path) == ()
        assert folder.exists()


def test_the_folder_of_a_run_that_cannot_be_seen_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path, namespace="1")
    assert remove_leftovers(tmp_path) == ()
    assert folder.exists()


def test_a_mark_that_is_being_written_says_nothing(tmp_path: Path) -> None:
    folder = left_behind(tmp_path)
    folder.with_suffix(".owner").write_text("")
    assert remove_leftovers(tmp_path) == ()


WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("argument", ["-i={folder}/inventory.json", ""])
def test_a_folder_in_which_a_tool_still_works_stays(tmp_path: Path, argument: str) -> None:
    folder = left_behind(tmp_path)
    command = [sys.executable, "-c", WAITING, *filter(None, [argument.format(folder=folder)])]
    cwd = tmp_path if argument else folder
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout
        assert tool.stdout.readline() == "ready\n"
        assert remove_leftovers(tmp_path) == ()
        tool.communicate("")
    assert remove_leftovers(tmp_path) == (folder,)


def test_a_parent_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    with run_folder("checkout", tmp_path) as folder:
        parent = folder.parent
    parent.chmod(0o755)
    with pytest.raises(InvalidInput, match="set TMPDIR"), run_folder("checkout", tmp_path):
        pass


def test_a_parent_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    with run_folder("checkout", tmp_path) as folder:
        parent = folder.parent
    parent.rename(tmp_path / "elsewhere")
    parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="set TMPDIR"), run_folder("checkout", tmp_path):
        pass
