"""The `ansible:` block of a unit."""

from __future__ import annotations

from pydantic import Field, StrictInt

from tasks.engines.base import Options


class AnsibleOptions(Options):
    """How Ansible works on this unit."""

    forks: StrictInt | None = Field(
        default=None, ge=1, le=500, description="How many hosts are worked on at once. None: what ansible.cfg says."
    )

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that tell Ansible so."""
        return {"ANSIBLE_FORKS": str(self.forks)} if self.forks else {}
