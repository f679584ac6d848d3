"""Real Terraform providers, built from source with Go into a filesystem mirror, for tests of providers.

make peers-providers
python -m deployments.peers.providers    # the folder of the mirror

These of HashiCorp's small providers are available as Go modules: current versions of time and local, and http of
2020. Go does not accept the version tags of the others (random, null, tls, archive, external).
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
    """One provider: the version in the mirror, and the Go module that builds it."""

    name: str
    version: str
    module: str

    @property
    def program(self) -> Program:
        """Return the provider's program."""
        return Program(f"terraform-provider-{self.name}", _GO / self.name, self.module)

    @property
    def place(self) -> Path:
        """Return the provider's path in the mirror, where terraform looks for it."""
        folder = Path("registry.terraform.io", "hashicorp", self.name, self.version, platform_name())
        return folder / f"{self.program.name}_v{self.version}"


_UNDER_ITS_OLD_NAME = "github.com/terraform-providers/terraform-provider"
"""Two modules still have this name in their go.mod, and Go accepts no other."""

PROVIDERS = (
    Provider("time", "0.14.2", "github.com/hashicorp/terraform-provider-time"),
    Provider("local", "2.9.0", f"{_UNDER_ITS_OLD_NAME}-local"),
    Provider("http", "1.2.0", f"{_UNDER_ITS_OLD_NAME}-http"),
)


class Mirror:
    """The mirror with all providers. It has copies, because terraform does not follow links in a mirror."""

    name = "providers"

    @property
    def folder(self) -> Path:
        """Return the mirror's folder, which is named after its contents."""
        return golang.cache() / "-".join(["mirror", *(provider.program.built.parent.name for provider in PROVIDERS)])

    def found(self) -> Path | None:
        """Return the mirror's folder, or None if it lacks a provider."""
        return self.folder if all((self.folder / provider.place).is_file() for provider in PROVIDERS) else None

    def build(self) -> Path:
        """Build what is missing, and return the mirror's folder. The first build takes about two minutes of CPU.

        Raises:
            MissingProgram: Go is missing, or a build fails.
        """
        for provider in PROVIDERS:
            program, place = provider.program, self.folder / provider.place
            built = program.found or golang.build(program, "use the sandbox without them")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(built, place)
        return self.folder

    def main(self, arguments: list[str]) -> int:
        """Run `one_program.main` for the mirror and return its exit code."""
        return one_program.main(self, arguments)


MIRROR = Mirror()
