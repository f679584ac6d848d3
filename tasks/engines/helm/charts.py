"""Reads a chart's folder: its files, its values, and a complete copy with all dependencies.

A dependency on one of our own charts is named by path (`repository: file://../flowmart-service`). So a chart needs
neither a download nor a copy in the repository: the dependency is copied below charts/ when the chart is rendered.
Other dependencies are in charts/, from the repository, or pulled when the release was made (`vendoring`).
"""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

import yaml

from tasks import masking
from tasks.cluster.documents import document
from tasks.cluster.objects import Manifest, Reference, parsed
from tasks.domain.errors import InvalidInput
from tasks.engines.base import Interface
from tasks.masking import Known

_LOCAL = "file://"
_ELSEWHERE = ("oci://", "https://", "http://", "@", "alias:")
"""How Chart.yaml names a registry, a repository, or the alias that `helm repo add` gave to one."""
_DEFINITIONS = re.compile(r"[^/]+(/charts/[^/]+)*/crds/.+\.(ya?ml|json)")
_INPUTS = ("namespace", "release", "values")
_LONGEST_NAME = 53
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""The names that helm accepts for a release (helm's `chartutil.ValidateReleaseName`)."""


@dataclass(frozen=True)
class Installation:
    """A unit's parsed inputs: the release's name, its namespace, and values that override the chart's own."""

    release: str
    namespace: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Packed:
    """What helm installs: the chart's archive with its dependencies, and values files; later files override."""

    chart: Path
    values: tuple[Path, ...]


def interface(_: Path, __: str) -> Interface:
    """Return the inputs and outputs, which are the same for every helm unit."""
    accepts = {"namespace": "string", "release": "string", "values": "map"}
    return Interface(accepts, frozenset({"namespace"}), {"revision": "number"})


def installation(unit: str, inputs: Mapping[str, Any]) -> Installation:
    """Check and parse the unit's inputs. The release has the unit's name unless they set another.

    Args:
        unit: the unit's name.
        inputs: the values of the inputs.

    Raises:
        InvalidInput: an input is unknown, missing or of the wrong type.
    """
    unknown = sorted(set(inputs) - set(_INPUTS))
    if unknown:
        raise InvalidInput(
            f"{unit}: inputs.{unknown[0]} is not an input of a helm unit; there are: {', '.join(_INPUTS)}"
        )
    namespace, values = inputs.get("namespace"), inputs.get("values") or {}
    if not isinstance(namespace, str) or not namespace:
        raise InvalidInput(f"{unit}: inputs.namespace is missing: the namespace that the release is installed in")
    if not isinstance(values, Mapping):
        raise InvalidInput(f"{unit}: inputs.values should be values of the chart by name, not {values!r}")
    release = str(inputs.get("release", unit))
    if len(release) > _LONGEST_NAME or not _NAME.fullmatch(release):
        told = f"{unit}: inputs.release: helm takes no release called {release}"
        raise InvalidInput(
            f"{told}; use at most {_LONGEST_NAME} of a-z, 0-9, - and ., a letter or digit at both ends"
        )
    return Installation(release, namespace, values)


def values_file(chart: Path, environment: str) -> Path | None:
    """Return the chart's values/<environment>.yaml; None if there is none."""
    file = chart / "values" / f"{environment}.yaml"
    return file if file.is_file() else None


def secrets(chart: Path, environment: str, inputs: Mapping[str, Any]) -> Known:
    """Collect the values whose names mark them as secret: templates and error texts may contain them anywhere.

    Files that cannot be read are skipped here: helm reports what is wrong with them.

    Args:
        chart: the chart's folder.
        environment: the environment's name, for its values file.
        inputs: the unit's inputs.
    """
    known = Known()
    known.learn(masking.named(inputs.get("values") or {}))
    for file in (chart / "values.yaml", values_file(chart, environment)):
        with suppress(InvalidInput):
            known.learn(masking.named(_mapping(file) if file and file.is_file() else {}))
    return known


def definitions(archive: Path, *, nested: bool = True) -> dict[Reference, Manifest]:
    """Return the custom resource definitions in crds/ of a packed chart.

    Args:
        archive: the chart's archive.
        nested: include those of all its dependencies.
    """
    with tarfile.open(archive) as opened:
        matches = ((member, _DEFINITIONS.fullmatch(member.name)) for member in opened.getmembers())
        files = [member for member, match in matches if match and (nested or not match[1])]
        texts = {member.name: opened.extractfile(member) for member in files}
        return {about: found for name, text in texts.items() if text for about, found in _defined(name, text).items()}


def _defined(name: str, text: IO[bytes]) -> dict[Reference, Manifest]:
    return parsed(text.read().decode(), name)


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """List all files that the chart at `source` reads, as sorted paths relative to `infrastructure`.

    Raises:
        InvalidInput: a chart that it depends on is missing, or outside of infrastructure/.
    """
    root = infrastructure.resolve()
    found = list(folders((root / source).resolve()))
    for folder in found:
        if not folder.is_relative_to(root):
            raise InvalidInput(
                f"{source}: depends on {folder}, which is outside of infrastructure/: add it to `paths`"
            )
    # A template can read any file of its chart (`.Files.Get "README.md"`).
    files = {file for folder in found for file in folder.rglob("*") if file.is_file()}
    return tuple(sorted(str(file.relative_to(root)) for file in files))


def assemble(chart: Path, into: Path) -> Path:
    """Copy the chart below `into`, with every dependency in place, and return the copy's folder.

    Raises:
        InvalidInput: a dependency is not in the release.
    """
    whole = into / chart.name
    if whole.exists():
        shutil.rmtree(whole)
    _copy(chart.resolve(), whole)
    return whole


def declared(chart: Path) -> list[Mapping[str, Any]]:
    """Return the dependencies that Chart.yaml lists."""
    return list(_mapping(chart / "Chart.yaml").get("dependencies") or ())


def to_pull(chart: Path) -> list[Mapping[str, Any]]:
    """Return the dependencies that are in a registry or a repository, but not in charts/."""
    return [each for each in declared(chart) if _place(each).startswith(_ELSEWHERE) and not _is_in(chart, each)]


def _is_in(chart: Path, dependency: Mapping[str, Any]) -> bool:
    """Tell whether charts/ has the dependency as an archive or folder. helm compares the name in its Chart.yaml."""
    name, inside = str(dependency.get("name")), chart / "charts"
    if any(re.fullmatch(rf"{re.escape(name)}-v?\d.*", file.stem) for file in inside.glob("*.tgz")):
        return True
    return any(_mapping(file).get("name") == name for file in inside.glob("*/Chart.yaml"))


def _copy(chart: Path, to: Path) -> None:
    dependencies = _dependencies(chart)
    for each in to_pull(chart):
        told = f"{chart}/Chart.yaml: dependency {each['name']} is not in the release"
        raise InvalidInput(f"{told}; make the release again, or vendor it (helm dependency update) and commit it")

    def by_hand(place: str, names: list[str]) -> set[str]:
        """Skip earlier copies by `helm dependency update`, because the dependencies are copied there."""
        inside = names if Path(place).name == "charts" else []
        return {
            name for name in inside for d in dependencies if fnmatch(name, d.name) or fnmatch(name, f"{d.name}-*.tgz")
        }

    shutil.copytree(chart, to, ignore=by_hand)
    for name, dependency in _places(dependencies).items():
        _copy(dependency, to / "charts" / name)


def _places(dependencies: Iterable[Path]) -> dict[str, Path]:
    """Choose a name below charts/ for each folder.

    A chart that is named twice by aliases gets one name, because helm compares Chart.yaml. Charts of equal names from
    different folders get two.
    """
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(dependencies):
        same = sum(other.name == folder.name for other in found.values())
        found[f"{folder.name}-{same + 1}" if same else folder.name] = folder
    return found


def folders(chart: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the chart's folder, and those of all charts that it depends on by path.

    Args:
        chart: the chart's folder.
        above: the charts that led here, to detect a cycle.

    Raises:
        InvalidInput: a dependency is missing, or the chart depends on itself.
    """
    if chart in above:
        raise InvalidInput(f"{chart}/Chart.yaml: the chart depends on itself; take the circle out of dependencies")
    yield chart
    for dependency in _dependencies(chart):
        yield from folders(dependency, (*above, chart))


def _dependencies(chart: Path) -> list[Path]:
    """Return the folders of dependencies named by path, and check that those without a repository are in charts/."""
    found = []
    for dependency in declared(chart):
        place = _place(dependency)
        if place.startswith(_LOCAL):
            found.append(_folder(chart, place.removeprefix(_LOCAL)))
        elif not place.startswith(_ELSEWHERE) and not _is_in(chart, dependency):
            told = f"{chart}/Chart.yaml: dependency {dependency.get('name')} is not in charts/"
            raise InvalidInput(f"{told}: commit it, or name its repository (https://, oci://) or path (file://)")
    return found


def _place(dependency: Mapping[str, Any]) -> str:
    return str(dependency.get("repository") or "")


def _folder(chart: Path, path: str) -> Path:
    folder = (chart / path).resolve()
    if not (folder / "Chart.yaml").is_file():
        raise InvalidInput(f"{chart}/Chart.yaml: there is no chart in {path}; name the folder of one")
    return folder


def _mapping(file: Path) -> dict[str, Any]:
    """Read the map in a YAML file; an error names the file."""
    try:
        found = document(file.read_text()) or {}
    except FileNotFoundError as error:
        raise InvalidInput(f"{file}: there is no such file; is {file.parent} the folder of a chart?") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is not valid YAML: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} should hold a map of names to values")
    return found
