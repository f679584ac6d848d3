"""Read a unit's files: one folder for each kind, one file for each object, named after it; or exports of the API.

    component-templates/shop-fields.json
    index-templates/shop.json
    ingest-pipelines/shop.json          its samples beside it: shop.samples.json
    ilm-policies/shop.json              for Elasticsearch
    ism-policies/shop.json              for OpenSearch
    saved-objects/shop.ndjson           as Kibana exports them

Folder names may use _ and the singular. Files are JSON or YAML. A file with another extension, or none, is an object
if it is JSON; its whole name is then the object's name. `${NAME}` in a string is the unit's input of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.domain.values import MASK, texts
from tasks.engines.base import Interface, Workspace
from tasks.engines.elasticsearch import exports, saved_objects
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, SAVED_OBJECT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.options import ElasticsearchOptions

FOLDERS: Mapping[str, tuple[str, ...]] = {
    COMPONENT: ("component-templates", "component-template", "components"),
    TEMPLATE: ("index-templates", "index-template", "templates"),
    PIPELINE: ("ingest-pipelines", "ingest-pipeline", "pipelines", "ingest"),
    ILM: ("ilm-policies", "ilm-policy", "ilm"),
    ISM: ("ism-policies", "ism-policy", "ism"),
    SAVED_OBJECT: ("saved-objects", "saved-object", "dashboards"),
}
_ENDINGS = (".json", ".yaml", ".yml", ".ndjson")
_SAMPLES = ".samples"
_OBJECT = re.compile(r'\s*\{\s*["}]')
"""How a JSON object starts, unlike a Jinja template, whatever the file's name is."""
_INPUT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_NAME = re.compile(r"[^*?,\\/\"<>|\s#]+")


@dataclass(frozen=True)
class Source:
    """What a unit declares: its objects, the file of each, and the samples of pipelines by name."""

    objects: Mapping[Address, Body]
    files: Mapping[Address, str] = field(default_factory=dict)
    samples: Mapping[str, list[Any]] = field(default_factory=dict)


def load(workspace: Workspace, values: Mapping[str, Any]) -> Source:
    """Return the unit's source with its inputs filled in.

    Args:
        workspace: the unit and its files.
        values: the values of the unit's inputs.

    Raises:
        InvalidInput: a file or an option is invalid, or an input is sensitive.
    """
    options = workspace.options(ElasticsearchOptions)
    masked = [name for name, value in values.items() if MASK in texts(value)]
    if masked:
        raise InvalidInput(f"{workspace.unit.name}: inputs.{masked[0]} is sensitive; templates are no place for it")
    found = loaded(workspace.infrastructure, workspace.unit.source, options, values)
    for address, body in found.objects.items():
        if isinstance(number := body.get("priority"), str) and not number.isdigit():
            raise InvalidInput(
                f"{found.files[address]}: {address.name}: priority is {number!r}; give the unit that input"
            )
    return found


def loaded(infrastructure: Path, source: str, options: ElasticsearchOptions, values: Mapping[str, Any]) -> Source:
    """Return the source at a path below `infrastructure`; arguments and errors are those of `load`."""
    objects: dict[Address, Body] = {}
    files: dict[Address, str] = {}
    samples: dict[str, list[Any]] = {}
    for kind, file in _files(infrastructure / source, options):
        where = str(file.relative_to(infrastructure))
        content = filled(_parsed(kind, file, infrastructure), values)
        called = file.stem if file.suffix in _ENDINGS else file.name
        if kind == PIPELINE and called.endswith(_SAMPLES):
            samples[called.removesuffix(_SAMPLES)] = _listed(content, where)
            continue
        for name, body in content.items() if kind == SAVED_OBJECT else exports.objects(kind, called, content, where):
            address = Address(kind, name if kind == SAVED_OBJECT else _named(str(filled(name, values)), where))
            if address in objects:
                raise InvalidInput(f"{where}: {address} is in {files[address]} too; remove one of them")
            objects[address], files[address] = body, where
    _require_pipelines(samples, objects, source)
    return Source(objects, files, samples)


def filled(content: Any, values: Mapping[str, Any]) -> Any:
    """Return the content with inputs for `${NAME}`; a string that is only `${NAME}` becomes the value itself."""
    if isinstance(content, Mapping):
        return {key: filled(item, values) for key, item in content.items()}
    if isinstance(content, list):
        return [filled(item, values) for item in content]
    if not isinstance(content, str):
        return content
    whole = _INPUT.fullmatch(content)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _INPUT.sub(lambda found: str(values.get(found[1], found[0])), content)


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return the paths, relative to `infrastructure`, of every file below the unit's folder."""
    folder = infrastructure / source
    return tuple(sorted(str(path.relative_to(infrastructure)) for path in folder.rglob("*") if path.is_file()))


def interface(infrastructure: Path, source: str) -> Interface:
    """Return the interface: accepts the inputs that the files name as `${NAME}`, gives the list of objects."""
    files = [file for path in reads(infrastructure, source) if _may_be_one(file := infrastructure / path)]
    named = {name for file in files for name in _INPUT.findall(file.read_text())}
    return Interface(accepts=dict.fromkeys(sorted(named), "any"), gives={"objects": "list"})


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield what is wrong with the files of a unit, as far as that is visible without a server."""
    try:
        loaded(infrastructure, unit.source, ElasticsearchOptions.model_validate(unit.options), {})
    except InvalidInput as error:
        yield str(error)


def _files(folder: Path, options: ElasticsearchOptions) -> Iterator[tuple[str, Path]]:
    folders = _folders(folder, options)
    candidates = [path for path in _kept(folder, options.ignored) if path.is_file()]
    found = sorted(path for path in candidates if _may_be_one(path))
    if not found:
        raise InvalidInput(
            f"{folder.name}: has no JSON or YAML in {', '.join(names[0] for names in FOLDERS.values())}"
        )
    for file in found:
        kinds = [kind for place, kind in folders.items() if file.is_relative_to(place)]
        if not kinds and file.suffix not in _ENDINGS:
            continue
        if not kinds:
            known = ", ".join(names[0] for names in FOLDERS.values())
            raise InvalidInput(
                f"{folder.name}/{file.relative_to(folder)}: is in no folder of a kind; move it to one of {known}, "
                "or name it in `ignored`"
            )
        yield kinds[0], file


def _kept(folder: Path, ignored: Sequence[str]) -> list[Path]:
    """Return the paths below a folder without ignored ones: a path or a pattern of a file or of a folder."""
    everything = {path: path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    left_out: set[Path] = set()
    for pattern in ignored:
        matching = {path for path, place in everything.items() if fnmatchcase(place, pattern.rstrip("/"))}
        if not matching:
            raise InvalidInput(f"ignored: nothing in {folder.name} is called {pattern}; correct it, or remove it")
        left_out |= matching
    return [path for path in everything if left_out.isdisjoint((path, *path.parents))]


def _may_be_one(file: Path) -> bool:
    """Tell whether a file holds an object or samples, by its extension or by how it starts."""
    if file.suffix in _ENDINGS:
        return True
    with file.open("rb") as opened:
        return _OBJECT.match(opened.read(256).decode(errors="replace")) is not None


def _folders(folder: Path, options: ElasticsearchOptions) -> dict[Path, str]:
    """Return {folder: its kind} of the existing folders, deepest first."""
    by_name = {name: kind for kind, names in FOLDERS.items() for name in names}
    found = {}
    for written, place in options.folders.items():
        if written not in by_name:
            raise InvalidInput(
                f"folders.{written}: is not a kind; write one of {', '.join(n[0] for n in FOLDERS.values())}"
            )
        if not (folder / place).is_dir():
            raise InvalidInput(f"folders.{written}: there is no folder {place} in {folder.name}")
        found[folder / place] = by_name[written]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        kind = by_name.get(path.name.replace("_", "-"))
        if path.is_dir() and kind:
            found.setdefault(path, kind)
    return dict(sorted(found.items(), key=lambda each: -len(each[0].parts)))


def _parsed(kind: str, file: Path, infrastructure: Path) -> Any:
    where = file.relative_to(infrastructure)
    try:
        text = file.read_text()
        if kind == SAVED_OBJECT:
            return dict(saved_objects.parsed(text, str(where)))
        is_yaml = file.suffix in (".yaml", ".yml", ".ndjson")
        return yaml12.load(text) if is_yaml else json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{where}:{error.lineno}: is not valid JSON: {error.msg}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{where}: is not valid YAML: {error}") from error
    except ValueError as error:
        raise InvalidInput(f"{where}: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a duplicate key is a mistake, which the server rejects too."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        raise ValueError(f"the key {twice!r} is there twice; remove one")
    return found


def _named(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{where}: {name!r} is not a valid name of an object: it has a space, a wildcard, a comma or a slash"
        )
    return name


def _listed(content: Any, where: str) -> list[Any]:
    samples = content.get("samples") if isinstance(content, Mapping) else content
    if not isinstance(samples, list) or not all(isinstance(each, Mapping) and "document" in each for each in samples):
        raise InvalidInput(f"{where}: must be a list of samples, each with `document` and `expected`")
    return samples


def _require_pipelines(samples: Mapping[str, Any], objects: Mapping[Address, Body], source: str) -> None:
    for name in samples:
        if Address(PIPELINE, name) not in objects:
            raise InvalidInput(f"{source}: {name}{_SAMPLES} has samples of a pipeline that is not there; rename it")
