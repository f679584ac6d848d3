"""Package a template for sending: in the request, or through a bucket if it is too large or refers to local files.

This follows `aws cloudformation package`. A local path in `TemplateURL` of a nested stack, or in `Location` of
AWS::Include, is replaced by the URL of the uploaded file. Nested templates are packaged themselves. So are code and
other files that resources are made of (`artifacts`). Uploaded files are named by the digest of their content, so that
unchanged files cause no changes. Nothing is built.
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
from tasks.engines.cloudformation import artifacts
from tasks.engines.cloudformation.documents import has_aliases, parsed
from tasks.engines.cloudformation.limits import IN_BUCKET, IN_REQUEST


@dataclass(frozen=True)
class Bucket:
    """The bucket for templates; `name` is empty if there is none. Every key begins with `prefix`."""

    name: str
    region: str
    prefix: str

    def url(self, key: str) -> str:
        """Return the URL by which CloudFormation finds an object."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"https://{self.name}.s3.{self.region}.amazonaws.com{suffix}/{key}"


@dataclass(frozen=True)
class Package:
    """A template ready to be sent: as `text`, or by `url` once `uploads` (key -> content) are in the `bucket`."""

    text: str
    url: str = ""
    bucket: str = ""
    uploads: Mapping[str, bytes] = field(default_factory=dict)


def packaged(file: Path, infrastructure: Path, bucket: Bucket) -> Package:
    """Package the template in `file`, with all local templates, code and other files that it refers to.

    Args:
        file: the template.
        infrastructure: the folder that contains everything in the release.
        bucket: where to upload files.

    Raises:
        InvalidInput: it is too large, needs a bucket and has none, or refers to a file that is not in the release.
    """
    uploads = _Uploads(bucket)
    text = _text(file, infrastructure.resolve(), uploads, (file.resolve(),))
    return sent(text, bucket, str(file), uploads.objects)


def sent(text: str, bucket: Bucket, place: str, uploads: Mapping[str, bytes] | None = None) -> Package:
    """Package a template's text: in the request if it is small enough, otherwise through the bucket.

    Args:
        text: the template, without local paths.
        bucket: where it is uploaded to if necessary.
        place: its name in error messages.
        uploads: other objects that it needs in the bucket.

    Raises:
        InvalidInput: it needs a bucket and there is none, or it is too large.
    """
    needed = _Uploads(bucket, dict(uploads or {}))
    if len(text.encode()) <= IN_REQUEST:
        return Package(text, bucket=bucket.name if needed.objects else "", uploads=needed.objects)
    key = needed.template(place, text)
    return Package(text, bucket.url(key), bucket.name, needed.objects)


def templates(file: Path, root: Path) -> set[Path]:
    """Return a template, and every other template below `root` that a text in it leads to."""
    return {each for each in local_files(file, root) if _document(each) is not None}


def local_files(file: Path, root: Path) -> set[Path]:
    """Return a template, and every file below `root` that a text in it leads to, through nested templates too."""
    found, waiting = set[Path](), [file.resolve()]
    while waiting:
        template = waiting.pop()
        if template in found or not template.is_relative_to(root):
            continue
        found.add(template)
        if (document := _document(template)) is not None:
            code = [(template.parent / path).resolve() for path in artifacts.paths(document)]
            named = (*code, *(place for text in texts(document) for place in _leads_to(template, text)))
            # Nothing outside of the release is read: it may be the whole disk.
            for place in (place for place in named if place.is_relative_to(root)):
                waiting += [place] if place.is_file() else [below for below in place.rglob("*") if below.is_file()]
    return found


@dataclass(frozen=True)
class _Uploads:
    """The objects that have to be in the bucket: key -> content."""

    bucket: Bucket
    objects: dict[str, bytes] = field(default_factory=dict)

    def template(self, place: object, text: str) -> str:
        """Add a template and return its key."""
        if len(text.encode()) > IN_BUCKET:
            raise InvalidInput(
                f"{place}: more than the {IN_BUCKET:,} bytes that CloudFormation takes; split the unit"
            )
        return self.content(place, text.encode(), ".template")

    def content(self, place: object, content: bytes, suffix: str) -> str:
        """Add an object and return its key."""
        if not self.bucket.name:
            why = "a template of more than 51,200 bytes, one that is nested, and code are sent through a bucket"
            raise InvalidInput(f"{place}: {why}: set the input template_bucket to one in {self.bucket.region}")
        key = f"{self.bucket.prefix}/{hashlib.sha256(content).hexdigest()}{suffix}"
        self.objects[key] = content
        return key


@dataclass(frozen=True)
class _Packaging:
    """The packaging of one template. `above` lists the templates that it is nested in, and the template itself."""

    file: Path
    root: Path
    uploads: _Uploads
    above: tuple[Path, ...]

    def resource(self, body: Any) -> Any:
        """Return a resource with URLs and objects in place of local paths."""
        properties = body.get("Properties") if isinstance(body, Mapping) else None
        if not isinstance(properties, Mapping):
            return body
        kind = str(body.get("Type"))
        if found := artifacts.local(kind, properties):
            place = _local(self.file, found.path, self.root)
            key = self.uploads.content(place, *found.content(place))
            return {**body, "Properties": found.replaced(properties, self.uploads.bucket.name, key)}
        name = artifacts.TEMPLATES.get(kind, "")
        if isinstance(url := properties.get(name), str) and not artifacts.is_remote(url):
            return {**body, "Properties": {**properties, name: self.template(url)}}
        return body

    def template(self, path: str) -> str:
        """Add a local template or fragment to the uploads and return its URL."""
        place = _local(self.file, path, self.root)
        if place in self.above:
            raise InvalidInput(f"{self.file}: nested templates refer to each other in a circle: {path}")
        if not place.is_file():
            raise InvalidInput(f"{self.file}: refers to {path}, which is a folder and no template")
        nested = _document(place) is not None
        text = _text(place, self.root, self.uploads, (*self.above, place)) if nested else place.read_text()
        return self.uploads.bucket.url(self.uploads.template(place, text))


def _text(file: Path, root: Path, uploads: _Uploads, above: tuple[Path, ...]) -> str:
    """Return the text of a template with URLs in place of local paths, and aliases written out.

    It is unchanged if it has neither.
    """
    document, packaging = parsed(file), _Packaging(file, root, uploads, above)
    resources = {name: packaging.resource(body) for name, body in document["Resources"].items()}
    replaced = _includes({**document, "Resources": resources}, packaging.template)
    written = file.read_text(encoding="utf-8-sig")
    return written if replaced == document and not has_aliases(written) else json.dumps(replaced)


def _includes(value: Any, uploaded: Callable[[str], str]) -> Any:
    """Return the value with the local fragments of AWS::Include uploaded."""
    if isinstance(value, list):
        return [_includes(item, uploaded) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("Name") == "AWS::Include" and isinstance(value.get("Parameters"), Mapping):
        location = value["Parameters"].get("Location")
        if isinstance(location, str) and not artifacts.is_remote(location):
            return {**value, "Parameters": {**value["Parameters"], "Location": uploaded(location)}}
    return {key: _includes(item, uploaded) for key, item in value.items()}


def _local(file: Path, path: str, root: Path) -> Path:
    place = (file.parent / path).resolve()
    if not place.exists():
        raise InvalidInput(f"{file}: refers to {path}, which is not there")
    if not place.is_relative_to(root):
        outside = "which is outside of infrastructure/ and so not in a release: move it there, or add it to `paths`"
        raise InvalidInput(f"{file}: refers to {path}, {outside}")
    return place


def _document(file: Path) -> dict[str, Any] | None:
    """Return the template in a file; None if it contains something else."""
    try:
        return parsed(file)
    except InvalidInput:
        return None


def _leads_to(file: Path, text: str) -> Iterator[Path]:
    """Yield the file of a relative path, or the folder if the text has a slash: a single word is not a folder."""
    if not text.strip("./") or text.startswith("/") or "\n" in text or artifacts.is_remote(text):
        return
    place = (file.parent / text).resolve()
    try:
        if place.is_file() or ("/" in text and place.is_dir()):
            yield place
    except OSError:
        # The text is longer than a path may be, so it is not a path.
        return
