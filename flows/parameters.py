"""What the flows are asked, as a person sees it in a form: titles, and what each parameter means.

A form offers a release as "3f2a1c09d4e8 · Paint it blue": only the first word of such a choice counts, and what is
left empty is nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field


def _first_word(value: object) -> object:
    return next(iter(value.split()), None) if isinstance(value, str) else value


CHOSEN = BeforeValidator(_first_word)
"""A parameter that may come with the words by which a person chose it."""

ReleaseId = Annotated[
    str, CHOSEN, Field(title="Release", description="Which release: its id, or how that begins", min_length=4)
]
EnvironmentName = Annotated[str, CHOSEN, Field(title="Environment", description="An environment of platform.yaml")]
Approval = Annotated[
    str | None, CHOSEN, Field(title="Approve", description="Digest of the plan set, where an approval is wanted")
]
Again = Annotated[
    bool, Field(title="Again", description="Insist, though the release was rejected here before. Normally off")
]
BackTo = Annotated[
    str | None,
    CHOSEN,
    Field(title="Back to", description="A release that was verified here before; empty: the last one"),
]
UpTo = Annotated[
    str | None, CHOSEN, Field(title="Up to", description="The last environment to promote to; empty: all of them")
]
RunIsOver = Annotated[
    bool,
    Field(
        title="The run is over",
        description="You know that the run which began it is over, though its machine cannot be asked. Normally off",
    ),
]
