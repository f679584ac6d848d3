"""Real Terraform providers, built from source with Go into a filesystem mirror: for tests of what providers do.

make peers-providers
python -m deployments.peers.providers    # the folder of the mirror

Of HashiCorp's small providers these can be had as Go modules: time and local as they are now, http of 2020. The tags
of the others (random, null, tls, archive, external) are no versions that Go takes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from deployments.peers import golang, one_program
from deployments.peers.golang import Program
from deployments.sandbox.aws_provider.install import platform_name

_GO = Path(__file__).with_name("go")


@dataclass(frozen=True)
class Provider:
    """One provider: the version in the mirror, and the Go module that it is built from."""

    name: str
    version: str
    module: str

    @property
    def program(self) -> Program:
        """What is built."""
        return Program(f"terraform-provider-{self.name}", _GO / self.name, self.module)

    @property
    def place(self) -> Path:
        """Its path in the mirror, as terraform looks for it."""
        folder = Path("registry.terraform.io", "hashicorp", self.name, self.version, platform_name())
        return folder / f"{self.program.name}_v{self.version}"


_UNDER_ITS_OLD_NAME = "github.com/terraform-providers/terraform-provider"
"""Two modules still call themselves so, and Go takes them by no other name."""

PROVIDERS = (
    Provider("time", "0.14.2", "github.com/hashicorp/terraform-provider-time"),
    Provider("local", "2.9.0", f"{_UNDER_ITS_OLD_NAME}-local"),
    Provider("http", "1.2.0", f"{_UNDER_ITS_OLD_NAME}-http"),
)


class Mirror:
    """The mirror with all of them. Copies: terraform does not follow links in a mirror."""

    name = "providers"

    @property
    def folder(self) -> Path:
        """Where it is once it is made: named after what is in it."""
        return golang.cache() / "-".join(["mirror", *(provider.program.built.parent.name for provider in PROVIDERS)])

    def found(self) -> Path | None:
        """Where it is, or None while it lacks one."""
        return self.folder if all((self.folder / provider.place).is_file() for provider in PROVIDERS) else None

    def build(self) -> Path:
        """Build what is missing: about two minutes of CPU the first time.

        Raises:
            MissingProgram: there is no Go, or a build fails.
        """
        for provider in PROVIDERS:
            program, place = provider.program, self.folder / provider.place
            built = program.found or golang.build(program, "use the sandbox without them")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(built, place)
        return self.folder

    def main(self, arguments: list[str]) -> int:
        """The exit code of `one_program.main` for the mirror."""
        return one_program.main(self, arguments)


MIRROR = Mirror()
