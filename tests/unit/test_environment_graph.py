"""In which order a release reaches the environments, and when it may begin in one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import environment_graph
from tasks.domain.environment_graph import After, Eligibility, Verified
from tasks.domain.platform import Environment

REGIONS = {
    "dev": (),
    "staging": ("dev",),
    "production-eu": ("staging",),
    "production-us": ("staging",),
    "production-ap": ("staging",),
    "archive": ("production-eu", "production-us", "production-ap"),
}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Environments without a cycle, with several first ones, fan-out and fan-in, declared in any order."""
    names = [f"environment-{number}" for number in range(draw(st.integers(1, 8)))]
    after = {
        name: tuple(draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=3))) if place else ()
        for place, name in enumerate(names)
    }
    return {name: after[name] for name in draw(st.permutations(names))}


def place_of(after: After) -> dict[str, int]:
    """Environment -> the number of its wave."""
    return {name: number for number, wave in enumerate(environment_graph.waves(after)) for name in wave}


def before(after: After, environment: str) -> set[str]:
    """Everything that comes before an environment: the plain definition to compare with."""
    direct = set(after[environment])
    return direct.union(*(before(after, name) for name in direct)) if direct else direct


@given(graphs())
def test_every_environment_is_in_one_wave(after: After) -> None:
    assert sorted(environment_graph.order(after)) == sorted(after)


@given(graphs())
def test_an_environment_is_in_the_wave_right_after_the_last_one_that_it_waits_for(after: After) -> None:
    place = place_of(after)
    for name, earlier in after.items():
        assert place[name] == max((place[other] + 1 for other in earlier), default=0)


@given(graphs(), st.data())
def test_a_path_passes_all_that_comes_before_and_nothing_else(after: After, data: st.DataObject) -> None:
    to = data.draw(st.sampled_from(sorted(after)))
    passed = environment_graph.path(after, to)
    assert passed[-1] == to
    assert set(passed) == before(after, to) | {to}
    assert list(passed) == [name for name in environment_graph.order(after) if name in passed]


@given(graphs(), st.data())
def test_a_release_begins_only_where_it_is_verified_everywhere_before(after: After, data: st.DataObject) -> None:
    there = data.draw(st.sets(st.sampled_from(sorted(after))))
    verified = {name: Verified("new" if name in there else "old", NOON) for name in after}
    for name, earlier in after.items():
        found = environment_graph.eligibility(Environment(name, after=earlier), "new", verified, NOON)
        assert (str(found) == "may begin") == (set(earlier) <= there)
        assert set(found.waits_for) == set(earlier) - there


@given(st.lists(st.integers(0, 7200), min_size=1, max_size=4), st.integers(1, 7200), st.integers(0, 20000))
def test_a_release_soaks_from_the_moment_it_is_verified_in_the_last_one(
    verified_at: list[int], soak: int, seconds: int
) -> None:
    names = tuple(f"region-{number}" for number in range(len(verified_at)))
    verified = {
        name: Verified("new", NOON + timedelta(seconds=at)) for name, at in zip(names, verified_at, strict=True)
    }
    environment = Environment("production", after=names, soak=float(soak))
    found = environment_graph.eligibility(environment, "new", verified, NOON + timedelta(seconds=seconds))
    assert (found.soaks_until is None) == (seconds >= max(verified_at) + soak)
    assert found.soaks_until in (None, NOON + timedelta(seconds=max(verified_at) + soak))


def test_regions_of_production_are_one_wave() -> None:
    assert environment_graph.waves(REGIONS) == (
        ("dev",),
        ("staging",),
        ("production-eu", "production-us", "production-ap"),
        ("archive",),
    )


@pytest.mark.parametrize(
    ("to", "passed"),
    [
        ("dev", ["dev"]),
        ("production-us", ["dev", "staging", "production-us"]),
        ("archive", list(REGIONS)),
        (None, list(REGIONS)),
    ],
)
def test_a_promotion_up_to_an_environment_leaves_its_neighbours_alone(to: str | None, passed: list[str]) -> None:
    assert list(environment_graph.path(REGIONS, to)) == passed


def test_environments_in_a_cycle_have_no_order() -> None:
    with pytest.raises(ValueError, match="in a cycle: staging, production"):
        environment_graph.waves({"dev": (), "staging": ("production",), "production": ("staging",)})


@pytest.mark.parametrize(
    ("verified", "minutes", "said"),
    [
        ({}, 0, "waits for eu, us"),
        ({"eu": "new", "us": "old"}, 0, "waits for us"),
        ({"eu": "new", "us": "new"}, 0, "soaks until 2026-11-23 14:00:00 UTC"),
        ({"eu": "new", "us": "new"}, 119, "soaks until 2026-11-23 14:00:00 UTC"),
        ({"eu": "new", "us": "new"}, 120, "may begin"),
    ],
)
def test_eligibility_in_words(verified: dict[str, str], minutes: int, said: str) -> None:
    environment = Environment("archive", after=("eu", "us"), soak=7200.0)
    held = {name: Verified(release, NOON) for name, release in verified.items()}
    now = NOON + timedelta(minutes=minutes)
    assert str(environment_graph.eligibility(environment, "new", held, now)) == said


def test_without_a_soak_time_a_clock_that_went_back_holds_nothing_up() -> None:
    verified = {"dev": Verified("new", NOON)}
    environment = Environment("staging", after=("dev",))
    found = environment_graph.eligibility(environment, "new", verified, NOON - timedelta(hours=1))
    assert found == Eligibility("staging")


@pytest.mark.parametrize(
    ("after", "verified", "expected"),
    [
        ((), {}, None),
        (("eu",), {}, None),
        (("eu",), {"eu": "new"}, "new"),
        (("eu", "us"), {"eu": "new"}, None),
        (("eu", "us"), {"eu": "new", "us": "old"}, None),
        (("eu", "us"), {"eu": "new", "us": "new"}, "new"),
    ],
)
def test_the_next_release_is_the_one_verified_in_all_environments_before(
    after: tuple[str, ...], verified: dict[str, str], expected: str | None
) -> None:
    held = {name: Verified(release, NOON) for name, release in verified.items()}
    assert environment_graph.candidate(Environment("archive", after=after), held) == expected
