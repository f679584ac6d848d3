"""The `ansible:` block of a unit."""

from __future__ import annotations

from pydantic import Field, StrictInt

from tasks.engines.base import Options


class AnsibleOptions(Options):
    """How Ansible works on this unit."""

    forks: StrictInt | None = Field(
        default=None, ge=1, le=500, description="How many hosts are worked on at once. None: what ansible.cfg says."
    )

    playbook: str = Field(
        default="playbook.yml",
        pattern=r"^[^/{}]+\.ya?ml$",
        description="The playbook, a file of the source folder.",
    )
    inventory: str | tuple[str, ...] = Field(
        default=(),
        description=(
            "Inventories in place of the input hosts: files, folders or configurations of plugins, as paths from the "
            "source folder."
        ),
    )
    limit: str = Field(default="", description="A pattern of hosts: the playbook is run on no others.")

    @property
    def inventories(self) -> tuple[str, ...]:
        """The inventories, in order."""
        return (self.inventory,) if isinstance(self.inventory, str) else self.inventory

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that tell Ansible so."""
        return {"ANSIBLE_FORKS": str(self.forks)} if self.forks else {}
