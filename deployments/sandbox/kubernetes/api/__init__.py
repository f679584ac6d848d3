"""The HTTP side: addresses, bodies and answers. What a request does to objects is in the modules above.

application.py  one request from authentication to answer; permission.py belongs to it
calls.py        one request for a resource
documents.py    what is read and is no resource
addresses.py    which object a path is about
bodies.py       what a client sent
answers.py      what it gets: JSON, tables, metadata only
discovery.py    what is served, for clients that ask
openapi.py      how it looks, for clients that ask
reading.py  watching.py  writing.py  subresources.py  proxying.py
"""
