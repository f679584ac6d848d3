"""In which waves objects are applied, by rules of a unit's own."""

from __future__ import annotations

import pytest

from tasks.cluster.objects import Reference
from tasks.cluster.order import Rule, circle, idle, notes, waves
from tasks.cluster.selection import Selection
from tasks.domain.errors import Refused


def about(kind: str, name: str = "one", api: str = "v1") -> Reference:
    return Reference(api, kind, "" if kind == "Namespace" else "shop", name)


NAMESPACE, SETTINGS, SERVICE, CART = (
    about("Namespace", "shop"),
    about("ConfigMap"),
    about("Service"),
    about("Deployment"),
)
MIGRATE, INGRESS, CACHE = about("Job", "migrate"), about("Ingress"), about("Cache", api="shop.example/v1")
EVERYTHING = [NAMESPACE, SETTINGS, SERVICE, CART, MIGRATE, INGRESS, CACHE]
JOB, DEPLOYMENT, ANY = Selection("Job"), Selection("Deployment"), Selection("*")


def named(rules: list[Rule], objects: list[Reference] = EVERYTHING) -> list[list[str]]:
    return [[each.kind for each in wave] for wave in waves(rules, objects).each(objects)]


def test_without_rules_there_is_one_wave_in_the_default_order() -> None:
    assert named([]) == [["Namespace", "ConfigMap", "Service", "Deployment", "Job", "Ingress", "Cache"]]


def test_what_no_rule_names_stays_behind_what_usually_comes_before_it() -> None:
    found = named([Rule(JOB, DEPLOYMENT)])
    assert found == [["Namespace", "ConfigMap", "Service", "Job"], ["Deployment", "Ingress", "Cache"]]


def test_only_what_a_rule_names_is_waited_for() -> None:
    found = waves([Rule(JOB, DEPLOYMENT)], EVERYTHING)
    assert found.awaited == {MIGRATE}


def test_rules_make_chains() -> None:
    cache = Selection("Cache", "shop.example")
    found = named([Rule(cache, JOB), Rule(JOB, DEPLOYMENT)])
    assert [wave[-1] for wave in found] == ["Cache", "Job", "Ingress"]


def test_everything_else_comes_behind_without_a_circle_and_namespaces_never_do() -> None:
    assert named([Rule(JOB, ANY)]) == [
        ["Namespace", "Job"],
        ["ConfigMap", "Service", "Deployment", "Ingress", "Cache"],
    ]


def test_names_and_namespaces_choose_single_objects() -> None:
    one, two = about("Deployment", "web-1"), about("Deployment", "api")
    found = waves(
        [Rule(Selection("Deployment", name="api"), Selection("Deployment", namespace="sh*", name="web-*"))],
        [one, two],
    )
    assert found.each([one, two]) == [[two], [one]]


def test_objects_in_a_circle_are_refused_with_the_circle() -> None:
    one, two = about("Deployment", "web"), about("Job", "web")
    rules = [Rule(Selection("D*", name="w*"), JOB), Rule(Selection("J*", name="*b"), DEPLOYMENT)]
    with pytest.raises(Refused, match=r"order: the rules make a circle: (Job|Deployment)/shop/web, then"):
        waves(rules, [one, two])


@pytest.mark.parametrize(
    "rules",
    [
        [Rule(JOB, DEPLOYMENT), Rule(DEPLOYMENT, JOB)],
        [Rule(JOB, ANY), Rule(DEPLOYMENT, JOB)],
        [Rule(JOB, DEPLOYMENT), Rule(Selection("Deployment", name="web"), Selection("Job", name="x"))],
        [Rule(JOB, DEPLOYMENT), Rule(DEPLOYMENT, Selection("Cache")), Rule(Selection("Cache"), JOB)],
    ],
)
def test_a_circle_is_found_in_the_rules_alone(rules: list[Rule]) -> None:
    assert " before " in circle(rules)


@pytest.mark.parametrize(
    "rules",
    [
        [Rule(JOB, DEPLOYMENT), Rule(DEPLOYMENT, Selection("Ingress"))],
        [Rule(JOB, ANY)],
        [Rule(JOB, ANY), Rule(Selection("Job", name="migrate"), ANY)],
        [Rule(Selection("Job", name="a"), DEPLOYMENT), Rule(DEPLOYMENT, Selection("Job", name="b"))],
    ],
)
def test_rules_that_can_hold_together_are_none(rules: list[Rule]) -> None:
    assert circle(rules) == ""


def test_a_rule_that_orders_nothing_is_named() -> None:
    assert idle([Rule(JOB, DEPLOYMENT), Rule(JOB, Selection("StatefulSet"))], EVERYTHING) == [
        "Job before StatefulSet"
    ]


def test_the_waves_are_told() -> None:
    found = waves([Rule(JOB, DEPLOYMENT)], EVERYTHING)
    assert list(notes(found, EVERYTHING)) == [
        "wave 2 of 2 begins once Job/shop/migrate are ready: Deployment/shop/one, Ingress/shop/one, "
        "Cache.shop.example/shop/one"
    ]
