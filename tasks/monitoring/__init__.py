"""Queries Prometheus, or another server of its API (Thanos, Mimir, VictoriaMetrics, Amazon's), and changes nothing.

    client -> answers

`client` sends a request by `tasks.servers`; `answers` interprets the response (pure). Whatever its status, a response
without a result raises `Unanswered`. Only a query that the server rejects is its author's mistake (`QueryRefused`).
`queries` analyses PromQL without a server.
"""
