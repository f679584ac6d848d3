"""Whatever stands in platform.yaml, reading it ends in a platform or in words for a person."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import manifest
from tasks.domain.errors import InvalidInput

BASE = yaml.safe_load((Path(__file__).parent / "manifest_cases" / "base.yaml").read_text())
TEXTS = st.sampled_from(["", "dev", "app", "{values.size}", "{outputs.group}", "live/dev/app", "script", "output"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(TEXTS, inside, max_size=2),
    max_leaves=4,
)


def places(data: Any, key: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys of everything in `data`, near and far."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for step, value in inside for found in ((*key, step), *places(value, (*key, step)))]


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """base.yaml with something else, or with nothing, in a few places."""
    data = copy.deepcopy(BASE)
    for _ in range(draw(st.integers(1, 3))):
        *around, last = draw(st.sampled_from(places(data) or [("platform",)]))
        part = data
        for step in around:
            part = part[step]
        if draw(st.booleans()) and isinstance(part, dict):
            part.pop(last, None)
        else:
            part[last] = draw(ANYTHING)
    return data


def what_is_told(infrastructure: Path) -> str:
    """The message of the refusal; empty when the platform can be read and all of it can be resolved."""
    try:
        platform = manifest.load(infrastructure)
    except InvalidInput as refused:
        return str(refused)
    for environment in platform.environments:
        for unit in platform.units_in(environment.name):
            manifest.resolve(platform, environment.name, unit.name)
    return ""


@pytest.fixture(scope="module")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "infrastructure"
    for name in ("dev/app", "dev/network", "production/app", "production/network"):
        (folder / "live" / name).mkdir(parents=True)
        (folder / "live" / name / "main.tf").touch()
    return folder


@settings(max_examples=100, deadline=None)
@given(damaged())
def test_a_damaged_file_is_read_or_refused_in_words(infrastructure: Path, data: Any) -> None:
    (infrastructure / "platform.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    told = what_is_told(infrastructure)
    assert told == "" or told.startswith("infrastructure/platform.yaml")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab:-{}[]&*!|>'\"#%\n\t ,?<0", max_size=40))
def test_any_text_is_read_or_refused_in_words(infrastructure: Path, text: str) -> None:
    (infrastructure / "platform.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"^infrastructure/platform\.yaml"):
        manifest.load(infrastructure)
