"""Replace local code and files in a template by objects in a bucket, in the form that each type takes.

    CodeUri: src/                    ->  CodeUri: s3://BUCKET/KEY.zip           a folder is zipped as it is
    Code: handler.py                 ->  Code: {S3Bucket: BUCKET, S3Key: ...}   so is a file, if it is code
    BodyS3Location: api.yaml         ->  BodyS3Location: {Bucket: BUCKET, Key: ...}

Source: `aws cloudformation package` in the AWS CLI's command reference, and how its exporter handles each type.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.engines.cloudformation import plans

_ARCHIVES = (".zip", ".jar", ".war")
_FILE, _PROGRAM = 0o644, 0o755
_EPOCH = (1980, 1, 1, 0, 0, 0)


def _address(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def _s3(bucket: str, key: str) -> dict[str, str]:
    return {"S3Bucket": bucket, "S3Key": key}


def _plain(bucket: str, key: str) -> dict[str, str]:
    return {"Bucket": bucket, "Key": key}


@dataclass(frozen=True)
class Form:
    """The way in which a type refers to an object.

    Attributes:
        path: the property, as a path with dots.
        named: (bucket, key) -> the property's value.
        zipped: whether a single file is zipped too, as a folder always is.
    """

    path: str
    named: Callable[[str, str], Any]
    zipped: bool = False


_FORMS: Mapping[str, Form] = {
    "AWS::ApiGateway::RestApi": Form("BodyS3Location", _plain),
    "AWS::AppSync::GraphQLSchema": Form("DefinitionS3Location", _address),
    "AWS::CodeCommit::Repository": Form("Code.S3", _plain, zipped=True),
    "AWS::ElasticBeanstalk::ApplicationVersion": Form("SourceBundle", _s3),
    "AWS::Glue::Job": Form("Command.ScriptLocation", _address),
    "AWS::Lambda::Function": Form("Code", _s3, zipped=True),
    "AWS::Lambda::LayerVersion": Form("Content", _s3, zipped=True),
    "AWS::Serverless::Api": Form("DefinitionUri", _address),
    "AWS::Serverless::Function": Form("CodeUri", _address, zipped=True),
    "AWS::Serverless::HttpApi": Form("DefinitionUri", _address),
    "AWS::Serverless::LayerVersion": Form("ContentUri", _address, zipped=True),
    "AWS::Serverless::StateMachine": Form("DefinitionUri", _address),
    "AWS::StepFunctions::StateMachine": Form("DefinitionS3Location", _plain),
}

TEMPLATES: Mapping[str, str] = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}
"""Type -> the property that names a template."""


@dataclass(frozen=True)
class Local:
    """A local path in place of an object.

    Attributes:
        path: the path as written in the template.
        form: the form of the object that replaces it.
    """

    path: str
    form: Form

    def content(self, place: Path) -> tuple[bytes, str]:
        """Return the content to upload, and the suffix of its key."""
        if place.is_dir() or (self.form.zipped and place.suffix not in _ARCHIVES):
            return zipped(place), ".zip"
        return place.read_bytes(), place.suffix

    def replaced(self, properties: Mapping[str, Any], bucket: str, key: str) -> dict[str, Any]:
        """Return the properties with the object in place of the path."""
        return _with(properties, self.form.path.split("."), self.form.named(bucket, key))


def local(kind: str, properties: Mapping[str, Any]) -> Local | None:
    """Return the local path in a resource's properties; None if there is none."""
    form = _FORMS.get(kind)
    found: Any = properties
    for part in form.path.split(".") if form else ():
        found = found.get(part) if isinstance(found, Mapping) else None
    return Local(found, form) if form and isinstance(found, str) and not is_remote(found) else None


def paths(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the local paths of all resources of a template."""
    for body in document["Resources"].values():
        properties = body.get("Properties") if isinstance(body, Mapping) else None
        if isinstance(properties, Mapping) and (found := local(str(body.get("Type")), properties)):
            yield found.path


def is_remote(path: str) -> bool:
    """Tell whether a path is a URL."""
    return "://" in path


def zipped(place: Path) -> bytes:
    """Zip a file, or all files of a folder. The same content always gives the same archive."""
    # Plan files may hold secrets, and would change the archive after the first plan.
    below = (file for file in place.rglob("*") if not file.name.endswith(plans.ENDING))
    files = sorted(below) if place.is_dir() else [place]
    root, archive = place if place.is_dir() else place.parent, io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in (file for file in files if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), _EPOCH)
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            mode = _PROGRAM if file.stat().st_mode & stat.S_IXUSR else _FILE
            entry.external_attr = (stat.S_IFREG | mode) << 16
            target.writestr(entry, file.read_bytes())
    return archive.getvalue()


def _with(properties: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {**properties, first: _with(properties[first], rest, value) if rest else value}
