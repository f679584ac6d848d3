"""What terraform 1.11 really answered (recorded in terraform/), as the engine reads it."""

from pathlib import Path

import pytest

from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.terraform import answers as answers

RECORDED = Path(__file__).parent / "terraform"
SECRET = "correct horse"


def recorded(name: str) -> str:
    return (RECORDED / name).read_text()


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
    assert SECRET in recorded("changes.json")
    assert SECRET not in str(changes)


def test_a_secret_is_masked_in_the_text_of_the_plan() -> None:
    text = answers.scrubbed(f'- password = "{SECRET}"', answers.secrets(recorded("changes.json")))
    assert text == f'- password = "{MASK}"'


def test_nothing_to_change_is_no_change() -> None:
    assert answers.planned_changes(recorded("nothing.json")) == ()
    assert not answers.applyable(recorded("nothing.json"))
    assert answers.applyable(recorded("changes.json"))


def test_outputs_are_values_and_sensitive_ones_masked() -> None:
    assert answers.outputs(recorded("outputs.json")) == {"size": 1, "password": MASK}


def test_the_basis_of_a_plan_is_lineage_and_serial() -> None:
    assert answers.basis(recorded("state.json")) == "e01ad2cc-7fd1-8f01-8e12-850ce1ffc641/4"
    assert answers.basis("\n") == ""


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


FRAMED = """\
╷
│ Error: Reference to undeclared resource
│ 
│   on main.tf line 3, in output "x":
│    3: output "x" { value = a.b }
╵
╷
│ Error: Missing required argument
╵
"""


def test_errors_lose_their_frame_and_take_a_line_each() -> None:
    assert answers.why(FRAMED) == (
        'Error: Reference to undeclared resource on main.tf line 3, in output "x": 3: output "x" { value = a.b }\n'
        "Error: Missing required argument"
    )


@pytest.mark.parametrize(
    ("stderr", "silence"),
    [
        ("Error: error acquiring the state lock", True),
        ("dial tcp 127.0.0.1:1: connect: connection refused", True),
        ("api error Throttling: Rate exceeded", True),
        ("Error: Unsupported argument", False),
        ("api error AccessDenied: not authorized to perform ec2:CreateVpc", False),
    ],
)
def test_no_answer_is_told_from_a_no(stderr: str, silence: bool) -> None:
    assert answers.could_not_ask(stderr) is silence
