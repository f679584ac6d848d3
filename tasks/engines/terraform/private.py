"""Values that encrypted files and declared secrets set. They are secret even if the code does not say so. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.engines.terraform.secrets import INSIDE, Secrets, of_values

_PREFIX = "TF_VAR_"


@dataclass(frozen=True)
class Private:
    """Secret values.

    Attributes:
        values: {terraform variable: its secret value}.
        given: secrets in environment variables, which providers read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()

    @property
    def secrets(self) -> Secrets:
        """All texts and numbers in the values."""
        return of_values((*self.values.values(), *self.given))

    def with_given(self, variables: Mapping[str, str]) -> Private:
        """Add secrets from environment variables. Existing values take precedence: a plan keeps its own."""
        own = {name.removeprefix(_PREFIX): each for name, each in variables.items() if name.startswith(_PREFIX)}
        return Private({**own, **self.values}, self.given | {*variables.values()})

    def marked(self, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a plan as if the code marked these variables as sensitive."""
        configuration = plan.get("configuration", {})
        module = configuration.get("root_module", {})
        declared = module.get("variables", {})
        secret = {name: {**declared.get(name, {}), "sensitive": True} for name in self.values if name in declared}
        if not secret:
            return plan
        module = {**module, "variables": {**declared, **secret}}
        return {**plan, "configuration": {**configuration, "root_module": module}}

    def masked(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Mask these values in outputs. Short values are left: in an output they may be anything."""
        long = Secrets(frozenset(value for value in self.secrets.values if len(value) >= INSIDE))
        return {name: long.masked(value) for name, value in outputs.items()}

    def fingerprint(self, key: Callable[[], bytes]) -> str:
        """Return a keyed hash over the values, which does not reveal them; empty if there are none.

        Secrets for providers are not included: a token that is renewed every hour does not change a plan.
        """
        canonical = json.dumps(dict(self.values), sort_keys=True).encode()
        return hmac.new(key(), canonical, hashlib.sha256).hexdigest() if self.values else ""
