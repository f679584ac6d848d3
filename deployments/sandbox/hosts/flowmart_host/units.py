"""The units of a host: enabled through links as in systemd, and their states.

A started service counts as running once its program and user exist and its `ExecStartPre` has succeeded. Its program
does not run. Two things really run: `ExecStartPre`, in which services check their configuration, and the program of a
`oneshot`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import execution, unitfiles
from .root import Failed, place
from .unitfiles import OWN, PACKAGED, Unit

UNITS = PACKAGED
_STATES = "/var/lib/flowmart/units.json"


class Units:
    """All units of this host and their states. Methods raise `Failed`, with the message of systemctl."""

    def states(self) -> dict[str, dict[str, Any]]:
        """Return states by unit: `active` (active, inactive or failed), `since`, `pid`, `loaded`, `result`."""
        file = place(_STATES)
        found: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Return the state of one unit."""
        return {"active": "inactive", **self.states().get(unit.name, {})}

    def install(self, name: str) -> None:
        """Enable and start the unit of a package that was just unpacked, as Debian does."""
        unit = unitfiles.load(name)
        if unit.state != "loaded":
            return
        if unit.installs:
            self.enable(name)
        self._become(unit, "active")

    def forget(self, name: str) -> None:
        """Disable a package's unit and remove it."""
        if unitfiles.load(name).state != "not-found":
            self.disable(name)
        states = self.states()
        states.pop(name, None)
        self._write(states)
        place(f"{UNITS}/{name}").unlink(missing_ok=True)

    def is_enabled(self, unit: Unit) -> str:
        """Return the state of the unit's file, as `systemctl is-enabled` prints it."""
        if unit.state in ("masked", "not-found"):
            return unit.state
        if _links(unit.name):
            return "enabled"
        return "disabled" if unit.installs else "static"

    def enable(self, name: str) -> list[str]:
        """Enable a unit. Return a message for each new link."""
        unit = self._usable(name, "enable")
        made = []
        for link in unit.installs:
            file = place(f"{OWN}/{link}")
            if not file.is_symlink():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.symlink_to(unit.path)
                made.append(f"Created symlink {OWN}/{link} → {unit.path}.")
        return made

    def disable(self, name: str) -> list[str]:
        """Disable a unit. Return a message for each removed link."""
        unit = unitfiles.load(name)
        if unit.state == "not-found":
            raise Failed(f"Failed to disable unit: Unit file {name} does not exist.")
        links = _links(unit.name)
        links += [link for link in map(place, (f"{OWN}/{each}" for each in unit.installs)) if link.is_symlink()]
        for link in {*links}:
            link.unlink(missing_ok=True)
        return [f'Removed "{unitfiles.seen(link)}".' for link in sorted({*links})]

    def mask(self, name: str) -> None:
        """Mask a unit with a link to /dev/null."""
        file = place(f"{OWN}/{name}")
        if file.exists() and not file.is_symlink():
            raise Failed(f"Failed to mask unit: File {OWN}/{name} already exists.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to("/dev/null")

    def unmask(self, name: str) -> None:
        """Remove that link."""
        if unitfiles.load(name).state == "masked":
            place(f"{OWN}/{name}").unlink()

    def start(self, name: str) -> None:
        """Start a unit and the services that it requires.

        A unit that is active already, or whose conditions do not hold, is skipped.

        Raises:
            Failed: The unit cannot be used, or one of its programs fails.
        """
        unit = self._usable(name, "start")
        if self.state(unit)["active"] == "active" or not _is_met(unit):
            return
        for each in (word for value in unit.all("Unit", "Requires") for word in value.split()):
            if each.endswith(".service"):
                self.start(each)
        if unit.is_service:
            self._start_service(unit)
        else:
            self._become(unit, "active")

    def _start_service(self, unit: Unit) -> None:
        self._run(unit, "ExecStartPre")
        if unit.type == "oneshot":
            self._run(unit, "ExecStart")
            stays = unit.last("Service", "RemainAfterExit") in ("yes", "true", "1", "on")
            self._become(unit, "active" if stays else "inactive")
            return
        fault = execution.why_not(unit)
        self._become(unit, "failed" if fault else "active", fault)
        # A `simple` service counts as started before its program is executed: systemd.service(5).
        if fault and unit.type not in ("simple", "idle"):
            raise _failed_job(unit, fault)

    def stop(self, name: str) -> None:
        """Stop a unit."""
        unit = self._usable(name, "stop", masked=True)
        if self.state(unit)["active"] != "inactive":
            self._become(unit, "inactive")

    def reload(self, name: str) -> None:
        """Check that a unit can reload its configuration now.

        Raises:
            Failed: The unit cannot reload, or it is not active.
        """
        unit = self._usable(name, "reload")
        if not can_reload(unit):
            told = f"Job type reload is not applicable for unit {unit.name}."
            raise Failed(f"Failed to reload {unit.name}: {told}")
        if self.state(unit)["active"] != "active":
            raise Failed(f"{unit.name} is not active, cannot reload.")

    def read_again(self) -> None:
        """Reload all unit files, as `daemon-reload` does."""
        states = self.states()
        for name, state in states.items():
            state["loaded"] = unitfiles.load(name).digest
        self._write(states)

    def reset_failed(self, name: str) -> None:
        """Reset a failed unit to inactive."""
        unit = unitfiles.load(name)
        if self.state(unit)["active"] == "failed":
            self._become(unit, "inactive")

    def _usable(self, name: str, verb: str, *, masked: bool = False) -> Unit:
        unit = unitfiles.load(name)
        if unit.state == "not-found":
            raise Failed(f"Failed to {verb} {name}: Unit {name} not found.", 1 if verb == "enable" else 5)
        if unit.state == "masked" and not masked:
            raise Failed(f"Failed to {verb} {name}: Unit {name} is masked.")
        if unit.state == "bad-setting":
            raise Failed(f"Failed to {verb} {name}: Unit {name} has a bad unit file setting. {unit.error}")
        return unit

    def _run(self, unit: Unit, key: str) -> None:
        for line in unit.all("Service", key):
            flags = line[: len(line) - len(line.lstrip("-@:+!"))]
            done = execution.run(unit, line.lstrip("-@:+!"))
            if done.returncode != 0 and "-" not in flags:
                self._become(unit, "failed", str(done.returncode))
                raise _failed_job(unit, f"{key}={line} ended with {done.returncode}: {done.stderr.strip()}")

    def _become(self, unit: Unit, active: str, result: str = "") -> None:
        states = self.states()
        pid = 1000 + len(states) if active == "active" and unit.is_service and unit.type != "oneshot" else 0
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        states[unit.name] = {"active": active, "since": since, "pid": pid, "loaded": unit.digest, "result": result}
        self._write(states)

    def _write(self, states: Mapping[str, Any]) -> None:
        file = place(_STATES)
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.write_text(json.dumps(states, indent=1, sort_keys=True))
        written.replace(file)


def _links(name: str) -> list[Path]:
    """Return the links through which other units want or require this one."""
    folders = [folder for kind in ("wants", "requires") for folder in place(OWN).glob(f"*.{kind}")]
    return [folder / name for folder in folders if (folder / name).is_symlink()]


def can_reload(unit: Unit) -> bool:
    """Tell whether the unit can reload its configuration while it runs."""
    return bool(unit.all("Service", "ExecReload")) or unit.type == "notify-reload"


def _is_met(unit: Unit) -> bool:
    """Tell whether the unit's path conditions hold. If not, the unit is skipped, which is not a failure."""
    for path in unit.all("Unit", "ConditionPathExists"):
        if place(path.lstrip("!|")).exists() == path.startswith("!"):
            return False
    return True


def _failed_job(unit: Unit, why: str) -> Failed:
    told = f"Job for {unit.name} failed because the control process exited with error code."
    return Failed(f"{told}\n{why}")
