"""A platform of one environment with a cluster and one unit: a chart, or an overlay on a kustomization."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.platforms.mini import MiniPlatform
from tests.public_charts.sources import PublicUnit, vendored

ENVIRONMENT = "dev"
NAMESPACE = "public"
UNIT = "public"
_SECONDS = 180
_PATCH = re.compile(r"(?m)^((?:version|appVersion): [\"']?v?\d+\.\d+\.)(\d+)")


class PublicPlatform(MiniPlatform):
    """The platform in a repository of its own, with a store of its own."""

    def __init__(self, folder: Path, unit: PublicUnit, values: Mapping[str, Any], clones: Path) -> None:
        super().__init__(folder)
        self.unit = unit
        self.missing: list[str] = []
        infrastructure = self.repository / "infrastructure"
        shutil.rmtree(infrastructure)
        self.write("platform.yaml", yaml.safe_dump(_platform(unit, values)))
        if unit.engine == "helm":
            # What a chart's own repository does not keep, charts/ with it, is kept here.
            shutil.copytree(unit.folder, infrastructure / UNIT, ignore=shutil.ignore_patterns(".gitignore"))
            self.missing = vendored(infrastructure / UNIT, clones)
        else:
            shutil.copytree(unit.root, infrastructure / "source", symlinks=True)

    def version(self, number: int) -> str:
        """A release that differs from the others in a version, as a new one of the chart or base would; its id."""
        if self.unit.engine == "helm":
            if number > 1:
                self._next_version()
        else:
            overlay = {
                "resources": [str(Path("../source") / self.unit.path)],
                "commonAnnotations": {"flowmart.example/version": str(number)},
            }
            self.write(f"{UNIT}/kustomization.yaml", yaml.safe_dump(overlay))
        return self.release(f"version {number}").id

    def _next_version(self) -> None:
        """The next patch of the chart and of what it installs."""
        file = self.repository / "infrastructure" / UNIT / "Chart.yaml"
        file.write_text(_PATCH.sub(lambda found: f"{found[1]}{int(found[2]) + 1}", file.read_text()))


def _platform(unit: PublicUnit, values: Mapping[str, Any]) -> dict[str, Any]:
    of_chart = {"inputs": {"namespace": NAMESPACE, "values": dict(values)}}
    of_engine = of_chart if unit.engine == "helm" else {"kustomize": {"replace": ["Job"]}}
    declared = {"engine": unit.engine, "source": UNIT, "environments": [ENVIRONMENT], "time_limit": f"{_SECONDS}s"}
    return {
        "platform": "flowmart",
        "environments": {ENVIRONMENT: {"cluster": {"plan": "dev-admin", "apply": "dev-admin"}}},
        "units": {UNIT: {**declared, **of_engine}},
    }
