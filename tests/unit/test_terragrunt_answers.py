"""What Terragrunt 1.1.3 prints, as it was recorded, in the product's words."""

from __future__ import annotations

import json

import pytest

from tasks.engines.terragrunt import answers
from tasks.engines.terragrunt.answers import Dependency, Item
from tasks.engines.terragrunt.vendoring import mapped, without_folder

FOUND = """[
  {"type": "stack", "path": "eu"},
  {"type": "unit", "path": "eu/db", "dependencies": ["eu/vpc"], "reading": ["../../root.hcl", "env.hcl"]},
  {"type": "unit", "path": "eu/audit", "exclude": {"if": true, "actions": ["all_except_output"], "no_run": null}},
  {"type": "unit", "path": "eu/late", "exclude": {"if": true, "actions": ["destroy"], "no_run": null}},
  {"type": "unit", "path": "eu/off", "exclude": {"if": false, "actions": ["all"], "no_run": null}}
]"""
RENDERED = {
    "dependency": {
        "vpc": {
            "config_path": "../vpc",
            "enabled": None,
            "mock_outputs": {"id": "mock"},
            "mock_outputs_merge_strategy_with_state": "shallow",
            "mock_outputs_merge_with_state": None,
            "skip": None,
        },
        "off": {"config_path": "../off", "enabled": False, "mock_outputs": None, "skip": None},
    },
    "iam_role": "",
    "prevent_destroy": True,
    "terraform": {
        "after_hook": {},
        "before_hook": {"x": {"commands": ["plan"], "execute": ["echo"], "name": "x"}},
        "extra_arguments": {"a": {"arguments": ["-parallelism=2"], "commands": ["apply"], "name": "a"}},
        "source": "git::https://modules.example/all.git//db?ref=v1",
    },
}


def test_units_are_listed_with_edges_and_what_excludes_them() -> None:
    assert answers.found(FOUND) == (
        Item("eu/db", ("eu/vpc",), ("../../root.hcl", "env.hcl"), ""),
        Item("eu/audit", (), (), "its exclude block says so (all_except_output)"),
        Item("eu/late", (), (), ""),
        Item("eu/off", (), (), ""),
    )


def test_a_configuration_says_what_decides_how_a_unit_is_worked_on() -> None:
    found = answers.configuration(json.dumps(RENDERED))
    assert found.dependencies == (Dependency("vpc", "../vpc", {"id": "mock"}, merged=True),)
    assert (found.prevents_destroy, found.acts_on_apply, found.iam_role) == (True, True, "")
    assert found.source == "git::https://modules.example/all.git//db?ref=v1"


@pytest.mark.parametrize(
    ("terraform", "plan", "apply"),
    [
        ({}, False, False),
        ({"before_hook": {"x": {"commands": ["init"]}}}, True, False),
        ({"after_hook": {"x": {"commands": ["destroy", "plan"]}}}, True, False),
        ({"error_hook": {"x": {"commands": ["apply"]}}}, False, True),
        ({"before_hook": {"x": {"commands": ["terragrunt-read-config"]}}}, True, False),
        ({"extra_arguments": {"x": {"commands": ["plan", "validate"]}}}, False, False),
        ({"extra_arguments": {"x": {"commands": ["init"]}}}, True, False),
        ({"extra_arguments": {"x": {"commands": ["plan", "apply"]}}}, False, True),
    ],
)
def test_hooks_and_added_arguments_say_when_terragrunt_has_to_be_around(
    terraform: dict[str, object], plan: bool, apply: bool
) -> None:
    found = answers.configuration(json.dumps({"terraform": terraform}))
    assert (found.acts_on_plan, found.acts_on_apply) == (plan, apply)


def test_a_configuration_says_which_role_it_wants() -> None:
    found = answers.configuration(json.dumps({**RENDERED, "iam_role": "arn:aws:iam::222222222222:role/x"}))
    assert found.iam_role == "arn:aws:iam::222222222222:role/x"


@pytest.mark.parametrize(
    ("dependency", "outputs", "mocked"),
    [
        (Dependency("a", "../a", {}), None, ()),
        (Dependency("a", "../a", {"x": 1}), None, ("x",)),
        (Dependency("a", "../a", {"x": 1}), {}, ("x",)),
        (Dependency("a", "../a", {"x": 1, "y": 1}), {"x": 2}, ()),
        (Dependency("a", "../a", {"x": 1, "y": 1}, merged=True), {"x": 2}, ("y",)),
        (Dependency("a", "../a", {"x": {"p": 1, "q": 1}}, merged=True), {"x": {"p": 2}}, ("x.q",)),
        (Dependency("a", "../a", {"x": 1}, skips_outputs=True), {"x": 2}, ("x",)),
    ],
)
def test_mocks_are_what_the_real_outputs_lack(
    dependency: Dependency, outputs: dict[str, object] | None, mocked: tuple[str, ...]
) -> None:
    assert answers.mocked(dependency, outputs) == mocked


@pytest.mark.parametrize(
    ("printed", "fault"),
    [
        ("terragrunt version v1.1.3\n", ""),
        ("terragrunt version v1.0.0-rc1", ""),
        ("terragrunt version 0.0.0", "was built without a version, so that every version constraint fails"),
        ("terragrunt version latest", "was built without a version, so that every version constraint fails"),
        ("terragrunt version v0.55.1", "is 0.55.1, and it must be 1.0.0 or newer"),
    ],
)
def test_an_old_or_unstamped_binary_is_named(printed: str, fault: str) -> None:
    assert answers.version_fault(answers.version(printed)) == fault


def test_the_log_gives_its_errors_and_nothing_else() -> None:
    log = (
        '{"time":"2026-11-25UTC16:04:47Z","level":"warn","msg":"mock outputs"}\nnoise\n{"level":"error","msg":"No"}\n'
    )
    assert [each.summary for each in answers.errors(log)] == ["No"]


def test_what_validation_rejects_has_its_place() -> None:
    found = (
        '[{"range":{"filename":"/x/live/vpc/terragrunt.hcl","start":{"line":2}},"summary":"Invalid expression",'
        '"detail":"Expected the start of an expression.","severity":"error"}]'
    )
    assert answers.mistakes(found) == (
        "/x/live/vpc/terragrunt.hcl:2: Invalid expression: Expected the start of an expression.",
    )


@pytest.mark.parametrize(
    ("source", "whole", "key"),
    [
        ("git::https://x/m.git//vpc?ref=v1", "git::https://x/m.git?ref=v1", "git::https://x/m.git"),
        ("git::file:///srv/m//app?ref=v1", "git::file:///srv/m?ref=v1", "git::file:///srv/m"),
        ("tfr:///a/vpc/aws//sub?version=3.5.0", "tfr:///a/vpc/aws?version=3.5.0", "tfr:///a/vpc/aws"),
        ("github.com/a/b//vpc?ref=v1", "github.com/a/b?ref=v1", "github.com/a/b"),
        ("git@x:a/b.git//vpc?ref=v1", "git@x:a/b.git?ref=v1", "git@x:a/b.git"),
    ],
)
def test_a_source_is_kept_and_mapped_without_the_folder_in_it(source: str, whole: str, key: str) -> None:
    assert (without_folder(source), mapped(source)) == (whole, key)


def test_a_variable_that_is_missing_is_told_with_how_to_hand_it_in() -> None:
    told = 'Call to function "get_env" failed: EnvVarNotFoundError: Required environment variable EX_ID - not found.'
    assert answers.advised(told) == (
        f"{told} Name it by FLOWMART_KEEP_VARIABLES, and set it wherever releases are made and promoted; "
        "or give get_env a default."
    )
    assert answers.advised("another mistake") == "another mistake"


UNREAD = (
    'resolving dependency "a" outputs: Failed to execute "terraform output -json" in ../1\n\x1b[31mError: '
    '\x1b[0mBackend initialization required, please run "terraform init"'
)


def logged(*messages: str) -> str:
    return "\n".join(json.dumps({"level": "error", "msg": each}) for each in messages)


def test_outputs_that_cannot_be_read_are_the_reason_of_all_that_cannot_be_evaluated() -> None:
    (found,) = answers.errors(logged("Error: Unknown variable", 'There is no variable named "dependency".', UNREAD))
    assert found.summary.endswith('\nError: Backend initialization required, please run "terraform init"')
    assert answers.is_unreached([found])


def test_what_terragrunt_guesses_about_an_error_is_none() -> None:
    found = answers.errors(logged("no route to host", "Suggested fixes: \nYou don't have access to the S3 bucket"))
    assert [each.summary for each in found] == ["no route to host"]


def test_another_reason_is_no_state_that_cannot_be_reached() -> None:
    found = answers.errors(logged("Error: Unknown variable", "Backend initialization required"))
    assert len(found) == 2
    assert not answers.is_unreached(found)
    assert not answers.is_unreached(())
