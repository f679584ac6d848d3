"""A small platform for tests: two environments, two units, real terraform with its built-in provider.

`terraform_data` needs no cloud and applies in a blink; the state is a local file. The second unit reads the first
one's output, so that everything that holds between units can be shown.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.ledger.store import Store
from tasks.releases.releases import Releases
from tasks.settings import Settings

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev: {account: "222222222222", region: eu-west-1}
  staging: {account: "333333333333", region: eu-west-1, after: dev}
units:
  first:
    engine: terraform
    source: terraform/{environment}/first
    environments: [dev, staging]
    checks:
      - {name: colour, kind: output, output: colour, matches: "^[a-z]+$", within: 1s}
  second:
    engine: terraform
    source: terraform/{environment}/second
    environments: [dev, staging]
    needs: [first]
    checks:
      - {name: echo, kind: output, output: echo, matches: "^(blue|green)$", within: 1s}
"""

FIRST = """
terraform {{
  backend "local" {{ path = "{state}/{environment}-first.tfstate" }}
}}
resource "terraform_data" "paint" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.paint.output }}
"""

SECOND = """
terraform {{
  backend "local" {{ path = "{state}/{environment}-second.tfstate" }}
}}
data "terraform_remote_state" "first" {{
  backend = "local"
  config  = {{ path = "{state}/{environment}-first.tfstate" }}
}}
resource "terraform_data" "echo" {{ input = data.terraform_remote_state.first.outputs.colour }}
output "echo" {{ value = terraform_data.echo.output }}
"""


NAMES = """
package flowmart.names

import rego.v1

deny contains {"address": change.address, "message": "nothing may be called forbidden"} if {
    some change in input.changes
    endswith(change.address, ".forbidden")
}
"""

S3_BACKEND = """
terraform {{
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "states/{name}.tfstate"
    region                      = "eu-west-1"
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }}
}}
"""
"""A state of its own for each root of the name, in a bucket of the sandbox's S3."""


class MiniPlatform:
    """A git repository with that platform, a store, and the states of its terraform roots."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.state = folder / "state"
        self.settings = Settings(repository=self.repository, store=str(folder / "store"), actor="tester")
        self.write("platform.yaml", PLATFORM)
        self.store = Store.open(self.settings.store_address)
        self.write("policies/names.rego", NAMES)
        for environment in ("dev", "staging"):
            self.paint(environment, "blue")
            text = SECOND.format(state=self.state, environment=environment)
            self.write(f"terraform/{environment}/second/main.tf", text)
        _git(self.repository, "init", "--quiet")

    def paint(self, environment: str, colour: str) -> None:
        """Give the first unit of an environment another value."""
        text = FIRST.format(state=self.state, environment=environment, colour=colour)
        self.write(f"terraform/{environment}/first/main.tf", text)

    def write(self, path: str, text: str) -> None:
        """A file below infrastructure/."""
        file = self.repository / "infrastructure" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def append(self, path: str, text: str) -> None:
        """More of a file below infrastructure/."""
        self.write(path, (self.repository / "infrastructure" / path).read_text() + text)

    @property
    def releases(self) -> Releases:
        """The releases of the store, as a new process sees them."""
        return History(self.settings).releases

    def release(self, subject: str = "a change", author: str = "tester") -> Release:
        """Commit what is there and make a release of it."""
        self.commit(subject, author)
        return self.releases.create(self.repository, "HEAD", "tester")

    def commit(self, subject: str = "a change", author: str = "tester") -> None:
        """Commit what is there."""
        _git(self.repository, "add", "--all")
        identity = ("-c", f"user.name={author}", "-c", f"user.email={author.lower()}@flowmart.example")
        _git(self.repository, *identity, "commit", "--quiet", "--allow-empty", "-m", subject)

    def git(self, *arguments: str) -> None:
        """Run git in the repository."""
        _git(self.repository, *arguments)


def _git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repository), *arguments], check=True)
