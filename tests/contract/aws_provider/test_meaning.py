"""When two values mean the same, and whose a tag is. Pure: nothing is started here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.sandbox.aws_provider import plan, tags
from deployments.sandbox.aws_provider.aws import AwsAccess, Place
from deployments.sandbox.aws_provider.behaviour import Behaviour
from deployments.sandbox.aws_provider.declare import COMPUTED, PLAIN, Arg, emulated, shape_of
from deployments.sandbox.aws_provider.observe import settle
from deployments.sandbox.aws_provider.schema import Argument, Nested, SchemaBlock, wire_type
from deployments.sandbox.aws_provider.services.policy_document import PolicyDocument
from deployments.sandbox.aws_provider.services.security import atoms_in, atoms_of, permissions_for, rules_from
from deployments.sandbox.aws_provider.values import UNKNOWN, caseless, decode, encode, policy, unordered

SAME = {
    "an empty list and none": (unordered, [], None),
    "a set in another order": (unordered, ["a", "b"], ["b", "a"]),
    "a policy with a lone action": (policy, '{"Action": ["a"]}', '{"Action": "a"}'),
    "a policy in another order": (
        policy,
        '{"Action": ["a", "b"], "Effect": "Allow"}',
        '{"Effect":"Allow","Action":["b","a"]}',
    ),
    "a policy with a boolean as text": (policy, '{"Bool": {"aws:x": "true"}}', '{"Bool": {"aws:x": true}}'),
    "a name with a closing dot": (caseless, "Shop.example.", "shop.example"),
}
DIFFERENT = {
    "another action": (policy, '{"Action": "a"}', '{"Action": "b"}'),
    "another effect": (policy, '{"Effect": "Allow"}', '{"Effect": "Deny"}'),
    "one more": (unordered, ["a"], ["a", "b"]),
    "another name": (caseless, "a.example", "b.example"),
}


@pytest.mark.parametrize(("canonical", "one", "other"), SAME.values(), ids=SAME)
def test_the_same(canonical: Any, one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("canonical", "one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_not_the_same(canonical: Any, one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("value", [None, "a", True, ["a", UNKNOWN], {"a": {"b": None}}, {"a": UNKNOWN}], ids=repr)
def test_values_survive_the_wire(value: Any) -> None:
    assert decode(encode(value)) == value


def test_numbers_travel_as_text_so_that_terraform_keeps_their_precision() -> None:
    assert decode(encode({"a": [80, 0.5], "b": True})) == {"a": ["80", "0.5"], "b": True}


TYPES = {
    "string": b'"string"',
    "set(string)": b'["set","string"]',
    "map(list(number))": b'["map",["list","number"]]',
    "list(object(a=string,b=list(bool)))": b'["list",["object",{"a":"string","b":["list","bool"]}]]',
}


@pytest.mark.parametrize(("notation", "wire"), TYPES.items())
def test_types_in_terraforms_notation(notation: str, wire: bytes) -> None:
    assert wire_type(notation) == wire


# --- tags --------------------------------------------------------------------------------------------------------

DEFAULT = {"Project": "flowmart"}


def test_a_resources_own_tag_wins() -> None:
    assert tags.all_tags(DEFAULT, {"Project": "other", "A": "b"}) == {"Project": "other", "A": "b"}


def test_all_tags_are_unknown_while_one_is() -> None:
    assert tags.all_tags(DEFAULT, {"Vpc": UNKNOWN}) is UNKNOWN


OWN = {
    "only defaults": ({"Project": "flowmart"}, None, None),
    "a default that is written as own too": (
        {"Project": "flowmart"},
        {"Project": "flowmart"},
        {"Project": "flowmart"},
    ),
    "a default that was changed": ({"Project": "other"}, None, {"Project": "other"}),
    "one of its own": ({"Project": "flowmart", "A": "b"}, None, {"A": "b"}),
    "none, written as an empty map": ({"Project": "flowmart"}, {}, {}),
}


@pytest.mark.parametrize(("remote", "held", "own"), OWN.values(), ids=OWN)
def test_the_tags_that_are_a_resources_own(remote: Any, held: Any, own: Any) -> None:
    assert tags.own_tags(DEFAULT, remote, held) == own


# --- security group rules ----------------------------------------------------------------------------------------

RULE = {"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"]}


def test_rules_survive_being_taken_apart_and_put_together_by_aws() -> None:
    atoms = set(atoms_of(RULE, "sg-1"))
    assert set(atoms_in(permissions_for(atoms))) == atoms
    assert rules_from(atoms, [RULE], "sg-1") == [RULE]


def test_what_nobody_wrote_is_a_rule_of_its_own() -> None:
    more = set(atoms_of({**RULE, "cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22}, "sg-1"))
    kept, added = rules_from(set(atoms_of(RULE, "sg-1")) | more, [RULE], "sg-1")
    assert kept == RULE
    assert (added["from_port"], added["cidr_blocks"]) == (22, ["0.0.0.0/0"])


def test_a_rule_that_lost_a_source_is_shown_with_what_is_left() -> None:
    [left] = rules_from(set(atoms_of({**RULE, "cidr_blocks": ["10.0.0.0/8"]}, "sg-1")), [RULE], "sg-1")
    assert left["cidr_blocks"] == ["10.0.0.0/8"]


def test_all_protocols_have_no_ports() -> None:
    wide = {"protocol": "all", "from_port": 0, "to_port": 65535, "cidr_blocks": ["10.0.0.0/8"]}
    assert set(atoms_of(wide, "sg-1")) == set(atoms_of({**wide, "protocol": "-1", "to_port": 0}, "sg-1"))


# --- policies ----------------------------------------------------------------------------------------------------

STATEMENT = PolicyDocument().shape.blocks["statement"].shape.blank()


def document(**config: Any) -> Any:
    """What the data source makes of a configuration."""
    source = PolicyDocument()
    nowhere = Place(AwsAccess("eu-west-1"), "eu-west-1")
    return json.loads(source.answer(nowhere, {**source.shape.blank(), **config})["json"])


def test_a_policy_is_written_as_the_real_provider_writes_it() -> None:
    condition = {"test": "StringEquals", "variable": "aws:username", "values": ["&{aws:userid}"]}
    principal = {"type": "AWS", "identifiers": ["arn:aws:iam::1:root"]}
    statement = {
        **STATEMENT,
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["*"],
        "principals": [principal],
        "condition": [condition],
    }
    assert document(statement=[statement]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetObject"],
                "Resource": "*",
                "Principal": {"AWS": "arn:aws:iam::1:root"},
                "Condition": {"StringEquals": {"aws:username": "${aws:userid}"}},
            }
        ],
    }


def test_anybody_is_a_star() -> None:
    anybody = {**STATEMENT, "principals": [{"type": "*", "identifiers": ["*"]}]}
    assert document(statement=[anybody])["Statement"] == [{"Effect": "Allow", "Principal": "*"}]


def test_an_override_takes_the_place_of_the_statement_of_the_same_name() -> None:
    override = json.dumps({"Statement": [{"Sid": "A", "Effect": "Deny"}, {"Sid": "C", "Effect": "Deny"}]})
    merged = document(
        statement=[{**STATEMENT, "sid": "A"}, {**STATEMENT, "sid": "B"}], override_policy_documents=[override]
    )
    assert [(each["Sid"], each["Effect"]) for each in merged["Statement"]] == [
        ("A", "Deny"),
        ("B", "Allow"),
        ("C", "Deny"),
    ]


# --- observed values ---------------------------------------------------------------------------------------------

LISTS = shape_of(
    SchemaBlock({name: Argument("set(string)", required=False) for name in ("groups", "zones")}, {}),
    {"groups": Arg(computed=True, empty_is_unset=True), "zones": COMPUTED},
    {},
)


def test_an_empty_list_that_asks_for_what_aws_fills_in_stays_as_it_is_written() -> None:
    found = {"groups": ["default"], "zones": ["a"]}
    assert settle(LISTS, {"groups": [], "zones": []}, found) == {"groups": [], "zones": ["a"]}
    assert settle(LISTS, {"groups": UNKNOWN, "zones": UNKNOWN}, found) == found


# --- plans -------------------------------------------------------------------------------------------------------

BLOCK = SchemaBlock(
    {n: Argument("string", required=n == "name") for n in ("name", "size", "zone", "odd", "host")},
    {
        "rule": Nested(
            "list", False, 0, SchemaBlock({"port": Argument("number", False), "kind": Argument("string", False)}, {})
        )
    },
    ("arn",),
)
REAL = Behaviour(
    computed=frozenset({"zone"}), defaults={"size": "small", "rule.kind": "plain"}, replaces=frozenset({"rule.kind"})
)
SHAPE = shape_of(
    BLOCK,
    {**emulated("name", "size", "zone", "rule.port", "rule.kind"), "host": Arg(same=caseless)},
    {},
    REAL,
)
NOTHING = SHAPE.blank()

AS_REAL = shape_of(BLOCK, {}, {}, REAL)


def test_what_is_not_implemented_is_planned_as_the_real_provider_does() -> None:
    planned = plan.fill(AS_REAL, AS_REAL.blank(), AS_REAL.blank(), None)
    assert (planned["zone"], planned["size"]) == (UNKNOWN, "small")


def test_what_is_not_implemented_may_be_set_to_its_default_only() -> None:
    refused = {
        value: [*plan.not_carried_out(AS_REAL, {**AS_REAL.blank(), "size": value})] for value in ("small", "big")
    }
    assert refused == {"small": [], "big": ["size"]}


def test_false_may_not_be_written_where_true_is_the_default() -> None:
    block = SchemaBlock({name: Argument("bool", required=False) for name in ("checked", "odd")}, {})
    shape = shape_of(block, {}, {}, Behaviour(defaults={"checked": True}))
    assert list(plan.not_carried_out(shape, {"checked": False, "odd": False})) == ["checked"]


def test_what_is_not_written_gets_its_default_or_is_known_after_apply() -> None:
    config = {**NOTHING, "name": "a", "rule": [{"port": 1, "kind": None}]}
    planned = plan.fill(SHAPE, config, config, None)
    assert (planned["size"], planned["zone"], planned["arn"]) == ("small", UNKNOWN, UNKNOWN)
    assert planned["rule"] == [{"port": 1, "kind": "plain"}]


def test_another_spelling_is_no_change() -> None:
    prior = {**NOTHING, "name": "a", "size": "small", "host": "a.example"}
    config = {**prior, "host": "A.example."}
    assert plan.fill(SHAPE, config, config, prior)["host"] == "a.example"


def test_a_nested_argument_may_ask_for_a_new_object() -> None:
    prior = {**NOTHING, "rule": [{"port": 1, "kind": "plain"}]}
    assert plan.replacing(SHAPE, prior, {**prior, "rule": [{"port": 2, "kind": "plain"}]}) == []
    assert plan.replacing(SHAPE, prior, {**prior, "rule": [{"port": 1, "kind": "other"}]}) == ["rule"]


def test_what_is_not_declared_is_not_carried_out() -> None:
    assert list(plan.not_carried_out(SHAPE, {**NOTHING, "odd": "x"})) == ["odd"]
    assert list(plan.not_carried_out(SHAPE, {**NOTHING, "odd": UNKNOWN})) == ["odd"]
    assert list(plan.not_carried_out(SHAPE, {**NOTHING, "odd": ""})) == []


def test_a_declaration_of_something_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match="sise is declared but not in the real provider's schema"):
        shape_of(BLOCK, {"sise": PLAIN}, {})


def test_the_states_spelling_stays_where_nothing_differs() -> None:
    state = {**NOTHING, "name": "a", "host": "A.example.", "size": ""}
    assert settle(SHAPE, state, {"host": "a.example", "size": None}) == state


def test_nothing_is_unknown_after_an_apply() -> None:
    assert settle(SHAPE, {**NOTHING, "zone": UNKNOWN, "arn": UNKNOWN}, {"zone": "b"}) == {**NOTHING, "zone": "b"}
