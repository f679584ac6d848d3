"""Kibana's API of saved objects, as far as units need it: export, import and delete. No real Kibana has judged it.

After https://www.elastic.co/docs/api/doc/kibana/group/endpoint-saved-objects: what is missing makes an export answer
400, an import that leaves something out answers 200, and the server writes attributes its own way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any
from urllib.parse import unquote

from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Asked, Said, document

Key = tuple[str, str]
"""(type, id)."""


class KibanaStub:
    """The saved objects that there are, by type and id."""

    def __init__(self, double: ApiDouble) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.double = double
        self.url = double.url
        double.answer = self._answer

    def _answer(self, asked: Asked) -> Said:
        if "kbn-xsrf" not in {name.lower() for name in asked.headers}:
            return document(
                {"statusCode": 400, "error": "Bad Request", "message": "must contain a kbn-xsrf header"}, 400
            )
        path = asked.path.partition("?")[0]
        if path.endswith("/_export"):
            return self._export([(each["type"], each["id"]) for each in asked.json["objects"]])
        if path.endswith("/_import"):
            return self._import(_file(asked))
        return self._delete(*map(unquote, path.rsplit("/", 2)[1:]))

    def _export(self, keys: list[Key]) -> Said:
        missing = [
            {"type": kind, "id": name, "error": {"statusCode": 404}}
            for kind, name in keys
            if (kind, name) not in self.objects
        ]
        if missing:
            said = {"statusCode": 400, "error": "Bad Request", "message": "Error fetching objects to export"}
            return document({**said, "attributes": {"objects": missing}}, 400)
        lines = [json.dumps(self.objects[key]) for key in keys]
        return Said(200, "\n".join(lines).encode(), {"Content-Type": "application/ndjson"})

    def _import(self, written: list[dict[str, Any]]) -> Said:
        coming = {(each["type"], each["id"]): each for each in written}
        errors = []
        for key, each in coming.items():
            missing = [
                {"type": other["type"], "id": other["id"]}
                for other in each.get("references", ())
                if (other["type"], other["id"]) not in {*coming, *self.objects}
            ]
            if missing:
                error = {"type": "missing_references", "references": missing}
                errors.append({"type": key[0], "id": key[1], "error": error})
            else:
                self.objects[key] = self._kept(each)
        done = len(coming) - len(errors)
        return document({"success": not errors, "successCount": done, "errors": errors})

    def _kept(self, written: dict[str, Any]) -> dict[str, Any]:
        attributes = {
            key: json.dumps(json.loads(item), indent=1) if key.endswith("JSON") else item
            for key, item in written["attributes"].items()
        }
        of_server = {"updated_at": "2026-11-26T00:00:00Z", "version": "WzEsMV0=", "managed": False}
        return {**written, "attributes": attributes, **of_server}

    def _delete(self, kind: str, name: str) -> Said:
        if self.objects.pop((kind, name), None) is None:
            return document({"statusCode": 404, "error": "Not Found", "message": "Saved object not found"}, 404)
        return document({})


@contextmanager
def serving() -> Iterator[KibanaStub]:
    """A stub for one test."""
    with api_server.serving() as double:
        yield KibanaStub(double)


def _file(asked: Asked) -> list[dict[str, Any]]:
    """The objects in the file of a multipart form."""
    form = message_from_bytes(b"Content-Type: " + asked.headers["Content-Type"].encode() + b"\r\n\r\n" + asked.body)
    payload = form.get_payload()
    assert isinstance(payload, list)
    content = payload[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    return [json.loads(line) for line in content.splitlines() if line.strip()]
