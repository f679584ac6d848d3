"""Policies as data: how their names are filled in, and what is wrong with a broken file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.bootstrap import backends, policies
from tasks.bootstrap.policies import DEFAULTS, document
from tasks.domain.errors import InvalidInput
from tasks.engines.terraform.backends import Backend

NAMES = {
    "account": "222222222222",
    "bucket": "state",
    "environment": "dev",
    "region": "eu-west-1",
    "trusted": ["a", "b"],
    "platform": "flowmart",
    "plan_role": "arn:aws:iam::222222222222:role/flowmart-plan",
    "apply_role": "arn:aws:iam::222222222222:role/flowmart-apply",
    "states": [f"arn:aws:s3:::state-{number}/*" for number in range(5)],
    "state_locks": [f"arn:aws:s3:::state-{number}/*.tflock" for number in range(5)],
    "state_buckets": [f"arn:aws:s3:::state-{number}" for number in range(5)],
    "lock_tables": ["arn:aws:dynamodb:eu-west-1:222222222222:table/locks"],
}


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.json"
    file.write_text(text)
    return file


def test_names_are_filled_in_and_a_lone_name_may_be_a_list(tmp_path: Path) -> None:
    file = written(tmp_path, '{"Principal": "${trusted}", "Resource": ["arn:aws:s3:::${bucket}/*"]}')
    assert document(file, NAMES) == {"Principal": ["a", "b"], "Resource": ["arn:aws:s3:::state/*"]}


def test_a_list_in_a_list_becomes_a_part_of_it(tmp_path: Path) -> None:
    file = written(tmp_path, '{"Resource": ["first", "${trusted}", "last"]}')
    assert document(file, NAMES) == {"Resource": ["first", "a", "b", "last"]}


def test_a_statement_about_nothing_is_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, '{"Statement": [{"Resource": "${none}"}, {"Resource": "*"}]}')
    assert document(file, {"none": []}) == {"Statement": [{"Resource": "*"}]}


def test_a_platform_has_flowmarts_policies_until_it_has_its_own(tmp_path: Path) -> None:
    assert policies.file_of(tmp_path, "plan") == DEFAULTS / "plan.json"
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap" / "plan.json").write_text('{"Statement": []}')
    assert policies.file_of(tmp_path, "plan") == tmp_path / "bootstrap" / "plan.json"
    assert policies.file_of(tmp_path, "apply") == DEFAULTS / "apply.json"


def test_policies_are_written_for_a_platform_to_adapt_and_none_of_its_own_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap" / "plan.json").write_text("its own")
    made = {file.name for file in policies.write(tmp_path)}
    assert made == {"apply.json", "trust.json", "state-bucket.json"}
    assert (tmp_path / "bootstrap" / "plan.json").read_text() == "its own"
    assert (tmp_path / "bootstrap" / "apply.json").read_text() == (DEFAULTS / "apply.json").read_text()
    assert policies.write(tmp_path) == ()


def test_variables_of_aws_are_left_alone(tmp_path: Path) -> None:
    file = written(tmp_path, '{"Resource": "arn:aws:s3:::${bucket}/${aws:username}"}')
    assert document(file, NAMES) == {"Resource": "arn:aws:s3:::state/${aws:username}"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"Resource": "${buket}"}', r"policy\.json: \$\{buket\} is unknown; use one of account, bucket"),
        ('{"Resource":\n "x",\n}', r"policy\.json:3: not JSON"),
        ("[1]", r"policy\.json: a policy is an object with Version and Statement"),
        ('"a"', r"policy\.json: a policy is an object with Version and Statement"),
    ],
)
def test_a_broken_policy_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        document(written(tmp_path, text), NAMES)


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"plan\.json: missing"):
        document(tmp_path / "plan.json", NAMES)


@pytest.mark.parametrize("name", ["plan", "apply"])
def test_a_policy_fits_into_a_role(name: str) -> None:
    # 10,240 characters without white space: the quota of all inline policies of a role together.
    filled = document(DEFAULTS / f"{name}.json", NAMES)
    assert len(json.dumps(filled, separators=(",", ":"))) < 10_240


def test_the_planning_policy_names_nothing_that_changes_what_is_built() -> None:
    statements = {s["Sid"]: s for s in document(DEFAULTS / "plan.json", NAMES)["Statement"]}
    verbs = {action.split(":")[1].rstrip("*") for action in statements["ReadWhatWeBuild"]["Action"]}
    assert all(verb.startswith(("Get", "List", "Describe")) for verb in verbs)
    assert not any("GetSecretValue" in verb or verb in ("", "Get*") for verb in verbs)


def test_the_planning_policy_only_reads_the_state() -> None:
    statements = document(DEFAULTS / "plan.json", NAMES)["Statement"]
    on_state = [s for s in statements if NAMES["states"] == s["Resource"]]
    assert [s["Action"] for s in on_state] == [["s3:GetObject", "s3:GetObjectVersion"]]


def test_what_is_no_statement_is_left_to_aws(tmp_path: Path) -> None:
    assert document(written(tmp_path, '{"Statement": ["x"]}'), NAMES) == {"Statement": ["x"]}


@pytest.mark.parametrize("setting", ["bucket", "region", "dynamodb_table"])
def test_a_backend_that_depends_on_variables_is_none_that_is_known(setting: str) -> None:
    settings = {"bucket": "states", "region": "eu-west-1", "dynamodb_table": "locks"}
    assert backends.is_bucket(Backend("s3", settings))
    assert not backends.is_bucket(Backend("s3", settings | {setting: "${var.it}"}))
