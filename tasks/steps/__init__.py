"""Where flows meet Prefect: the only package below flows/ that imports it.

`verbs` are the Prefect tasks, one thin function a verb; `executor` submits them in the order of a promotion;
`publishing` sends pages to the run history; `sessions` wires what a flow works with.
"""

from tasks.steps.publishing import run_address
from tasks.steps.sessions import Session, finished, session
from tasks.steps.verbs import create_release, fetch

__all__ = ["Session", "create_release", "fetch", "finished", "run_address", "session"]
