"""Smoke checks, run on a unit right after it was applied.

    options -> references -> network | outputs | aws | script | kubernetes | prometheus -> running

`options` declares what each kind accepts, in the words of `notation`; `references` fills in the unit's outputs; one
module per kind makes a single attempt; `running` retries until the check passes or its time is up. A check passes,
fails or is unanswered. Only a failed check rolls the release back, so each module's docstring says which results
count as failed.
"""
