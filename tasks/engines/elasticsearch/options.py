"""What a unit may set of the engine elasticsearch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool

from tasks.engines.base import Options


class ElasticsearchOptions(Options):
    """The block `elasticsearch` of a unit."""

    rollover: StrictBool = Field(
        default=False, description="Whether data streams whose template has changed are rolled over at once."
    )
    optional: tuple[Literal["lifecycle-policies", "saved-objects"], ...] = Field(
        default=(),
        description="What is left out with a warning in environments that cannot have it: lifecycle-policies where "
        "the server has no API for them, saved-objects where no `logging.dashboards` is declared.",
    )
    folders: dict[str, str] = Field(
        default_factory=dict,
        description="Folders of kinds that have other names, such as {index-templates: templates/index}.",
    )
    ignored: tuple[str, ...] = Field(
        default=(),
        description="Files and folders of the source that are none of the unit's objects, as paths or patterns: "
        "[defaults.yaml, roles, '*.tpl.json'].",
    )
