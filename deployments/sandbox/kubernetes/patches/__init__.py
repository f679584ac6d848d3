"""The four types of patch, and the ownership of fields afterwards.

merge.py      JSON merge patch, and the order of merged lists
strategic.py  strategic merge patch
json_patch.py JSON patch
typed.py      an object as a set of paths, for server-side apply
strict.py     schema checks before server-side apply
ownership.py  managed fields
apply.py      server-side apply
"""
