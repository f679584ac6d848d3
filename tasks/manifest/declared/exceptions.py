"""What may be written in overrides.yaml and drift.yaml: exceptions for one object, until a day."""

from __future__ import annotations

from pydantic import Field

from tasks.manifest.notation import Day, Declared, Slug, Text


class DeclaredOverride(Declared):
    """An exception from a policy, for one object, until a day."""

    policy: Text = Field(description="The policy that may not deny.")
    environment: Slug = Field(description="Where the exception holds.")
    unit: Slug = Field(description="The unit that the object belongs to.")
    address: Text = Field(description="The object's address, as the denial names it.")
    reason: Text = Field(description="Why this is right, for whoever reads the audit.")
    expires: Day = Field(description="The last day (UTC) on which the exception holds: YYYY-MM-DD.")


class DeclaredSuppression(Declared):
    """Drift that is known and may stay until a day: it is shown, but nobody is told, and nothing waits for it."""

    environment: Slug = Field(description="Where the drift is.")
    unit: Slug = Field(description="The unit that the object belongs to.")
    address: Text = Field(description="The object's address, as the report names it; * stands for any text.")
    attributes: tuple[Text, ...] = Field(
        default=(),
        description="The attributes that may differ, with everything below them. None: all of them, "
        "and the object may also be gone or be new.",
    )
    reason: Text = Field(description="Why this may stay, for whoever reads the report.")
    expires: Day = Field(description="The last day (UTC), at most 90 days ahead: YYYY-MM-DD.")
