"""The sandbox's AWS: moto in a process of its own, which enforces IAM as AWS documents it.

`python -m deployments.sandbox.aws_server --port PORT` serves all services and all accounts on loopback. All state is
in memory and is lost when the process ends. No other package of the project knows about moto.
"""
