"""The server: Prefect, a worker and the forms, for real use: `flowmart server up`.

`lifecycle` starts, ends and looks at the processes (`parts`). One of them, the `registrar`, registers with Prefect
what can be started: the deployments of prefect.yaml (`catalogue`) and their queues (`registration`), and their
forms with the environments and releases that exist (`forms`). What runs is the flows, as the command line runs them.
"""

from deployments.server.lifecycle import Serving, down, status, up

__all__ = ["Serving", "down", "status", "up"]
