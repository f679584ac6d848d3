"""A template as it is sent: in the request, or through a bucket where it is too large or has templates of its own.

As `aws cloudformation package` does, a local path in `TemplateURL` of a nested stack, or in `Location` of
AWS::Include, is replaced by the URL of the uploaded file, and nested templates are packaged themselves. The names of
uploaded files are digests of their content, so that only what changed is changed. What has to be built or zipped is
not packaged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.values import texts
from tasks.engines.cloudformation.documents import parsed

IN_REQUEST, IN_BUCKET = 51_200, 1_048_576
"""Bytes of a template that CloudFormation takes in a request, and from a bucket (its quotas)."""

_STACK = "AWS::CloudFormation::Stack"
_ARTIFACTS = {
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::Application": "Location",
    "AWS::ElasticBeanstalk::ApplicationVersion": "SourceBundle",
    "AWS::Glue::Job": "Command",
}
"""Type -> the property that `aws cloudformation package` uploads where it is a local path."""


@dataclass(frozen=True)
class Bucket:
    """Where templates are uploaded to; `name` is empty where there is no such place. `prefix` begins every key."""

    name: str
    region: str
    prefix: str

    def url(self, key: str) -> str:
        """What CloudFormation finds an object by."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"https://{self.name}.s3.{self.region}.amazonaws.com{suffix}/{key}"


@dataclass(frozen=True)
class Package:
    """A template ready to be sent: its `text`, or the `url` at which it is once `uploads` are in the `bucket`."""

    text: str
    url: str = ""
    bucket: str = ""
    uploads: Mapping[str, str] = field(default_factory=dict)


def packaged(file: Path, infrastructure: Path, bucket: Bucket) -> Package:
    """The template in `file`, with all local templates that it refers to.

    Raises:
        InvalidInput: it needs a bucket and there is none, it is too large, or it refers to what is not packaged.
    """
    uploads: dict[str, str] = {}
    text = _text(file, infrastructure.resolve(), bucket, uploads, (file.resolve(),))
    return sent(text, bucket, str(file), uploads)


def sent(text: str, bucket: Bucket, place: str, uploads: Mapping[str, str] | None = None) -> Package:
    """A template's text that is sent in the request if it is small enough, otherwise through the bucket.

    Args:
        text: the template; nothing in it is local any more.
        bucket: where it is uploaded to if need be.
        place: what it is called in errors.
        uploads: what else it needs in the bucket.

    Raises:
        InvalidInput: it needs a bucket and there is none, or it is too large.
    """
    needed = dict(uploads or {})
    if len(text.encode()) <= IN_REQUEST:
        return Package(text, bucket=bucket.name if needed else "", uploads=needed)
    key = _uploaded(place, text, bucket, needed)
    return Package(text, bucket.url(key), bucket.name, needed)


def local_files(file: Path, root: Path) -> set[Path]:
    """A template, and every file below `root` that a text in it leads to; nested templates lead on."""
    found, waiting = set[Path](), [file.resolve()]
    while waiting:
        template = waiting.pop()
        if template in found or not template.is_relative_to(root):
            continue
        found.add(template)
        if (document := _document(template)) is not None:
            for place in (place for text in texts(document) for place in _leads_to(template, text)):
                waiting += [place] if place.is_file() else [below for below in place.rglob("*") if below.is_file()]
    return found


def _text(file: Path, root: Path, bucket: Bucket, uploads: dict[str, str], above: tuple[Path, ...]) -> str:
    """The text of a template in which local paths are URLs; as it is written where there are none."""
    document = parsed(file)

    def uploaded(path: str) -> str:
        place = _local(file, path, root)
        if place in above:
            raise InvalidInput(f"{file}: nested templates refer to each other in a circle: {path}")
        nested = _document(place) is not None
        text = _text(place, root, bucket, uploads, (*above, place)) if nested else place.read_text()
        return bucket.url(_uploaded(place, text, bucket, uploads))

    replaced = _replaced(document, file, uploaded)
    return file.read_text(encoding="utf-8-sig") if replaced == document else json.dumps(replaced)


def _replaced(document: Mapping[str, Any], file: Path, uploaded: Callable[[str], str]) -> dict[str, Any]:
    resources = {
        name: _resource(name, body, file, uploaded) if isinstance(body, Mapping) else body
        for name, body in document["Resources"].items()
    }
    found: dict[str, Any] = _includes({**document, "Resources": resources}, uploaded)
    return found


def _resource(name: str, body: Mapping[str, Any], file: Path, uploaded: Callable[[str], str]) -> Mapping[str, Any]:
    kind, properties = body.get("Type"), body.get("Properties")
    if not isinstance(properties, Mapping):
        return body
    artifact = properties.get(_ARTIFACTS.get(str(kind), ""))
    if isinstance(artifact, str) and not _is_remote(artifact):
        told = f"{kind} {name} is made of the local path {artifact}, which has to be built and uploaded before"
        raise InvalidInput(f"{file}: {told}: refer to an object in S3")
    url = properties.get("TemplateURL")
    if kind == _STACK and isinstance(url, str) and not _is_remote(url):
        return {**body, "Properties": {**properties, "TemplateURL": uploaded(url)}}
    return body


def _includes(value: Any, uploaded: Callable[[str], str]) -> Any:
    """The same with the local fragments of AWS::Include uploaded."""
    if isinstance(value, list):
        return [_includes(item, uploaded) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("Name") == "AWS::Include" and isinstance(value.get("Parameters"), Mapping):
        location = value["Parameters"].get("Location")
        if isinstance(location, str) and not _is_remote(location):
            return {**value, "Parameters": {**value["Parameters"], "Location": uploaded(location)}}
    return {key: _includes(item, uploaded) for key, item in value.items()}


def _uploaded(file: object, text: str, bucket: Bucket, uploads: dict[str, str]) -> str:
    if not bucket.name:
        why = "a template of more than 51,200 bytes, or one that is nested, is sent through a bucket"
        raise InvalidInput(f"{file}: {why}: set the input template_bucket to one in {bucket.region}")
    if len(text.encode()) > IN_BUCKET:
        raise InvalidInput(f"{file}: more than the {IN_BUCKET:,} bytes that CloudFormation takes; split the unit")
    key = f"{bucket.prefix}/{hashlib.sha256(text.encode()).hexdigest()}.template"
    uploads[key] = text
    return key


def _local(file: Path, path: str, root: Path) -> Path:
    place = (file.parent / path).resolve()
    if not place.is_file():
        raise InvalidInput(f"{file}: refers to {path}, which is not there")
    if not place.is_relative_to(root):
        outside = "which is outside of infrastructure/ and so not in a release: move it there, or add it to `paths`"
        raise InvalidInput(f"{file}: refers to {path}, {outside}")
    return place


def _is_remote(path: str) -> bool:
    return "://" in path


def _document(file: Path) -> dict[str, Any] | None:
    """The template in a file; None when it holds something else."""
    try:
        return parsed(file)
    except InvalidInput:
        return None


def _leads_to(file: Path, text: str) -> Iterator[Path]:
    """The file of a relative path, or the folder where the text has a slash: a word alone is no folder."""
    if not text.strip("./") or text.startswith("/") or "\n" in text or _is_remote(text):
        return
    place = (file.parent / text).resolve()
    try:
        if place.is_file() or ("/" in text and place.is_dir()):
            yield place
    except OSError:
        # Longer than a path may be: a text, and no path.
        return
