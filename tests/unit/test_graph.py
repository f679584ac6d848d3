"""The order of things holds for every graph, not only for the ones that we thought of."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import graph

FLOWMART = {
    "networking": (),
    "database": ("networking",),
    "compute": ("networking", "database"),
    "monitoring": ("compute", "database"),
}


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs without a circle, declared in an order that says nothing about what needs what."""
    names = [f"unit-{number}" for number in range(draw(st.integers(0, 9)))]
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:place]), unique=True))) if place else ()
        for place, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


@st.composite
def any_graph(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs with or without circles, with needs that may not be in them."""
    names = [f"unit-{number}" for number in range(draw(st.integers(0, 7)))]
    a_need = st.sampled_from([*names, "elsewhere"])
    return {name: tuple(draw(st.lists(a_need, max_size=4))) for name in names}


def reaches(needs: dict[str, tuple[str, ...]], start: str) -> set[str]:
    """Everything that `start` needs, near or far: the plain definition to hold the functions against."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        for need in needs.get(ahead.pop(), ()):
            if need not in seen:
                seen.add(need)
                ahead.append(need)
    return seen


@given(acyclic())
def test_everything_comes_after_what_it_needs(units: dict[str, tuple[str, ...]]) -> None:
    ordered = graph.order(units)
    assert sorted(ordered) == sorted(units)
    for name, needs in units.items():
        assert all(ordered.index(need) < ordered.index(name) for need in needs)


@given(acyclic())
def test_an_order_that_already_holds_is_kept(units: dict[str, tuple[str, ...]]) -> None:
    declared = {name: units[name] for name in graph.order(units)}
    assert graph.order(declared) == tuple(declared)


@given(any_graph())
def test_a_cycle_is_found_exactly_when_something_needs_itself(needs: dict[str, tuple[str, ...]]) -> None:
    circular = {name for name in needs if name in reaches(needs, name)}
    found = graph.cycle(needs)
    assert (found is not None) == bool(circular)


@given(any_graph())
def test_a_cycle_is_a_closed_walk_along_needs(needs: dict[str, tuple[str, ...]]) -> None:
    for found in graph.cycles(needs):
        assert found[0] == found[-1]
        assert len(set(found)) == len(found) - 1
        assert all(following in needs[name] for name, following in pairwise(found))


@given(any_graph())
def test_without_the_members_of_its_cycles_a_graph_can_be_ordered(needs: dict[str, tuple[str, ...]]) -> None:
    members = {name for found in graph.cycles(needs) for name in found}
    rest = {name: needs[name] for name in needs if name not in members}
    assert sorted(graph.order(rest)) == sorted(rest)


@given(acyclic(), st.data())
def test_affected_is_what_changed_and_all_downstream_of_it(
    units: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    changed = data.draw(st.sets(st.sampled_from([*units, "not-deployed-here"])))
    expected = {name for name in units if name in changed or reaches(units, name) & changed}
    found = graph.affected(units, changed)
    assert set(found) == expected
    assert found == tuple(name for name in graph.order(units) if name in expected)


def test_flowmart_is_promoted_from_the_network_up() -> None:
    assert graph.order(FLOWMART) == ("networking", "database", "compute", "monitoring")


def test_a_change_of_the_database_affects_compute_and_monitoring() -> None:
    assert graph.affected(FLOWMART, {"database"}) == ("database", "compute", "monitoring")


def test_ordering_a_circle_names_it() -> None:
    with pytest.raises(ValueError, match="in a circle: a -> b -> a"):
        graph.order({"a": ("b",), "b": ("a",)})
    with pytest.raises(ValueError, match="in a circle: a -> a"):
        graph.order({"a": ("a",)})
