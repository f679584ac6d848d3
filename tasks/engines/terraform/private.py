"""What encrypted files and declared secrets set: secret everywhere, whatever the code says of its variables. Pure."""

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
    """Terraform's variables that are secret, with their values, and `given`: secrets that its providers read."""

    values: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()

    @property
    def secrets(self) -> Secrets:
        """All texts and numbers in them."""
        return of_values((*self.values.values(), *self.given))

    def with_given(self, variables: Mapping[str, str]) -> Private:
        """With environment variables that are secrets. A plan keeps the values of its own: the first ones count."""
        own = {name.removeprefix(_PREFIX): each for name, each in variables.items() if name.startswith(_PREFIX)}
        return Private({**own, **self.values}, self.given | {*variables.values()})

    def marked(self, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        """A plan as it would be if the code marked these variables as sensitive."""
        configuration = plan.get("configuration", {})
        module = configuration.get("root_module", {})
        declared = module.get("variables", {})
        secret = {name: {**declared.get(name, {}), "sensitive": True} for name in self.values if name in declared}
        if not secret:
            return plan
        module = {**module, "variables": {**declared, **secret}}
        return {**plan, "configuration": {**configuration, "root_module": module}}

    def masked(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs without these values; a short one is not a secret there, since it may be anything."""
        long = Secrets(frozenset(value for value in self.secrets.values if len(value) >= INSIDE))
        return {name: long.masked(value) for name, value in outputs.items()}

    def fingerprint(self, key: Callable[[], bytes]) -> str:
        """A keyed hash over the values, which tells nobody what they are; empty where there are none.

        Without what is given to providers: a token that is new every hour changes nothing of a plan.
        """
        canonical = json.dumps(dict(self.values), sort_keys=True).encode()
        return hmac.new(key(), canonical, hashlib.sha256).hexdigest() if self.values else ""
