"""Controllers act after an object was written. Each module is one controller; `loop.py` runs them all.

A controller looks at the current state and takes the next step towards the wanted state, whatever happened before. It
keeps nothing in memory that it could not derive again after a restart.
"""
