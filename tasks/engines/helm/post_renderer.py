"""The post-renderer: a program that helm runs between rendering and sending.

`post_renderer.py FILE` reads manifests from its standard input, applies the edits in FILE, and writes them to its
standard output. Objects without an edit, and all hooks, are written unchanged. It runs as a file in isolated mode
(`python -I`), so it adds the product to Python's path itself.
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
"""The document marker and the comments that helm writes below it."""
_HOOK = "helm.sh/hook"


def main(arguments: list[str]) -> int:
    """Edit the manifests on standard input, and return the exit code."""
    namespace, edits = loaded(Path(arguments[0]).read_text())
    text = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(rewritten(text, namespace, edits).encode())
    return 0


def saved(namespace: str, edits: Edits) -> str:
    """Return the text of the file that `main` reads."""
    found = [
        {
            "object": [about.api_version, about.kind, about.namespace, about.name],
            "edits": [[list(edit.location), edit.value, edit.removes] for edit in each],
        }
        for about, each in edits.items()
    ]
    return json.dumps({"namespace": namespace, "objects": found})


def loaded(text: str) -> tuple[str, Edits]:
    """Parse such a text into the release's namespace and the edits."""
    found = json.loads(text)
    return found["namespace"], {
        Reference(*each["object"]): [Edit(tuple(at), value, removes) for at, value, removes in each["edits"]]
        for each in found["objects"]
    }


def rewritten(text: str, namespace: str, edits: Edits) -> str:
    """Apply edits to a stream of manifests; the edited ones are written as JSON.

    Args:
        text: the stream of YAML documents.
        namespace: the release's namespace, for objects that name none.
        edits: the edits of each object.
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
