"""The behaviour of the sandbox's containers. Only the image's tag decides it.

| tag begins with | the container |
| --- | --- |
| `broken-pull`   | cannot be pulled: ErrImagePull, then ImagePullBackOff |
| `broken-crash`  | ends with exit code 1 shortly after each start: CrashLoopBackOff |
| `broken-ready`  | runs, but its readiness probe always fails |
| `broken-errors` | starts and becomes ready; 8 % of its requests fail according to its metrics (`exposition.py`) |
| anything else   | starts, becomes ready, and responds to HTTP on the ports that it declares |

No image is ever pulled, and no program runs. A pod that runs to completion (restartPolicy Never or OnFailure)
succeeds, with one exception. Its command may contain the address of a service (`http://<service>:<port>`), as in the
test pods of charts. If that service has no ready endpoints, the pod fails, as on a real cluster.
"""

from __future__ import annotations

import re
from enum import StrEnum

from deployments.sandbox.kubernetes.objects import at, labels_of, name_of
from deployments.sandbox.kubernetes.resources import Object


class Behaviour(StrEnum):
    """What a container does."""

    GOOD = "good"
    PULL = "broken-pull"
    CRASH = "broken-crash"
    READY = "broken-ready"
    ERRORS = "broken-errors"


_BROKEN = (Behaviour.PULL, Behaviour.CRASH, Behaviour.READY, Behaviour.ERRORS)
_SERVING = (Behaviour.GOOD, Behaviour.ERRORS)
_ADDRESS = re.compile(
    r"(?:https?://)?\b([a-z](?:[-a-z0-9]*[a-z0-9])?)(?:\.([-a-z0-9]+)(?:\.svc[-a-z0-9.]*)?)?:(\d+)\b"
)


def tag_of(image: str) -> str:
    """Return the tag of an image reference, or `latest` if it has none. A digest after the tag is ignored."""
    last = image.split("@", 1)[0].rsplit("/", 1)[-1]
    return last.partition(":")[2] or "latest"


def behaviour(container: Object) -> Behaviour:
    """Return what a container with this image does."""
    tag = tag_of(str(container.get("image", "")))
    return next((broken for broken in _BROKEN if tag.startswith(broken.value)), Behaviour.GOOD)


def serves(container: Object) -> bool:
    """Tell whether a container becomes ready once it runs."""
    return behaviour(container) in _SERVING


def called(container: Object) -> list[tuple[str, str, int]]:
    """Return (service, namespace or empty, port) for every address in a container's command and arguments."""
    words = " ".join(str(word) for word in [*container.get("command", ()), *container.get("args", ())])
    return [(name, space or "", int(port)) for name, space, port in _ADDRESS.findall(words)]


def log_of(pod: Object, container: Object, previous: bool) -> str:
    """Return the lines that a container would have logged.

    Args:
        pod: The pod.
        container: The container's spec.
        previous: Return the log of the previous run, which only a crashing container has.
    """
    name, image = container["name"], container["image"]
    started = f'{{"level":"info","msg":"starting","container":"{name}","image":"{image}","pod":"{name_of(pod)}"}}\n'
    kind = behaviour(container)
    if kind is Behaviour.CRASH:
        return started + (
            f'{{"level":"error","msg":"cannot read configuration: DATABASE_URL is malformed","container":"{name}"}}\n'
            f'{{"level":"fatal","msg":"giving up","container":"{name}","exit_code":1}}\n'
        )
    if previous:
        return ""
    if kind is Behaviour.READY:
        return started + f'{{"level":"warn","msg":"not ready: waiting for a dependency","container":"{name}"}}\n'
    ports = [port.get("containerPort") for port in container.get("ports") or ()]
    return started + f'{{"level":"info","msg":"ready","container":"{name}","ports":{ports}}}\n'


def answer_of(pod: Object, path: str) -> Object:
    """Return a healthy container's HTTP response. It is simulated, and says so."""
    container = pod["spec"]["containers"][0]
    return {
        "status": "ok",
        "simulated": True,
        "service": labels_of(pod).get("app.kubernetes.io/name", container["name"]),
        "pod": name_of(pod),
        "image": container["image"],
        "path": path,
        "node": at(pod, "spec.nodeName", ""),
    }
