"""The sandbox: a whole world for the product on this machine, on loopback, that needs no cloud.

`up` starts it, `down` ends it, `status` looks. The product itself does not know of it: it is led there by the
variables in `.flowmart/profile.env`, which `deployments.profile` loads.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.sandbox.lifecycle import Sandbox, down, status, up

__all__ = ["Sandbox", "down", "status", "up"]


def __getattr__(name: str) -> Any:
    # The processes of the sandbox live in this package too, and would pay for these imports at every start.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deployments.sandbox import lifecycle

    return getattr(lifecycle, name)
