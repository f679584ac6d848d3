"""What makes things happen after an object was written: one module a controller, `loop.py` runs them all.

Each looks at what is there and does the next step towards what is wanted, whatever happened before; nothing is
remembered that could not be found out again after a restart.
"""
