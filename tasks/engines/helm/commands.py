"""Runs helm's commands: pyhelm3 builds and parses them, `tasks.processes` runs them.

pyhelm3 hands one quoted line to a shell. The quoting (`shlex.join`) is sound, but there is no time limit and no
choice of environment variables. A cancelled run ends the shell rather than helm. All of its commands go through
`Command.run`. That method is replaced here, so helm gets a list of arguments and nothing needs quoting. The few
options in which helm 3 and 4 differ are adapted in the same place.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Coroutine, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pyhelm3.command import Command

from tasks import processes
from tasks.cluster.kubeconfig import CONTEXT
from tasks.domain.errors import InvalidInput
from tasks.engines.helm import post_renderer
from tasks.engines.helm.capabilities import Capabilities
from tasks.engines.helm.errors import failure
from tasks.masking import Known
from tasks.processes import Processes

HISTORY = 10
"""How many revisions of a release helm keeps, and so how many releases it can roll back to."""

_VERSIONS_AT_ONCE = 100
"""How many API versions are one argument. One with its kind has at most 382 characters: group, version and kind."""
_POST_RENDERER = "--post-renderer"
_PLUGIN = "flowmart"

_T = TypeVar("_T")


class Helm(Command):  # type: ignore[misc] # pyhelm3 has no types
    """pyhelm3's commands, each run as an argument list, with the variables of one identity and a time limit."""

    def __init__(
        self,
        executable: str,
        folder: Path,
        variables: Mapping[str, str],
        seconds: float,
        runner: Processes,
        secrets: Known | None = None,
    ) -> None:
        # helm's own timeout must end before ours, so that helm can still report what it was waiting for.
        super().__init__(
            executable=executable, default_timeout=f"{max(1, int(seconds * 0.8))}s", history_max_revisions=HISTORY
        )
        if CONTEXT not in variables:
            raise InvalidInput(f"no cluster: {CONTEXT} is not set; give the environment a cluster in platform.yaml")
        self.folder = folder
        self._variables = variables
        self._seconds = seconds
        self._runner = runner
        self._secrets = secrets or Known()

    async def run(self, command: Sequence[Any], input: bytes | None = None) -> bytes:  # noqa: ARG002
        """Run one command of helm. pyhelm3's `input` is never used, because helm reads values from files.

        Args:
            command: the arguments, without the executable.
            input: ignored.

        Returns:
            What helm wrote to its standard output.

        Raises:
            Refused: helm rejects the command.
            Unanswered: the cluster did not respond, or helm was killed.
        """
        argv = arguments(command, major_version(self._executable))
        variables = {**self._variables, **({"HELM_PLUGINS": str(self._plugins)} if _POST_RENDERER in argv else {})}
        line = processes.Command((self._executable, *argv), self.folder, variables, self._seconds)
        finished = self._runner.run(line)
        if finished.exit_code != 0:
            raise failure(f"helm {' '.join(argv[:2])}", finished.exit_code, self._secrets.hide(finished.stderr))
        return finished.stdout.encode()

    @property
    def server_side(self) -> bool:
        """Tell whether this helm applies server-side, as helm 4 does."""
        return major_version(self._executable) >= 4

    async def upgrade(
        self,
        release: str,
        chart: Path,
        values: Sequence[Path],
        namespace: str,
        *,
        edits: Path | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Install or upgrade a release and wait until it is ready; with `dry_run`, only ask what the result would be.

        Args:
            release: the release's name.
            chart: the chart's archive.
            values: the values files; later ones override earlier ones.
            namespace: the release's namespace.
            edits: a file of edits to what the chart renders; None for no edits.
            dry_run: change nothing.

        Returns:
            helm's JSON output.
        """
        how = ["--dry-run"] if dry_run else ["--wait", "--wait-for-jobs"]
        kept = ["--history-max", HISTORY, "--timeout", self._default_timeout]
        command = ["upgrade", release, chart, "--install", "--output", "json", *kept, *_read(values)]
        told = await self.run([*command, "--namespace", namespace, *how, *self._editing(edits)])
        # helm 4 may print a message about registries first.
        found: dict[str, Any] = json.loads(told[told.index(b"{") :])
        return found

    async def rendered(
        self,
        release: str,
        chart: Path,
        values: Sequence[Path],
        namespace: str,
        *,
        edits: Path | None = None,
        definitions: bool = False,
        told: Capabilities | None = None,
        upgrading: bool = False,
    ) -> str:
        """Render the chart without a cluster, as YAML.

        Args:
            release: the release's name.
            chart: the chart's archive.
            values: the values files; later ones override earlier ones.
            namespace: the release's namespace.
            edits: a file of edits to what the chart renders; None for no edits.
            definitions: include the chart's crds/.
            told: what templates are told of the cluster; None for what helm assumes.
            upgrading: tell templates that it is an upgrade, not an install.
        """
        crds = "--include-crds" if definitions else "--skip-crds"
        command = ["template", release, chart, crds, "--namespace", namespace, *_read(values)]
        asked = ["--kube-version", told.version, *_served(told.versions)] if told else []
        asked += ["--is-upgrade"] if upgrading else []
        return (await self.run([*command, *asked, *self._editing(edits)])).decode()

    async def package(self, chart: Path, into: Path) -> Path:
        """Pack a chart whose dependencies are in place, and return the archive."""
        told = (await self.run(["package", chart, "--destination", into])).decode()
        return Path(told.rsplit(": ", 1)[-1].strip())

    @property
    def _plugins(self) -> Path:
        return self.folder / "plugins"

    def _editing(self, edits: Path | None) -> list[str]:
        """Return the options for the post-renderer: a program for helm 3, a plugin that names it for helm 4."""
        if edits is None:
            return []
        program, *arguments = (sys.executable, "-I", str(Path(post_renderer.__file__)), str(edits))
        if not self.server_side:
            return [_POST_RENDERER, program, *(f"--post-renderer-args={argument}" for argument in arguments)]
        folder = self._plugins / _PLUGIN
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.yaml").write_text(json.dumps(_plugin(program, arguments)))
        return [_POST_RENDERER, _PLUGIN]


def _plugin(program: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Describe a helm 4 plugin that runs a program (https://helm.sh/docs/plugins/)."""
    command = {"command": program, "args": [*arguments]}
    how = {"runtime": "subprocess", "runtimeConfig": {"platformCommand": [command]}}
    return {"apiVersion": "v1", "type": "postrenderer/v1", "name": _PLUGIN, "version": "1.0.0", **how}


def done(running: Coroutine[Any, Any, _T]) -> _T:
    """Run one of pyhelm3's coroutines to its end and return the result.

    They never wait, because `Helm.run` does not. An event loop would only get in the way: it takes over Ctrl-C, and
    this thread may already have one.
    """
    try:
        running.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    running.close()
    raise RuntimeError("a command of helm waits for an event loop")


def arguments(command: Sequence[Any], major: int) -> tuple[str, ...]:
    """Return a command's arguments with the options that this helm version understands.

    A dry run asks the server, so the plan finds what the cluster would reject. Helm 4 applies server-side, where a
    field that somebody changed by hand belongs to them. `--force-conflicts` takes back what the chart declares.

    Args:
        command: the arguments as pyhelm3 builds them.
        major: helm's major version.
    """
    argv = ["--dry-run=server" if part == "--dry-run" else str(part) for part in command]
    if major >= 4 and argv[0] in ("upgrade", "rollback"):
        argv += ["--server-side=true", "--force-conflicts"]
    return tuple(argv)


@lru_cache(maxsize=8)
def major_version(executable: str) -> int:
    """Return helm's major version, 3 or 4. It is asked once in a process.

    Raises:
        InvalidInput: the executable does not answer like helm.
    """
    finished = processes.run(
        processes.Command((executable, "version", "--template", "{{.Version}}"), Path.cwd(), {}, 60)
    )
    found = re.match(r"v(\d+)\.", finished.stdout.strip())
    if finished.exit_code != 0 or found is None:
        raise InvalidInput(f"{executable} version: says {finished.stdout!r} {finished.stderr.strip()}; is it helm?")
    return int(found[1])


def _served(versions: Sequence[str]) -> list[str]:
    """Return the options for the API versions: several, because Linux allows 128 KiB for one argument."""
    return [
        part
        for first in range(0, len(versions), _VERSIONS_AT_ONCE)
        for part in ("--api-versions", ",".join(versions[first : first + _VERSIONS_AT_ONCE]))
    ]


def _read(values: Sequence[Path]) -> list[Any]:
    """Return the options for the values files; later ones override earlier ones."""
    return [part for file in values for part in ("--values", file)]
