"""Asks an Elasticsearch or an OpenSearch, and tells the two apart.

    client -> answers

`client` sends a request by `tasks.servers`, `answers` say what a response means (pure). No response, a login page,
too many requests and a problem of the server are no answer (`Unanswered`); what the server rejects is `Refused`, with
its reason. A request of many parts that answers 200 is read part by part.
"""
