"""Authentication by tokens and authorization by RBAC, checked for every request.

tokens.py      tokens of users and service accounts
rbac.py        roles and bindings in the store
escalation.py  prevents users from granting more than they have
bootstrap.py   the roles that a cluster starts with
reviews.py     responses to "may I?" and "who am I?"
used.py        the rights that requests used
"""
