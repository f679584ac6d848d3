"""Who somebody is (tokens) and what they may do (RBAC), checked for every request.

tokens.py      tokens of people and of service accounts
rbac.py        roles and bindings as they are in the store
escalation.py  nobody gives away more than they have
bootstrap.py   the roles that a cluster starts with
reviews.py     answers to "may I?" and "who am I?"
used.py        which rights were asked for
"""
