"""Outputs of one unit as inputs of another: a change travels down, and on the way back travels back."""

import pytest

from flows.promote import promote
from tasks.domain.errors import RolledBack
from tasks.ledger.history import History
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform

BELOW = """
terraform {{
  backend "local" {{ path = "{state}/dev-second.tfstate" }}
}}
variable "colour" {{ type = {kind} }}
resource "terraform_data" "echo" {{ input = var.colour }}
output "echo" {{ value = terraform_data.echo.output }}
"""
WIRED = PLATFORM.replace("    needs: [first]\n", '    needs: [first]\n    inputs: {colour: "{first.colour}"}\n')


@pytest.fixture
def wired(mini: MiniPlatform) -> MiniPlatform:
    """The second unit takes the first one's output as a variable, and reads nobody's state."""
    take(mini, "string")
    mini.write("platform.yaml", WIRED.replace("[dev, staging]", "[dev]"))
    return mini


def take(mini: MiniPlatform, kind: str) -> None:
    mini.write("terraform/dev/second/main.tf", BELOW.format(state=mini.state, kind=kind))


def test_an_output_becomes_an_input(wired: MiniPlatform, history: History) -> None:
    promote(wired.release().id, "dev")
    assert colours(wired, "dev") == {"first": "blue", "second": "blue"}


def test_a_changed_output_plans_and_applies_the_unit_below(wired: MiniPlatform, history: History) -> None:
    promote(wired.release().id, "dev")
    wired.paint("dev", "green")
    promote(wired.release().id, "dev")
    assert colours(wired, "dev") == {"first": "green", "second": "green"}


def test_on_the_way_back_a_unit_gets_the_output_of_before_at_once(wired: MiniPlatform, history: History) -> None:
    promote(wired.release().id, "dev")
    wired.paint("dev", "red")
    with pytest.raises(RolledBack):
        promote(wired.release().id, "dev")
    assert colours(wired, "dev") == {"first": "blue", "second": "blue"}
    # Unlike a unit that reads another one's state, it needs no second round once that is back.
    assert kinds(history, "dev", "rolled_back") == ["rolled_back second", "rolled_back first"]


def test_a_value_of_another_kind_is_refused_before_it_is_planned_with(wired: MiniPlatform, history: History) -> None:
    take(wired, "list(string)")
    with pytest.raises(RolledBack, match=r"second: inputs.colour: a string where the unit takes a list"):
        promote(wired.release().id, "dev")
    assert history.state("dev").receipts == {}
