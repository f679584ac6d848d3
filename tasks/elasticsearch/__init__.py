"""Sends requests to Elasticsearch or OpenSearch, and tells the two apart.

    client -> answers

`client` sends a request by `tasks.servers`; `answers` interprets the response (pure). A missing response, a login
page, too many requests and a server error raise `Unanswered`. A rejection raises `Refused`, with its reason. A bulk
request that returns 200 is checked item by item.
"""
