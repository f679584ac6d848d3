"""The server for real use: Prefect, a worker and the forms, started by `flowmart server up`.

`lifecycle` starts, stops and inspects the processes that `parts` defines. One of them, the `registrar`, registers
with Prefect what can be started: the deployments of prefect.yaml (`catalogue`), their queues (`registration`), and
their forms with the existing environments and releases (`forms`). The runs execute the same flows as the command
line.
"""

from deployments.server.lifecycle import Serving, down, status, up

__all__ = ["Serving", "down", "status", "up"]
