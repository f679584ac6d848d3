"""What terraform 1.11 really answered (recorded in terraform/), as the engine reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.values import CHANGED, MASK, UNKNOWN
from tasks.engines.terraform import answers, secrets
from tasks.engines.terraform.text import text

RECORDED = Path(__file__).parent / "terraform"
SECRET = "correct horse"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


@pytest.fixture
def changes() -> dict[str, Change]:
    return {change.address: change for change in answers.planned_changes(recorded("changes.json"))}


def test_each_change_has_its_action(changes: dict[str, Change]) -> None:
    assert {address: change.action for address, change in changes.items()} == {
        "terraform_data.keep": Action.UPDATE,
        "terraform_data.swap": Action.REPLACE,
        "terraform_data.gone[0]": Action.DELETE,
        "terraform_data.made[0]": Action.CREATE,
    }


def test_a_replacement_says_what_forces_it(changes: dict[str, Change]) -> None:
    assert changes["terraform_data.swap"].because == ("triggers_replace",)


def test_what_is_not_known_yet_says_so(changes: dict[str, Change]) -> None:
    after = changes["terraform_data.made[0]"].after
    assert after is not None
    assert (after["id"], after["input"]) == (UNKNOWN, UNKNOWN)


def test_a_sensitive_value_is_masked_where_it_is_marked(changes: dict[str, Change]) -> None:
    after = changes["terraform_data.keep"].after
    assert after is not None
    assert after["input"] == {"password": MASK, "size": "2"}


def test_a_secret_is_masked_where_terraform_forgot_its_mark(changes: dict[str, Change]) -> None:
    assert SECRET in json.dumps(recorded("changes.json"))
    assert SECRET not in str(changes)


def test_a_secret_is_masked_in_the_text_of_the_plan(changes: dict[str, Change]) -> None:
    drawn = text(changes.values(), answers.changed_outputs(recorded("changes.json")))
    assert SECRET not in drawn
    assert MASK in drawn


def test_nothing_to_change_is_no_change() -> None:
    assert answers.planned_changes(recorded("nothing.json")) == ()
    assert not answers.changes_outputs(recorded("nothing.json"))


def test_outputs_are_values_and_sensitive_ones_masked() -> None:
    assert answers.outputs_in({"outputs": recorded("outputs.json")}) == {"size": 1, "password": MASK}


def test_the_outputs_of_an_apply_are_the_last_that_it_names() -> None:
    planned = {"type": "outputs", "outputs": {"size": {"sensitive": False, "action": "create"}}}
    given = {"type": "outputs", "outputs": recorded("outputs.json")}
    stream = "\n".join(json.dumps(line) for line in (planned, given))
    assert answers.outputs_of(stream) == {"size": 1, "password": MASK}


def test_what_an_apply_began_and_did_not_finish() -> None:
    def hook(kind: str, address: str) -> str:
        return json.dumps({"type": kind, "hook": {"resource": {"addr": address}}})

    lines = [hook("apply_start", "a.b"), hook("apply_start", "a.c"), hook("apply_complete", "a.b")]
    cut_off = hook("apply_complete", "a.c")[:30]
    assert answers.unfinished("\n".join([*lines, cut_off])) == {"a.c"}


def test_the_basis_of_a_plan_is_lineage_and_serial() -> None:
    assert answers.basis(recorded("state.json")) == "e01ad2cc-7fd1-8f01-8e12-850ce1ffc641/4"
    assert answers.basis({}) == ""


@pytest.mark.parametrize(
    ("action", "protected", "expected"),
    [
        (Action.CREATE, True, Reversibility.REVERSIBLE),
        (Action.UPDATE, True, Reversibility.REVERSIBLE),
        (Action.REPLACE, False, Reversibility.NEEDS_CARE),
        (Action.DELETE, False, Reversibility.NEEDS_CARE),
        (Action.REPLACE, True, Reversibility.IRREVERSIBLE),
        (Action.DELETE, True, Reversibility.IRREVERSIBLE),
    ],
)
def test_destroying_what_is_stateful_cannot_be_undone(
    action: Action, protected: bool, expected: Reversibility
) -> None:
    assert answers.reversibility([Change("a.b", "a", action)], protected) is expected


def planned(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A plan with these entries in `resource_changes`."""
    return {
        "resource_changes": [{"address": "a.b", "type": "a", "mode": "managed", **each} for each in changes],
        **more,
    }


def doing(*actions: str, **more: Any) -> dict[str, Any]:
    """The `change` of an object."""
    return {"actions": [*actions], "before": {"id": "1"}, "after": {"id": "1"}, **more}


@pytest.mark.parametrize(
    ("entry", "action", "note"),
    [
        ({"change": doing("no-op"), "previous_address": "a.c"}, Action.MOVE, "moved from a.c"),
        ({"change": doing("update"), "previous_address": "a.c"}, Action.UPDATE, "moved from a.c"),
        ({"change": doing("no-op", importing={"id": "vpc-1"})}, Action.IMPORT, "imported: vpc-1"),
        ({"change": doing("no-op", importing={"identity": {}})}, Action.IMPORT, "imported: by its identity"),
        ({"change": doing("forget")}, Action.FORGET, "no longer managed, and stays"),
        ({"change": doing("create", "forget")}, Action.OTHER, "create, forget"),
        ({"change": doing("forget", "create")}, Action.OTHER, "forget, create"),
    ],
)
def test_what_a_plan_does_to_the_state_alone_is_a_change(entry: dict[str, Any], action: Action, note: str) -> None:
    changes = answers.planned_changes(planned(entry, applyable=True))
    assert [(change.action, change.note) for change in changes] == [(action, note)]
    assert answers.reversibility(changes, protected=False) is Reversibility.NEEDS_CARE
    assert not answers.changes_outputs(planned(entry, applyable=True))


def test_an_action_that_a_plan_invokes_is_irreversible() -> None:
    action = {"address": "action.local_command.x", "type": "local_command", "config_values": {"command": "rm"}}
    changes = answers.planned_changes({"action_invocations": [action]})
    assert [change.action for change in changes] == [Action.INVOKE]
    assert answers.reversibility(changes, protected=False) is Reversibility.IRREVERSIBLE


def test_a_deposed_object_is_told_apart_from_the_living_one() -> None:
    changes = answers.planned_changes(planned({"change": doing("delete"), "deposed": "0a1b"}))
    assert [change.address for change in changes] == ["a.b (deposed 0a1b)"]


def test_a_failing_check_is_a_warning() -> None:
    instance = {"status": "fail", "problems": [{"message": "the certificate expires"}]}
    check = {"address": {"to_display": "check.tls"}, "status": "fail", "instances": [instance]}
    assert answers.warnings({"checks": [check]}) == ("check.tls fails: the certificate expires",)


def test_what_a_plan_defers_is_unknown() -> None:
    deferred = {"reason": "provider_config_unknown", "resource_change": {"address": "a.b"}}
    assert answers.unknown({"deferred_changes": [deferred]}) == ("a.b is deferred: provider_config_unknown",)


def test_an_incomplete_plan_says_so() -> None:
    assert "not complete" in answers.warnings({"complete": False})[0]


def test_a_plan_of_outputs_alone_without_the_word_applyable_changes_outputs() -> None:
    change = {"actions": ["create"], "before": None, "after": 1, "after_unknown": False}
    assert answers.changes_outputs({"output_changes": {"size": change}})


def output_change(after: Any, *actions: str, unknown: Any = False, sensitive: Any = False) -> dict[str, Any]:
    marks = {"after_unknown": unknown, "after_sensitive": sensitive, "before_sensitive": sensitive}
    return {"actions": list(actions or ("update",)), "before": 1, "after": after, **marks}


@pytest.mark.parametrize(
    ("changes", "foreseen"),
    [
        ({}, {}),
        ({"size": output_change(2), "zone": output_change("a", "no-op")}, {"size": 2, "zone": "a"}),
        ({"size": output_change(None, unknown=True), "zone": output_change("a")}, None),
        ({"ids": output_change(["a", None], unknown=[False, True])}, None),
        ({"network": output_change({"cidr": "x"}, unknown={"id": True})}, None),
        ({"gone": output_change(None, "delete"), "size": output_change(2)}, {"size": 2}),
        ({"password": output_change("x", "no-op", sensitive=True)}, {"password": MASK}),
        ({"password": output_change("x", sensitive=True)}, None),
        ({"login": output_change({"password": "x"}, sensitive={"password": True})}, None),
    ],
)
def test_outputs_are_foreseen_when_all_of_them_are_known(
    changes: dict[str, Any], foreseen: dict[str, Any] | None
) -> None:
    assert answers.foreseen_outputs({"output_changes": changes}) == foreseen


def test_the_outputs_of_an_incomplete_plan_are_not_foreseen() -> None:
    assert answers.foreseen_outputs({"complete": False, "output_changes": {"size": output_change(2)}}) is None


def secret_change(before: Any, after: Any) -> dict[str, Any]:
    """A change of a sensitive attribute that another attribute repeats without its mark."""
    return {
        "change": {
            "actions": ["update"],
            "before": {"pin": before, "copy": before},
            "after": {"pin": after, "copy": after},
            "before_sensitive": {"pin": True},
            "after_sensitive": {"pin": True},
        }
    }


@pytest.mark.parametrize(
    ("before", "after"), [(1234, 5678), ("abc", "xyz"), ("a\nsecret\nkey", "another\nlonger key")]
)
def test_another_secret_is_shown_as_changed(before: Any, after: Any) -> None:
    change = answers.planned_changes(planned(secret_change(before, after)))[0]
    assert change.before == {"pin": MASK, "copy": MASK}
    assert change.after == {"pin": CHANGED, "copy": CHANGED}
    assert change.attributes == ("copy", "pin")


def test_another_secret_is_another_fingerprint() -> None:
    one, other = (secrets.fingerprint(planned(secret_change("a1", after)), lambda: b"key") for after in ("b2", "c3"))
    assert one != other
    assert one == secrets.fingerprint(planned(secret_change("a1", "b2")), lambda: b"key")
    assert one != secrets.fingerprint(planned(secret_change("a1", "b2")), lambda: b"another key")
    assert secrets.fingerprint(planned({"change": doing("update")}), lambda: b"key") == ""


PEM = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----\n"


@pytest.mark.parametrize(
    ("secret", "error"),
    [
        ("correct horse", "the password correct horse is too short"),
        (123456, "var.pin is 123456"),
        ("pin1", "not pin1, please"),
        (PEM, f"invalid: {PEM}"),
        (PEM, "│ MIIEpAIBAAKCAQEA"),
        (PEM, json.dumps({"key": PEM})),
        ('<"quoted">', r'{"x": "\u003c\"quoted\"\u003e"}'),
    ],
)
def test_a_secret_is_masked_in_an_error(secret: Any, error: str) -> None:
    shown = secrets.of_values([secret]).scrubbed(error)
    assert MASK in shown
    assert str(secret).splitlines()[len(str(secret).splitlines()) // 2] not in shown


def test_a_state_says_what_is_secret_in_it() -> None:
    steps = [{"type": "get_attr", "value": "input"}, {"type": "index", "value": {"value": "pw", "type": "string"}}]
    instance = {"attributes": {"input": {"pw": "hidden one", "user": "me"}}, "sensitive_attributes": [steps]}
    state = {"outputs": {"o": {"value": "hidden two", "sensitive": True}}, "resources": [{"instances": [instance]}]}
    assert secrets.of_state(state).values == {"hidden one", "hidden two"}
