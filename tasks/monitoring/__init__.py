"""Asks a Prometheus, or another server of its API (Thanos, Mimir, VictoriaMetrics, Amazon's), and changes nothing.

    client -> answers

`client` sends a request by `tasks.servers`, `answers` say what a response means (pure). What is no
answer raises `Unanswered`, whatever its status; only a query that the server refuses is a mistake of who wrote it.
`queries` looks into PromQL without a server.
"""
