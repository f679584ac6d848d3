"""Runs smoke checks on a unit right after its apply.

    options -> references -> network | outputs | aws | script | kubernetes | prometheus | helm -> running

`options` declares what each kind accepts, built from the types in `notation`. `references` fills in the unit's
outputs. One module per kind makes a single attempt. `running` retries until the check passes or its time is up.

A check passes, fails or is unanswered. Only a failed check rolls the release back, so each module's docstring says
which results count as failed.
"""
