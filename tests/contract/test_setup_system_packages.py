"""The set-up installs what only the system's package manager has, where it may, and otherwise says how to get it.

`apt-get` here is a program of the test's: it writes down what it was asked for and "installs" an empty program.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployments.setup.system_packages import System, SystemPackage, found, provide

PAINTER = SystemPackage(
    "painter", "painter-tools", "nothing can be painted", "brew install painter", "FLOWMART_PAINTER"
)

APT = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> {folder}/asked
case "$*" in
    *unheard-of*) echo "E: Unable to locate package" >&2; exit 100 ;;
    install*painter-tools) printf '#!/bin/sh\\n' > {folder}/painter; chmod +x {folder}/painter ;;
esac
"""
SUDO = """#!/bin/sh
[ "$1" = -n ] || exit 2
{may} || {{ echo "sudo: a password is required" >&2; exit 1; }}
shift
exec "$@"
"""


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> System:
    """A machine of root's with an apt-get."""
    program(tmp_path, "apt-get", APT.format(folder=tmp_path))
    return System(f"{tmp_path}:/usr/bin:/bin", (), {})


def asked(folder: Path) -> list[str]:
    file = folder / "asked"
    return file.read_text().splitlines() if file.exists() else []


def test_what_is_missing_is_installed_and_nothing_else(machine: System, tmp_path: Path) -> None:
    assert provide(machine, [PAINTER]) == ["painter installed (package painter-tools)"]
    assert asked(tmp_path) == [
        "noninteractive update --quiet",
        "noninteractive install --quiet --yes --no-install-recommends painter-tools",
    ]


def test_what_is_there_is_left_alone(machine: System, tmp_path: Path) -> None:
    program(tmp_path, "painter", "#!/bin/sh\n")
    assert provide(machine, [PAINTER]) == ["painter is there"]
    assert asked(tmp_path) == []


def test_what_the_user_names_is_not_installed(machine: System, tmp_path: Path) -> None:
    named = System(machine.search, (), {"FLOWMART_PAINTER": "/opt/painter"})
    assert provide(named, [PAINTER]) == ["painter: yours, /opt/painter (FLOWMART_PAINTER)"]
    assert asked(tmp_path) == []


def test_a_package_that_cannot_be_had_does_not_keep_others_away(machine: System) -> None:
    lines = provide(machine, [SystemPackage("gilder", "unheard-of", "nothing shines"), PAINTER])
    assert lines == [
        "gilder is missing (E: Unable to locate package), so nothing shines; "
        "install it with: apt-get install unheard-of (Debian, Ubuntu)",
        "painter installed (package painter-tools)",
    ]


@pytest.mark.parametrize(
    ("may", "line"),
    [
        ("true", "painter installed (package painter-tools)"),
        (
            "false",
            "painter is missing (this needs root, or sudo without a password), so nothing can be painted; "
            "install it with: apt-get install painter-tools (Debian, Ubuntu), brew install painter (macOS)",
        ),
    ],
)
def test_who_is_not_root_needs_sudo_without_a_password(machine: System, tmp_path: Path, may: str, line: str) -> None:
    program(tmp_path, "sudo", SUDO.format(may=may))
    system = found({"PATH": machine.search}, user=1000)
    assert provide(system, [PAINTER]) == [line]


def test_a_user_may_refuse_it(machine: System, tmp_path: Path) -> None:
    refused = System(machine.search, (), {"FLOWMART_SYSTEM_PACKAGES": "no"})
    assert "is missing (FLOWMART_SYSTEM_PACKAGES=no), so nothing can be painted" in provide(refused, [PAINTER])[0]
    assert asked(tmp_path) == []


def test_another_system_is_told_what_to_install(tmp_path: Path) -> None:
    line = provide(System(str(tmp_path), (), {}), [PAINTER])[0]
    assert line.startswith("painter is missing (this system has no apt-get)")
    assert line.endswith("brew install painter (macOS)")


def test_a_set_up_without_them_goes_on(tmp_path: Path) -> None:
    variables = {"PATH": str(tmp_path), "FLOWMART_SYSTEM_PACKAGES": "no", "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "deployments.setup.system_packages"]
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("setup: packer ")]
