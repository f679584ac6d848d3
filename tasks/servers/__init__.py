"""Requests to a declared server: its credentials, TLS and time limits. What a response means is for who asks.

`connection` sends a request and returns what came back; `credentials` read and sign for it. Without a response the
request is `Unanswered`.
"""
