"""`flowmart docs`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployments import cli
from tasks import settings
from tasks.ledger import snapshots
from tasks.ledger.history import History
from tests.formats import outputs
from tests.platforms.mini import MiniPlatform


def test_the_command_writes_pages_and_says_which(
    mini: MiniPlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    assert cli.run(["docs", str(folder), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outputs.check("docs", printed)
    assert (folder / "units/first.md").exists()
    assert "units/first.md" in printed["files"]
    assert cli.run(["docs", str(folder), "--format", "eventcatalog"]) == 0
    assert "removed 7" in capsys.readouterr().out
    assert (folder / "domains/flowmart/index.mdx").exists()
    assert not (folder / "README.md").exists()


def test_a_ledger_that_cannot_be_read_is_said_and_hides_no_other_environment(
    mini: MiniPlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(mini.store.address) / "ledger/dev/00000001.json").write_bytes(b"")
    assert cli.run(["docs", str(tmp_path / "site")]) == 1
    assert "ledger/dev/00000001.json: it is empty" in capsys.readouterr().err
    assert "it is empty" in (tmp_path / "site/environments/dev.md").read_text()
    assert "nothing here yet" in (tmp_path / "site/environments/staging.md").read_text()
    assert cli.run(["docs", str(tmp_path / "site"), "--json"]) == 1
    printed = capsys.readouterr()
    outputs.check("docs", json.loads(printed.out))
    assert "ledger/dev/00000001.json: it is empty" in printed.err


def test_damage_that_is_older_than_a_snapshot_is_said_too(
    mini: MiniPlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshots.write(mini.store, History(settings.load()).state("dev"))
    (Path(mini.store.address) / "ledger/dev/00000001.json").write_bytes(b"")
    assert cli.run(["docs", str(tmp_path / "site")]) == 1
    assert "ledger/dev/00000001.json: it is empty" in capsys.readouterr().err
    page = (tmp_path / "site/environments/dev.md").read_text()
    assert "it is empty" in page
    assert "nothing here yet" not in page


def test_a_unit_whose_source_cannot_be_read_is_said_and_hides_no_other(mini: MiniPlatform, tmp_path: Path) -> None:
    mini.write("terraform/dev/end/main.tf", "output {{{")
    assert cli.run(["docs", str(tmp_path / "site")]) == 0
    assert "main.tf" in (tmp_path / "site/units/end.md").read_text()
    assert "`colour`" in (tmp_path / "site/units/first.md").read_text()


def test_without_a_platform_it_says_where_to_run(
    mini: MiniPlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mini.repository / "infrastructure/platform.yaml").unlink()
    assert cli.run(["docs", str(tmp_path / "site")]) == 64
    assert "run it in the platform's repository" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_no_engine_is_loaded_that_no_unit_has(mini: MiniPlatform, tmp_path: Path) -> None:
    script = (
        f"import sys; from deployments import cli; cli.run(['docs', {str(tmp_path / 'site')!r}]);"
        "names = [name for name in sys.modules if name.startswith('tasks.engines.') and name.endswith('.engine')];"
        "print(names, 'prefect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['tasks.engines.terraform.engine'] False"
