"""Terragrunt, with the real binary, keeps what every engine promises (`tasks.engines.contract`)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tasks.engines import ENGINES
from tasks.engines.contract import EngineContract, Subject
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terraform_roots import colour_in

UNIT = """
remote_state {{
  backend  = "local"
  generate = {{ path = "backend.tf", if_exists = "overwrite" }}
  config   = {{ path = "{state}" }}
}}
terraform {{
  source = "./module"
}}
inputs = {{ colour = "{colour}" }}
"""
MODULE = """
variable "colour" { type = string }
resource "terraform_data" "paint" { input = var.colour }
output "colour" { value = terraform_data.paint.output }
"""


class TestTerragrunt(EngineContract):
    """`terraform_data` has nothing outside of the state that somebody could change by hand."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        state = tmp_path / "terraform.tfstate"

        return Subject(
            engine=ENGINES["terragrunt"],
            files=lambda colour: {
                "terragrunt.hcl": UNIT.format(state=state, colour=colour),
                "module/main.tf": MODULE,
            },
            found=partial(colour_in, state),
            executable=PROGRAM,
            beside="terraform",
        )
