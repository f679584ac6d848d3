"""The HTTP side: paths, bodies and responses. The package above decides what a request does to objects.

application.py  handles one request from authentication to response, with permission.py
calls.py        handles one request for a resource
documents.py    serves documents that are not resources
addresses.py    finds the object of a path
bodies.py       reads request bodies
answers.py      writes responses: JSON, tables, metadata only
discovery.py    lists what is served
openapi.py      describes what is served
reading.py  watching.py  writing.py  subresources.py  proxying.py  targets.py
"""
