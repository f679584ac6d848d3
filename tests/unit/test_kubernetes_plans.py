"""Whether the plan of a unit in a cluster can be undone."""

from __future__ import annotations

import pytest

from tasks.domain.plan import Action, Change, Reversibility
from tasks.engines.kubernetes_plans import reversibility
from tasks.engines.kustomize.options import KustomizeOptions

CLAIM = ("PersistentVolumeClaim/shop/data", "v1/PersistentVolumeClaim")
SETTINGS = ("ConfigMap/shop/settings", "v1/ConfigMap")


@pytest.mark.parametrize(
    ("what", "action", "protect", "found"),
    [
        (SETTINGS, Action.DELETE, (), Reversibility.REVERSIBLE),
        (SETTINGS, Action.DELETE, ("ConfigMap",), Reversibility.IRREVERSIBLE),
        (SETTINGS, Action.REPLACE, ("ConfigMap/settings",), Reversibility.IRREVERSIBLE),
        (SETTINGS, Action.DELETE, ("ConfigMap/other",), Reversibility.REVERSIBLE),
        (SETTINGS, Action.UPDATE, ("ConfigMap",), Reversibility.REVERSIBLE),
        (CLAIM, Action.DELETE, (), Reversibility.NEEDS_CARE),
        (CLAIM, Action.REPLACE, (), Reversibility.NEEDS_CARE),
        (CLAIM, Action.DELETE, ("PersistentVolumeClaim",), Reversibility.IRREVERSIBLE),
    ],
)
def test_what_is_protected_cannot_be_removed_reversibly(
    what: tuple[str, str], action: Action, protect: tuple[str, ...], found: Reversibility
) -> None:
    change = Change(*what, action, {}, {})
    options = KustomizeOptions(protect=protect)
    assert reversibility([change], protected=False, protects=options.protects) is found


def test_in_a_protected_unit_nothing_is_removed_reversibly() -> None:
    assert reversibility([Change(*SETTINGS, Action.DELETE, {}, None)], protected=True) is Reversibility.IRREVERSIBLE


@pytest.mark.parametrize("wrong", ["configmap", "Config Map", "ConfigMap/a/b", ""])
def test_what_names_no_objects_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="replace"):
        KustomizeOptions(replace=(wrong,))
