"""One Terragrunt for several units: whom it asks about, and what of its answer is used, on a stand-in for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Environment, Unit
from tasks.engines.base import Workspace
from tasks.engines.terragrunt import answers, commands, record, recording, stand_ins
from tasks.engines.terragrunt.record import FoundEnvironment, FoundUnit, Record
from tasks.engines.terragrunt.together import Together
from tests.platforms.workspaces import workspace

ROOT = "live/dev"
PLAIN = {"terraform": {"source": "./m"}}
HOOK = {"terraform": {"source": "./m", "before_hook": {"x": {"commands": ["plan"]}}}}
SECONDS = 60.0
GIVEN = {"GIVEN": "before"}


@dataclass
class Terragrunt:
    """Writes what the real one would write for units. `rejected` have no configuration, `missing` no plan."""

    root: Path
    downloads: Path
    unlike: dict[str, dict[str, Any]] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    asked: list[list[str]] = field(default_factory=list)

    def run(self, argv: tuple[str, ...], folder: Path, more: Mapping[str, str], limit: float) -> str:
        assert folder == self.root
        assert limit >= 2 * SECONDS
        if argv[1] == "render":
            for unit in folder.iterdir():
                if unit.name not in self.rejected:
                    (unit / commands.RENDERED).write_text(json.dumps(self.unlike.get(unit.name, PLAIN)))
            return ""
        self.asked.append(Path(more["TG_FILTERS_FILE"]).read_text().splitlines())
        for path in self.asked[-1]:
            if Path(path).name not in self.missing:
                self._record(folder / path, {**GIVEN, **more, "TF_VAR_name": path})
        raise Refused("one of them failed")

    def _record(self, unit: Path, variables: Mapping[str, str]) -> None:
        place = self.downloads / stand_ins.RECORDED
        place.mkdir(exist_ok=True)
        folder = self.downloads.resolve() / recording.place_of(unit) / "x"
        encoded = {name.encode(): value.encode() for name, value in variables.items()}
        (place / unit.name).write_text(ascii([bytes(folder), [b"-input=false"], encoded]))


@dataclass
class Scene:
    """Units `a`, `b`, `c` of an environment, worked on at once, and one that is not."""

    terragrunt: Terragrunt
    together: Together
    units: Mapping[str, Unit]
    infrastructure: Path

    def of(self, name: str) -> Any:
        return self.together.of(self.workspace(name), self.programs, GIVEN)

    def workspace(self, name: str) -> Workspace:
        others = [unit for each, unit in self.units.items() if each not in (name, "d")]
        return workspace(
            self.infrastructure,
            self.units[name],
            Environment("dev"),
            together=lambda: others,
            executable="terragrunt",
        )

    @property
    def programs(self) -> stand_ins.StandIns:
        return stand_ins.StandIns(Path("without-outputs"), Path("recording"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    whole = tmp_path / "infrastructure"
    names = ("a", "b", "c", "d")
    for name in names:
        (whole / ROOT / name).mkdir(parents=True)
    found = Record("1.1.3", {"dev": FoundEnvironment(ROOT, tuple(FoundUnit(name) for name in names))})
    (whole / record.FOLDER).mkdir(parents=True)
    (whole / record.FILE).write_bytes(record.encode(found))
    units = {name: Unit(name, "terragrunt", f"{ROOT}/{name}", ("dev",), time_limit=SECONDS) for name in names}
    terragrunt = Terragrunt((whole / ROOT).resolve(), tmp_path / "together")
    return Scene(terragrunt, Together(tmp_path / "together", "terragrunt", terragrunt.run), units, whole)


def test_units_that_are_worked_on_at_once_are_asked_about_once(scene: Scene) -> None:
    found = {name: scene.of(name) for name in ("a", "b", "c")}
    assert {name: each.recorded.variables for name, each in found.items()} == {
        name: {"TF_VAR_name": f"./{name}"} for name in found
    }
    assert found["a"].configuration.source == "./m"
    assert scene.terragrunt.asked == [["./a", "./b", "./c"]]
    assert scene.of("d") is None
    assert not [*scene.terragrunt.root.rglob(commands.RENDERED)]


@pytest.mark.parametrize(
    "unlike",
    [
        pytest.param(HOOK, id="hooks"),
        pytest.param({"terraform": {"source": "git::https://x.example/m.git?ref=v1"}}, id="not-in-the-release"),
        pytest.param({"terraform": {"source": "../../../../elsewhere"}}, id="outside"),
        pytest.param({"iam_role": "arn:aws:iam::222222222222:role/writer"}, id="a-role-that-writes"),
    ],
)
def test_a_unit_that_terragrunt_may_not_go_on_with_is_not_planned_with_the_others(
    scene: Scene, unlike: dict[str, Any]
) -> None:
    scene.terragrunt.unlike = {"b": unlike}
    found = scene.of("b")
    assert (found.configuration, found.recorded) == (answers.configuration(json.dumps(unlike)), None)
    assert scene.terragrunt.asked == [["./a", "./c"]]


def test_where_all_units_have_hooks_none_is_planned(scene: Scene) -> None:
    scene.terragrunt.unlike = dict.fromkeys(scene.units, HOOK)
    assert scene.of("a").recorded is None
    assert scene.terragrunt.asked == []


def test_a_unit_that_is_missing_is_asked_about_by_itself(scene: Scene) -> None:
    scene.terragrunt.rejected, scene.terragrunt.missing = ("a",), ("b",)
    assert scene.of("a") is None
    assert scene.of("b").recorded is None
    assert scene.of("c").recorded is not None


@pytest.mark.parametrize(
    "unlike",
    [
        pytest.param({"options": {"iam_roles": {"plan": "x", "apply": "y"}}}, id="roles"),
        pytest.param({"inputs": {"size": 2}}, id="inputs"),
        pytest.param({"engine": "terraform"}, id="engine"),
        pytest.param({"source": "elsewhere/b"}, id="environment"),
        pytest.param({"source": f"{ROOT}/b b"}, id="path"),
    ],
)
def test_a_unit_that_is_worked_on_otherwise_is_asked_about_by_itself(scene: Scene, unlike: dict[str, Any]) -> None:
    units = {**scene.units, "b": replace(scene.units["b"], **unlike)}
    scene.units = units
    assert scene.of("a") is not None
    assert scene.terragrunt.asked == [["./a", "./c"]]


def test_units_whose_credentials_a_command_gives_are_asked_about_by_themselves(scene: Scene) -> None:
    options = {"auth_provider_cmd": "vault"}
    scene.units = {name: replace(unit, options=options) for name, unit in scene.units.items()}
    assert scene.of("a") is None
    assert scene.terragrunt.asked == []


def test_nothing_of_it_is_used_once_something_is_applied(scene: Scene) -> None:
    assert scene.of("a") is not None
    scene.together.forget()
    assert scene.of("b") is None
    assert scene.terragrunt.asked == [["./a", "./b", "./c"]]


def test_what_is_kept_of_it_is_for_its_owner_alone(scene: Scene, tmp_path: Path) -> None:
    scene.of("a")
    (file,) = (tmp_path / "together").glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600
