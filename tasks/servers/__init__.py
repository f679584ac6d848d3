"""Sends requests to a declared server, with its credentials, TLS and time limits. Callers interpret the responses.

`connection` sends a request and returns the response; `credentials` reads secrets and signs. If the server does not
respond, the request raises `Unanswered`.
"""
