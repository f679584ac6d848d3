"""A program: the post-renderer that helm runs between rendering and sending.

`post_renderer.py FILE` takes manifests on its standard input and writes them to its standard output with the edits
that FILE holds. What none is about, hooks included, is written as it came. It is run as a file, with nothing of its
surroundings on Python's path, so it finds the product itself.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from tasks.cluster.documents import document
from tasks.cluster.edits import Edit, edited
from tasks.cluster.objects import Reference, entry_of, is_list, is_object, reference

Edits = Mapping[Reference, list[Edit]]

_DOCUMENTS = re.compile(r"^(?=---(?:\s|$))", re.MULTILINE)
_HEAD = re.compile(r"(?:---[^\S\n]*\n?)?(?:#[^\n]*\n)*")
"""The marker of a document and the comments that helm puts under it."""
_HOOK = "helm.sh/hook"


def main(arguments: list[str]) -> int:
    """Edit what comes in; the exit code."""
    namespace, edits = loaded(Path(arguments[0]).read_text())
    text = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(rewritten(text, namespace, edits).encode())
    return 0


def saved(namespace: str, edits: Edits) -> str:
    """The text of the file that `main` reads."""
    found = [
        {
            "object": [about.api_version, about.kind, about.namespace, about.name],
            "edits": [[list(edit.location), edit.value, edit.removes] for edit in each],
        }
        for about, each in edits.items()
    ]
    return json.dumps({"namespace": namespace, "objects": found})


def loaded(text: str) -> tuple[str, Edits]:
    """The namespace and the edits of such a text."""
    found = json.loads(text)
    return found["namespace"], {
        Reference(*each["object"]): [Edit(tuple(at), value, removes) for at, value, removes in each["edits"]]
        for each in found["objects"]
    }


def rewritten(text: str, namespace: str, edits: Edits) -> str:
    """A stream of manifests, those that an edit is about as JSON.

    Args:
        namespace: the release's, where what names none lives.
    """
    return "".join(_rewritten(part, namespace, edits) for part in _DOCUMENTS.split(text))


def _rewritten(part: str, namespace: str, edits: Edits) -> str:
    found = _HEAD.match(part)
    head = found[0] if found else ""
    item = document(part[len(head) :])
    after = _edited(item, namespace, edits)
    return part if after == item else f"{head}{json.dumps(after)}\n"


def _edited(item: Any, namespace: str, edits: Edits) -> Any:
    if is_list(item):
        entries = [entry_of(item, each) for each in item.get("items") or ()]
        after = [_edited(each, namespace, edits) for each in entries]
        return item if after == entries else {**item, "items": after}
    if not is_object(item) or _HOOK in (item["metadata"].get("annotations") or {}):
        return item
    found = edits.get(reference(item, namespace))
    return edited(item, found) if found else item


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
