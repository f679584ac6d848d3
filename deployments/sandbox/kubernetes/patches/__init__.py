"""The four types of patch, and who owns which field afterwards.

merge.py      JSON merge patch, and the order of lists that are merged
strategic.py  strategic merge patch
json_patch.py JSON patch
typed.py      an object as a set of paths, for server-side apply
ownership.py  managed fields
apply.py      server-side apply
"""
