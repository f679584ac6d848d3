"""The sandbox's AWS: moto as a process of its own, with IAM enforced the way AWS documents it.

`python -m deployments.sandbox.aws_server --port PORT` serves all services and all accounts on loopback. Everything
is kept in memory: when the process ends, what was built in it is gone. This package is the only place in the
project that knows moto.
"""
