"""A drift report for people: on the terminal, where it stops a promotion, and in a GitHub issue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.domain.drift import Idle
from tasks.drift import DriftedObject, DriftReport, descriptions
from tasks.drift.issues import LONGEST, issues
from tasks.reports import artifacts

NEW = DriftedObject(
    "cart",
    "Deployment/cart",
    "apps/v1",
    "update",
    ("Deployment/cart was changed by hand", "spec.replicas: 1 -> 3"),
    ("spec.replicas",),
    {"spec.replicas": 1},
    {"spec.replicas": 3},
    "id",
    "2030-01-01T10:00:00+00:00",
    new=True,
)
KNOWN = replace(NEW, new=False)
SUPPRESSED = replace(NEW, until="2030-01-31", reason="The load test.")
CLEAN = DriftReport("dev", "a", "2030-01-01T11:00:00+00:00", ("cart", "orders"), (), {})


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (CLEAN, "dev: no drift, 2 units compared"),
        (replace(CLEAN, drifted=(NEW,)), "dev: 1 object drifted (1 new), 2 units compared"),
        (replace(CLEAN, drifted=(KNOWN,)), "dev: 1 object drifted, 2 units compared"),
        (replace(CLEAN, drifted=(NEW, SUPPRESSED)), "dev: 2 objects drifted (1 new, 1 suppressed), 2 units compared"),
        (
            replace(CLEAN, unanswered={"base": "no answer"}),
            "dev: no drift in the units that could be compared, 2 units compared, 1 could NOT be compared",
        ),
    ],
)
def test_the_heading_counts_and_never_says_no_drift_if_a_unit_did_not_respond(report: DriftReport, told: str) -> None:
    assert descriptions.heading(report) == told


def test_a_report_lists_all_that_it_holds() -> None:
    report = replace(
        CLEAN,
        drifted=(NEW, KNOWN, SUPPRESSED),
        unanswered={"base": "no answer\nfrom the cluster"},
        left_behind=("old",),
        recovered=(KNOWN,),
        idle=(Idle("cart", "Service/*", "The move.", "matches nothing"),),
        remarks={"orders": ("kustomize.ignore[0] ignores 1 field", "and more")},
    )
    assert (
        "\n".join(descriptions.lines(report))
        == """\
  cart: Deployment/cart was changed by hand (new, 2030-01-01 10:00 UTC)
      spec.replicas: 1 -> 3
  cart: Deployment/cart was changed by hand (since 2030-01-01 10:00 UTC)
      spec.replicas: 1 -> 3
  cart: Deployment/cart was changed by hand (since 2030-01-01 10:00 UTC; suppressed until 2030-01-31: The load test.)
      spec.replicas: 1 -> 3
  recovered: cart: Deployment/cart
  base: could not be compared
      no answer
      from the cluster
  old: left behind: it is applied here, but the release no longer declares it
  orders: kustomize.ignore[0] ignores 1 field
  orders: and more
  drift.yaml: the suppression of Service/* in cart matches nothing; remove it (The move.)"""
    )
    page = artifacts.drift(report).text
    assert "| `spec.replicas` | `1` | `3` |" in page
    titles = ("Recovered", "Could not be asked", "Left behind", "Remarks", "Suppressions")
    assert all(f"## {title}" in page for title in titles)


def test_a_promotion_stopped_by_drift_says_how_to_go_on() -> None:
    told = descriptions.refusal("dev", [KNOWN])
    assert "spec.replicas: 1 -> 3" in told
    assert all(
        way in told for way in ("flowmart reconcile dev", "infrastructure/drift.yaml", "--accept-drift REASON")
    )


def test_a_unit_that_drifts_has_an_issue_and_the_others_have_none() -> None:
    report = replace(CLEAN, drifted=(NEW, replace(SUPPRESSED, unit="orders")), unanswered={"base": "no answer"})
    cart, orders = issues(report)
    assert (cart.key, cart.title) == ("drift/dev/cart", "Drift: cart in dev")
    assert cart.body is not None
    assert "spec.replicas\n  expected 1\n  found    3" in cart.body
    assert (orders.key, orders.body) == ("drift/dev/orders", None)


def test_an_issue_says_the_same_while_nothing_changes() -> None:
    """Whoever keeps it need not write it again, nor is anybody told by GitHub."""
    later = replace(CLEAN, release="b", at="2030-01-01T12:00:00+00:00", drifted=(KNOWN,))
    assert issues(later) == issues(replace(CLEAN, drifted=(NEW,)))


def test_a_long_issue_is_cut_between_objects() -> None:
    item = replace(NEW, expected={"policy": "x" * 5_000}, found={"policy": "y" * 5_000})
    body = issues(replace(CLEAN, drifted=(item,) * 100))[0].body
    assert body is not None
    assert len(body) < LONGEST + 1_000
    assert "more; `flowmart drift` lists all" in body
    assert body.count("```") % 2 == 0
