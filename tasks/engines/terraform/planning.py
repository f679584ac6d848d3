"""Save the plans of one root, and read them and the states that they were made from."""

from __future__ import annotations

from tasks.domain.release import Inputs
from tasks.engines.base import Variables, Workspace
from tasks.engines.terraform import commands, identity, plan_files, reading, secrets
from tasks.engines.terraform.answers import Document
from tasks.engines.terraform.execution import Execution
from tasks.engines.terraform.preparation import Root


class Planning:
    """Makes and reads the plans of one workspace's root.

    Args:
        workspace: the unit that the root belongs to.
        terraform: runs the tool.
        root: is prepared before each plan.
    """

    def __init__(self, workspace: Workspace, terraform: Execution, root: Root) -> None:
        self._workspace = workspace
        self._terraform = terraform
        self._root = root

    def planned(self, inputs: Inputs, file: str, *, destroy: bool = False, locks: bool = False) -> Document:
        """Save a plan and read it.

        Args:
            inputs: the values to plan with.
            file: the name of the plan file in the unit's folder.
            destroy: plan to destroy the whole unit.
            locks: take the state's lock for a moment, with the writing credentials.

        Returns:
            The plan as `terraform show -json` prints it.
        """
        self._saved(inputs, file, destroy=destroy, locks=locks)
        return self._shown(file)

    def looked(self) -> Document:
        """Make a plan with the current inputs that is only read, never applied.

        If the lines of `plan -json` report no difference at all, `terraform show` is not run.
        """
        quiet = reading.nothing_found(self._saved(self._workspace.inputs, commands.LOOK_FILE))
        return self._shown(commands.LOOK_FILE) if quiet is None else quiet

    def state_behind(self, file: str) -> Document:
        """Return the state that a saved plan was made from; empty if there was none.

        Raises:
            Refused: it is not the state that was applied last.
        """
        found = plan_files.state_behind(self._workspace.folder / file)
        if found is None:
            return self.state()
        self._terraform.secrets |= secrets.of_state(found)
        return self._known(found)

    def state(self, variables: Variables | None = None) -> Document:
        """Return the current state; empty if there is none.

        Args:
            variables: the credentials to read it with; by default the read-only ones.

        Raises:
            Refused: it is not the state that was applied last.
        """
        return self._known(self._terraform.state(variables))

    def _known(self, state: Document) -> Document:
        identity.refuse_another(self._workspace.receipt, self._terraform.place, state)
        return state

    def _saved(self, inputs: Inputs, file: str, *, destroy: bool = False, locks: bool = False) -> str:
        """Save a plan, and return the lines that the tool printed."""
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
