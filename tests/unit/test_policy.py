"""Loading policies and asking them: what is an error, what never is, and that threads do not disturb each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Target
from tasks.domain.rules import Override, Violation
from tasks.domain.values import CHANGED, MASK, UNKNOWN
from tasks.policy import rego

FOLDER = Path(__file__).parents[2] / "infrastructure/policies"
POLICIES = rego.load(FOLDER)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNIT = Unit("database", "terraform", "terraform", ("dev",), protected=True)
DATABASE = Change("aws_db_instance.this", "aws_db_instance", Action.DELETE, {"identifier": "flowmart-dev"})

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path

    return writing


def plan(*changes: Change) -> Plan:
    return Plan(Target("3f2a1c", "dev", "database"), "terraform", changes, "", "")


def found(policies: rego.Policies, *changes: Change, overrides: tuple[Override, ...] = ()) -> tuple[Violation, ...]:
    return policies.test(plan(*changes), UNIT, overrides, NOW)


def test_a_plan_without_changes_has_no_findings() -> None:
    assert found(POLICIES) == ()


def test_denials_come_first_then_by_policy_and_address() -> None:
    topic = Change("aws_sns_topic.alarms", "aws_sns_topic", Action.CREATE, None, {"name": "alarms"})
    other = Change("aws_kms_key.this", "aws_kms_key", Action.DELETE, {})

    findings = found(POLICIES, topic, DATABASE, other)

    assert [(f.denied, f.policy, f.address) for f in findings] == [
        (True, "protected", "aws_db_instance.this"),
        (True, "protected", "aws_kms_key.this"),
        (False, "encryption", "aws_sns_topic.alarms"),
    ]


def test_a_syntax_error_names_the_file_and_the_line(write: Write) -> None:
    folder = write(
        "costs.rego", "# é\npackage flowmart.costs\n\nimport rego.v1\n\ndeny contains x if {\n\tx ==== 1\n}"
    )
    with pytest.raises(InvalidInput, match=r"costs\.rego, line 7: "):
        rego.load(folder)


def test_a_function_that_does_not_exist_is_found_when_loading(write: Write) -> None:
    folder = write("costs.rego", "package flowmart.costs\n\nimport rego.v1\n\ndeny contains x if x := price(1)\n")
    with pytest.raises(InvalidInput, match=r"costs\.rego could not be evaluated"):
        rego.load(folder)


def test_a_policy_without_a_deny_is_refused(write: Write) -> None:
    folder = write("costs.rego", "package flowmart.costs\n\nimport rego.v1\n\ndenied contains 1 if false\n")
    with pytest.raises(InvalidInput, match=r"costs\.rego has no `deny`"):
        rego.load(folder)


def test_a_package_that_is_not_called_like_its_file_is_refused(write: Write) -> None:
    folder = write("costs.rego", "package flowmart.cost\n")
    with pytest.raises(InvalidInput, match=r"declares package flowmart\.cost; .* `package acme\.costs`"):
        rego.load(folder)


def test_policies_of_any_root_are_evaluated_side_by_side(write: Write) -> None:
    says = 'deny contains {{"address": "", "message": "{}"}} if true\n'
    write("costs.rego", "package acme.infra.costs # ours\n\nimport rego.v1\n\n" + says.format("too dear"))
    policies = rego.load(write("names.rego", "package names\n\nimport rego.v1\n\n" + says.format("too long")))
    assert [(v.policy, v.message) for v in found(policies)] == [("costs", "too dear"), ("names", "too long")]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("aws/deny.rego", "deny.rego: policies are read in .* alone; move it there"),
        ("aws/deep/deny.rego", "deny.rego: policies are read in .* alone; move it there"),
        ("limits.yml", "limits.yml: is not read; rename it limits.yaml"),
    ],
)
def test_a_policy_or_limit_that_would_not_be_read_is_refused(write: Write, name: str, told: str) -> None:
    folder = write("names.rego", "package names\n\nimport rego.v1\n")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    with pytest.raises(InvalidInput, match=told):
        rego.load(folder)


def test_tests_of_policies_may_be_in_a_folder_below(write: Write) -> None:
    folder = write("names.rego", "package names\n\nimport rego.v1\n\ndeny contains 1 if false\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "names_test.rego").touch()
    assert found(rego.load(folder)) == ()


def test_a_policy_with_a_byte_order_mark_is_read(write: Write) -> None:
    text = '\ufeffpackage shop.names\nimport rego.v1\ndeny contains {"address": "a", "message": "b"} if { false }\n'
    assert [path.stem for path in rego.load(write("names.rego", text)).sources] == ["names"]


def test_a_policy_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "names.rego").write_bytes(b"package shop.names\n# caf\xe9\n")
    with pytest.raises(InvalidInput, match=r"names\.rego is not UTF-8 text \(byte 24\)"):
        rego.load(tmp_path)


def test_a_denial_that_is_no_set_is_refused(write: Write) -> None:
    text = "package shop.names\nimport rego.v1\ndefault deny := false\n"
    with pytest.raises(InvalidInput, match="deny should be a set of objects, not False; write `deny contains"):
        rego.load(write("names.rego", text))


def test_limits_are_read_as_yaml_1_2_with_every_key_once(write: Write, tmp_path: Path) -> None:
    write("names.rego", "package shop.names\nimport rego.v1\ndeny contains x if { some x in [] }\n")
    write("limits.yaml", "deletions: 010\n")
    assert rego.load(tmp_path).limits.deletions == 10
    with pytest.raises(InvalidInput, match=r"limits\.yaml is not valid YAML: .*'deletions' occurs twice"):
        rego.load(write("limits.yaml", "deletions: 3\ndeletions: 4\n"))


def test_a_folder_without_policies_is_no_permission(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds no policy.*Add one, or remove the folder"):
        rego.load(tmp_path)


def test_a_platform_may_do_without_policies(tmp_path: Path) -> None:
    assert found(rego.load(tmp_path / "policies"), DATABASE) == ()


@pytest.mark.parametrize("text", ["deletion: 5", "deletions: -1", "deletions: many", "environments: {dev: {x: 1}}"])
def test_wrong_limits_name_the_file_and_what_is_known(write: Write, text: str) -> None:
    write("costs.rego", "package flowmart.costs\n\nimport rego.v1\n\ndeny contains 1 if false\n")
    with pytest.raises(InvalidInput, match=r"limits\.yaml.*Known keys: deletions, environments"):
        rego.load(write("limits.yaml", text))


def test_limits_that_are_no_yaml_name_the_line(write: Write) -> None:
    write("costs.rego", "package flowmart.costs\n\nimport rego.v1\n\ndeny contains 1 if false\n")
    with pytest.raises(InvalidInput, match=r"(?s)limits\.yaml is not valid YAML: .*line 2"):
        rego.load(write("limits.yaml", "deletions: 5\n\tx: ["))


def test_without_a_limits_file_five_deletions_are_allowed(write: Write) -> None:
    (cap,) = [path for path in POLICIES.sources if path.stem == "deletion_cap"]
    policies = rego.load(write("deletion_cap.rego", cap.read_text()))
    lost = [Change(f"aws_x.a{n}", "aws_x", Action.DELETE, {}) for n in range(6)]
    assert found(policies, *lost[:5]) == ()
    assert [f.denied for f in found(policies, *lost)] == [True]


def test_a_policy_that_fails_on_this_plan_is_an_error_and_no_pass(write: Write) -> None:
    source = "package flowmart.n\n\nimport rego.v1\n\ndeny contains x if x := to_number(input.changes[0].address)\n"
    policies = rego.load(write("n.rego", source))
    with pytest.raises(InvalidInput, match=r"n\.rego could not be evaluated"):
        found(policies, DATABASE)


def test_of_several_policies_the_one_that_fails_is_named(write: Write) -> None:
    write("a.rego", "package flowmart.a\n\nimport rego.v1\n\ndeny contains 1 if false\n")
    write("c.rego", "package flowmart.c\n\nimport rego.v1\n\ndeny contains 1 if false\n")
    source = "package flowmart.b\n\nimport rego.v1\n\ndeny contains x if x := to_number(input.changes[0].address)\n"
    policies = rego.load(write("b.rego", source))
    with pytest.raises(InvalidInput, match=r"b\.rego could not be evaluated"):
        found(policies, DATABASE)


def test_a_denial_of_the_wrong_shape_is_an_error(write: Write) -> None:
    source = "package flowmart.n\n\nimport rego.v1\n\ndeny contains c.address if some c in input.changes\n"
    policies = rego.load(write("n.rego", source))
    with pytest.raises(InvalidInput, match=r"n\.rego: deny should hold objects of address and message"):
        found(policies, DATABASE)


def test_the_policies_are_asked_about_the_whole_target(write: Write) -> None:
    source = """package flowmart.whole

import rego.v1

deny contains {"address": "", "message": message} if {
	message := concat(" ", [input.now, input.environment, input.release, input.unit.name, input.unit.engine])
}
"""
    (finding,) = found(rego.load(write("whole.rego", source)))
    assert finding.message == "2026-01-01T00:00:00Z dev 3f2a1c database terraform"


@pytest.mark.parametrize("key", ['quote " in it', "back\\slash", "new\nline", "tab\t", "é—漢", "{}", "%s %d", "`"])
def test_every_address_comes_back_as_it_is(key: str) -> None:
    change = Change(f'aws_db_instance.this["{key}"]', "aws_db_instance", Action.DELETE, {})
    (finding,) = found(POLICIES, change)
    assert finding.address == change.address
    assert finding.message.startswith(f"{change.address}: would delete it")


def test_an_override_is_read_in_utc() -> None:
    override = Override("protected", "dev", "database", DATABASE.address, "moved", "2026-01-31")
    late = datetime.fromisoformat("2026-02-01T01:30:00+02:00")
    early = datetime.fromisoformat("2026-01-31T23:30:00-02:00")

    assert [f.denied for f in POLICIES.test(plan(DATABASE), UNIT, [override], late)] == [False]
    assert [f.denied for f in POLICIES.test(plan(DATABASE), UNIT, [override], early)] == [True]


def test_several_threads_get_the_same_answers_as_one() -> None:
    plans = [plan(*[Change(f"aws_x.a{n}", "aws_x", Action.DELETE, {}) for n in range(size)]) for size in range(12)]
    alone = [POLICIES.test(p, UNIT, (), NOW) for p in plans]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda p: POLICIES.test(p, UNIT, (), NOW), plans * 4))
    assert together == alone * 4


def test_one_thread_evaluates_for_all_others() -> None:
    before, policies = {*threading.enumerate()}, rego.load(FOLDER)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: policies.test(plan(DATABASE), UNIT, (), NOW), range(30)))
        evaluating = {thread for thread in threading.enumerate() if thread.name.startswith("policies")} - before
    assert len(evaluating) == 1


def test_the_policies_have_the_same_words_for_what_cannot_be_known() -> None:
    words = f'opaque := {{"{UNKNOWN}", "{MASK}", "{CHANGED}"}}'
    assert [path.stem for path, source in POLICIES.sources.items() if words in source] == [
        path.stem for path, source in POLICIES.sources.items() if "opaque" in source
    ]


# What the attributes that policies look at may hold: also what no provider would send.
_LEAF = st.sampled_from([None, True, False, 0, 443, 1.5, "", "tcp", "true", "0.0.0.0/0", "::/0", "lb", UNKNOWN, MASK])
_KEYS = st.sampled_from(
    [
        *("name", "name_prefix", "tags", "tags_all", "tag", "key", "value", "Name", "Role", "Project", "Unit"),
        *("ingress", "cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "from_port", "to_port", "protocol", "type"),
        *("storage_encrypted", "encrypted", "block_device_mappings", "ebs", "device_name", "ip_protocol"),
        *("server_side_encryption", "enabled", "bucket", "kms_master_key_id", "deletion_protection"),
    ]
)
_VALUE = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)
_BODY = st.dictionaries(_KEYS, _VALUE, max_size=8)
_KIND = st.sampled_from(
    [
        *("aws_security_group", "aws_security_group_rule", "aws_vpc_security_group_ingress_rule"),
        *("aws_s3_bucket", "aws_s3_bucket_server_side_encryption_configuration", "aws_dynamodb_table"),
        *("aws_db_instance", "aws_ebs_volume", "aws_launch_template", "aws_autoscaling_group", "aws_sns_topic"),
        "Deployment",
    ]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(_KIND, st.sampled_from(Action), _BODY, _BODY), max_size=3))
def test_no_plan_makes_a_policy_break(drawn: list[tuple[str, Action, Any, Any]]) -> None:
    changes = [_change(*given) for given in drawn]
    lost = {c.address for c in changes if c.action in (Action.DELETE, Action.REPLACE)}
    assert {f.address for f in found(POLICIES, *changes) if f.policy == "protected" and f.denied} == lost


def _change(kind: str, action: Action, before: Any, after: Any) -> Change:
    """What is created was not there before, what is deleted is not there afterwards."""
    was = None if action is Action.CREATE else before
    return Change(f"{kind}.this", kind, action, was, None if action is Action.DELETE else after)
