"""The processes that a process has started, while they come and go."""

import time
from contextlib import suppress

import psutil


def descendants(process: psutil.Process, named: str = "", having: str = "") -> list[psutil.Process]:
    """The running ones below `process` with this name and this text among their arguments.

    One that ends between the list and the question, or is a zombie by then, does not run.
    """
    found = []
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if named in ("", child.name()) and any(having in argument for argument in child.cmdline()):
                found.append(child)
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or a zombie."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def starter_of(tool: psutil.Process) -> psutil.Process:
    """The process of ours that started a tool."""
    return next(each for each in tool.parents() if each.name().startswith("python"))


def awaited_descendant(process: psutil.Process, named: str, having: str = "") -> psutil.Process:
    """The first such process, as soon as there is one."""
    while not (found := descendants(process, named, having)):
        time.sleep(0.05)
    return found[0]
