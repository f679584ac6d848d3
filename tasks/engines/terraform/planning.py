"""Makes saved plans of one root, and reads them and the states that they were made from."""

from __future__ import annotations

from tasks.domain.release import Inputs
from tasks.engines.base import Variables, Workspace
from tasks.engines.terraform import commands, identity, plan_files, reading, secrets
from tasks.engines.terraform.answers import Document
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.preparation import Root


class Planning:
    """Plans of one workspace's root.

    Args:
        workspace: whose root it is.
        terraform: what runs the tool.
        root: made ready before each plan.
    """

    def __init__(self, workspace: Workspace, terraform: Execution, root: Root) -> None:
        self._workspace = workspace
        self._terraform = terraform
        self._root = root

    def planned(self, inputs: Inputs, file: str, *, destroy: bool = False, locks: bool = False) -> Document:
        """Save a plan in `file`, and read it."""
        self._saved(inputs, file, destroy=destroy, locks=locks)
        return self._shown(file)

    def looked(self) -> Document:
        """What a plan with the inputs of today says, which nobody applies. One that found nothing is not read."""
        quiet = reading.nothing_found(self._saved(self._workspace.inputs, commands.LOOK_FILE))
        return self._shown(commands.LOOK_FILE) if quiet is None else quiet

    def state_behind(self, file: str) -> Document:
        """The state that a saved plan was made from; `Refused` when it is not the one that was applied."""
        found = plan_files.state_behind(self._workspace.folder / file)
        if found is None:
            return self.state()
        self._terraform.secrets |= secrets.of_state(found)
        return self._known(found)

    def state(self, variables: Variables | None = None) -> Document:
        """The state as it is now; `Refused` when it is not the one that was applied."""
        return self._known(self._terraform.state(variables))

    def _known(self, state: Document) -> Document:
        identity.refuse_another(self._workspace.receipt, self._terraform.place, state)
        return state

    def _saved(self, inputs: Inputs, file: str, *, destroy: bool = False, locks: bool = False) -> str:
        """Save a plan; the lines in which the tool told of it."""
        workspace, terraform = self._workspace, self._terraform
        self._root.prepare(inputs)
        files = self._root.var_files
        argv = commands.plan(workspace.executable, file, destroy=destroy, locks=locks, var_files=files)
        output = terraform.read(argv, workspace.writing if locks else workspace.reading, good=(0, 2))
        (workspace.folder / file).chmod(0o600)
        return output

    def _shown(self, file: str) -> Document:
        terraform = self._terraform
        answer = terraform.read(commands.show(self._workspace.executable, file))
        return terraform.private.marked(reading.document(answer))
