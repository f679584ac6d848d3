"""A package whose engine cannot be used: platforms without that engine work, and commands name it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.engines.registry import GROUP

PROJECT = Path(__file__).parents[2]

PLATFORM = """
platform: bakery
environments:
  dev: {{}}
units:
  oven: {{engine: {engine}, source: oven, environments: [dev]{more}}}
"""

USABLE = """
from tasks.engines.base import Engine, Interface

ENGINE = Engine("checks", make=None, reads=lambda *_: (), interface=lambda *_: Interface())
"""

BROKEN = [
    ("puppet", "import no_such_module", "engine puppet of broken 1.0 cannot be imported: ModuleNotFoundError"),
    ("helm", USABLE, "engine helm is in flowmart itself and broken 1.0; uninstall one"),
    ("checks", USABLE, "engine checks: every unit has a key of that name; rename the engine"),
]


@pytest.fixture(params=BROKEN, ids=[name for name, *_ in BROKEN])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """An installed engine that cannot be used; its name, and why."""
    name, module, why = request.param
    about = tmp_path / "site/broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = broken:ENGINE\n")
    (tmp_path / "site/broken.py").write_text(module)
    return name, why


def declare(folder: Path, engine: str, more: str = "") -> None:
    """A platform with one unit."""
    source = folder / "infrastructure/oven"
    source.mkdir(parents=True)
    (source / "main.tf").write_text("")
    (folder / "infrastructure/platform.yaml").write_text(PLATFORM.format(engine=engine, more=more))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, because installed packages are read once."""
    own = {"PYTHONPATH": f"{folder / 'site'}{os.pathsep}{PROJECT}", "FLOWMART_REPOSITORY": str(folder)}
    others = {name: value for name, value in os.environ.items() if not name.startswith(("FLOWMART_", "AWS_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**others, **own, "FLOWMART_PROFILE": "none", "FLOWMART_STORE": str(folder / "store")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def test_a_platform_without_a_broken_engine_works_and_doctor_lists_it(
    broken: tuple[str, str], tmp_path: Path
) -> None:
    name, why = broken
    declare(tmp_path, "terraform")
    done = run(tmp_path, "-m", "deployments.cli", "doctor", "--json")
    checks = {check["subject"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["platform"]["state"] == "works"
    assert checks[f"engine {name}"]["state"] == "fails"
    assert checks[f"engine {name}"]["found"].startswith(why)


def test_a_unit_with_a_broken_engine_is_told_why_where_it_names_it(broken: tuple[str, str], tmp_path: Path) -> None:
    name, why = broken
    options = "" if name == "checks" else f", {name}: {{oven: {{hot: true}}}}"
    declare(tmp_path, name, options)
    load = "import pathlib, sys; from tasks import manifest; manifest.load(pathlib.Path(sys.argv[1]))"
    refused = run(tmp_path, "-c", load, str(tmp_path / "infrastructure")).stderr.splitlines()[-1]
    assert refused.startswith(
        f"tasks.domain.errors.InvalidInput: infrastructure/platform.yaml:6: units.oven.engine: {why}"
    )
