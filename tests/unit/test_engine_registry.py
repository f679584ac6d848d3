"""Installed packages add engines by entry points; a broken one is named, and stops only what needs that engine."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines import BUILT_IN
from tasks.engines.registry import GROUP, Registry

ENGINE = """
from tasks.engines.base import Engine, Interface

ENGINE = Engine("{name}", make=None, reads=lambda *_: (), interface=lambda *_: Interface(), executable="{executable}")
"""


class Site:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, package: str, points: str, module: str = "") -> None:
        """A package with entry points, and a module of the same name."""
        about = self.folder / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        (self.folder / f"{package}.py").write_text(module)
        sys.modules.pop(package, None)
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Site(tmp_path)


def test_an_installed_engine_is_registered_beside_those_of_the_product(site: Site) -> None:
    site.install("puppet_engine", "puppet = puppet_engine:ENGINE", ENGINE.format(name="puppet", executable="puppet"))
    assert list(Registry(BUILT_IN)) == [*(engine.name for engine in BUILT_IN), "puppet"]
    assert Registry(BUILT_IN)["puppet"].variable == "FLOWMART_PUPPET"


MODULE = "broken_engine:ENGINE"
BROKEN = [
    pytest.param(
        f"broken = {MODULE}",
        "import no_such_module",
        "engine broken of broken_engine 1.0 cannot be imported: ModuleNotFoundError: No module named "
        "'no_such_module'; repair or uninstall the package",
        id="does-not-import",
    ),
    pytest.param(
        f"broken = {MODULE}",
        "raise SystemExit('wrong Python')",
        "engine broken of broken_engine 1.0 cannot be imported: SystemExit: wrong Python; repair or uninstall the "
        "package",
        id="exits",
    ),
    pytest.param(
        f"broken = {MODULE}",
        "ENGINE = 'an engine'",
        "engine broken of broken_engine 1.0: broken_engine:ENGINE is a str; it must be an Engine",
        id="is-no-engine",
    ),
    pytest.param(
        f"broken = {MODULE}",
        ENGINE.format(name="other", executable=""),
        "engine broken of broken_engine 1.0 registers itself as other; give the entry point that name",
        id="has-another-name",
    ),
    pytest.param(
        f"terraform = {MODULE}",
        ENGINE.format(name="terraform", executable=""),
        "engine terraform is in flowmart itself and broken_engine 1.0; uninstall one, or rename its entry point",
        id="takes-a-built-in-name",
    ),
    pytest.param(
        f"store = {MODULE}",
        ENGINE.format(name="store", executable="store"),
        "engine store of broken_engine 1.0: FLOWMART_STORE is a setting of flowmart; set `setting` of the Engine",
        id="takes-a-setting",
    ),
]


@pytest.mark.parametrize(("points", "module", "message"), BROKEN)
def test_a_broken_engine_is_named_with_its_package(site: Site, points: str, module: str, message: str) -> None:
    site.install("broken_engine", points, module)
    registry = Registry(BUILT_IN)
    (name,) = registry.unusable
    with pytest.raises(InvalidInput) as caught:
        registry[name]
    assert (str(caught.value), registry.unusable[name]) == (message, message)
    assert name not in registry


@pytest.mark.parametrize(("points", "module", "message"), BROKEN)
def test_the_other_engines_work_beside_a_broken_one(site: Site, points: str, module: str, message: str) -> None:
    site.install("broken_engine", points, module)
    site.install("puppet_engine", "puppet = puppet_engine:ENGINE", ENGINE.format(name="puppet", executable="puppet"))
    registry = Registry(BUILT_IN)
    expected = [name for name in (*(engine.name for engine in BUILT_IN), "puppet") if not points.startswith(name)]
    assert list(registry) == expected
    assert len(registry) == len(expected)
    assert registry["helm"].name == "helm"


def test_two_packages_cannot_share_a_name(site: Site) -> None:
    for package in ("one", "two"):
        site.install(package, f"puppet = {package}:ENGINE", ENGINE.format(name="puppet", executable=""))
    with pytest.raises(InvalidInput, match=r"engine puppet is in one 1\.0 and two 1\.0; uninstall one"):
        Registry(BUILT_IN)["puppet"]


def test_installed_engines_are_not_imported_before_somebody_asks_for_engines(site: Site) -> None:
    site.install("broken_engine", "broken = broken_engine:ENGINE", "raise RuntimeError")
    registry = Registry(BUILT_IN)
    with pytest.raises(InvalidInput, match="RuntimeError"):
        registry.get("broken")


def test_the_product_s_engines_are_registered_with_the_options_that_they_are_read_with() -> None:
    registry = Registry(BUILT_IN, tuple)
    assert {name: engine.options for name, engine in registry.items()} == {e.name: e.options for e in BUILT_IN}
    assert [engine.name for engine in registry.values()] == list(registry)


@pytest.mark.parametrize(
    ("engine", "variable"), [("terraform", "FLOWMART_TERRAFORM"), ("kustomize", "FLOWMART_KUBECTL")]
)
def test_the_variable_of_an_executable_follows_from_the_registration(engine: str, variable: str) -> None:
    assert Registry(BUILT_IN, tuple)[engine].variable == variable
