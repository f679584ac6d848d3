"""Every mistake in platform.yaml is told with its line, its key and what would be right.

The cases are data in manifest_cases/: a change to base.yaml (or a file of its own) and what is told about it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.engines import ENGINES
from tasks.manifest import document
from tasks.manifest.options import WRITTEN
from tasks.manifest.schema import option_schemas, platform_schema

CASES = Path(__file__).parent / "manifest_cases"
BASE = (CASES / "base.yaml").read_text()
FOLDERS = ("live/dev/app", "live/dev/network", "live/dev/dns", "live/production/app", "live/production/network")
ALLOWED = {
    "<engines>": ", ".join(ENGINES),
    "<kinds>": ", ".join(WRITTEN),
    "<facts>": ", ".join(schema["properties"]["fact"]["const"] for schema in option_schemas("aws")),
}


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    """A folder in which base.yaml is right."""
    folder = tmp_path / "infrastructure"
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "main.tf").touch()
    (folder / "empty").mkdir()
    (folder / "scripts").mkdir()
    (folder / "scripts" / "shop_is_open.py").touch()
    return folder


@cache
def validator() -> Any:
    """What an editor judges a file by; it takes a tenth of a second to make."""
    schema = platform_schema()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def cases(*files: str) -> list[Any]:
    found = [case for file in files for case in yaml.safe_load((CASES / file).read_text())]
    return [pytest.param(written(case), told(case), id=case["name"].replace(" ", "-")) for case in found]


def written(case: dict[str, Any]) -> str:
    text = str(case.get("write", BASE))
    for old, new in case.get("change", {}).items():
        assert text.count(old) >= 1, f"{case['name']}: base.yaml has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def told(case: dict[str, Any]) -> list[str]:
    lines = [f"infrastructure/platform.yaml:{line}" for line in case["told"]]
    for name, allowed in ALLOWED.items():
        lines = [line.replace(name, allowed) for line in lines]
    return lines


@pytest.mark.parametrize(("text", "expected"), cases("yaml.yaml", "shape.yaml", "meaning.yaml"))
def test_a_mistake_is_told_with_line_key_and_what_would_be_right(
    infrastructure: Path, text: str, expected: list[str]
) -> None:
    (infrastructure / "platform.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        manifest.load(infrastructure)
    lines = str(refused.value).splitlines()
    heading = "infrastructure/platform.yaml has {} mistakes; correct them and try again:"
    assert lines == ([heading.format(len(expected))] if len(expected) > 1 else []) + expected


@pytest.mark.parametrize(("text", "expected"), cases("shape.yaml"))
def test_an_editor_that_knows_the_schema_marks_a_wrong_shape_too(
    infrastructure: Path, text: str, expected: list[str]
) -> None:
    (infrastructure / "platform.yaml").write_text(text)
    data = document.read(infrastructure / "platform.yaml").data
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(data)
    assert expected, "a case of shape.yaml is a mistake"


def test_the_base_of_all_cases_is_right(infrastructure: Path) -> None:
    (infrastructure / "platform.yaml").write_text(BASE)
    assert manifest.load(infrastructure).name == "shop"
    validator().validate(yaml.safe_load(BASE))


def test_a_missing_file_is_told_with_the_place_that_was_looked_at(infrastructure: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        manifest.load(infrastructure)
    where = infrastructure / "platform.yaml"
    assert str(refused.value) == f"infrastructure/platform.yaml: there is no such file; looked for {where}"


def test_a_folder_in_place_of_the_file_is_told(infrastructure: Path) -> None:
    (infrastructure / "platform.yaml").mkdir()
    with pytest.raises(InvalidInput, match=r"infrastructure/platform\.yaml: cannot be read \(Is a directory\)"):
        manifest.load(infrastructure)


def test_a_file_that_is_not_text_is_told(infrastructure: Path) -> None:
    (infrastructure / "platform.yaml").write_bytes(b"platform: \xff\xfe")
    with pytest.raises(InvalidInput, match=r"platform\.yaml: is not UTF-8 text \(byte 10\); save it as UTF-8"):
        manifest.load(infrastructure)


def test_a_file_with_a_control_character_is_told(infrastructure: Path) -> None:
    (infrastructure / "platform.yaml").write_bytes(b"platform: \x07")
    with pytest.raises(InvalidInput, match=r"infrastructure/platform\.yaml: is not valid YAML: .*#x0007"):
        manifest.load(infrastructure)


def test_a_source_that_leaves_the_release_through_a_link_is_refused(infrastructure: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "main.tf").touch()
    (infrastructure / "link").symlink_to(tmp_path / "elsewhere")
    (infrastructure / "platform.yaml").write_text(BASE.replace("live/{environment}/app", "link"))
    with pytest.raises(InvalidInput, match="'link' is not inside of infrastructure/"):
        manifest.load(infrastructure)


def test_a_file_that_is_nested_without_end_is_told(infrastructure: Path) -> None:
    (infrastructure / "platform.yaml").write_text("platform: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(InvalidInput, match=r"infrastructure/platform\.yaml: is nested too deeply"):
        manifest.load(infrastructure)


@pytest.mark.parametrize(("name", "reason"), [("a\\0b", "embedded null byte"), ("a" * 300, "File name too long")])
def test_a_source_that_no_file_system_can_have_is_told(infrastructure: Path, name: str, reason: str) -> None:
    text = BASE.replace("source: live/{environment}/app", f'source: "{name}"')
    (infrastructure / "platform.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=rf"yaml:21: units\.app\.source: .* cannot be looked up: {reason}"):
        manifest.load(infrastructure)
