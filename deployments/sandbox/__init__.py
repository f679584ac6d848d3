"""The sandbox: everything that the product needs, running on this machine's loopback interface without a cloud.

`up` starts it, `down` stops it and `status` inspects it. The product itself knows nothing about the sandbox. The
variables in `.flowmart/profile.env` point it here, and `deployments.profile` loads them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.sandbox.lifecycle import Sandbox, down, status, up

__all__ = ["Sandbox", "down", "status", "up"]


def __getattr__(name: str) -> Any:
    # Import lazily: the sandbox's own processes are in this package too, and these imports would slow each start.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deployments.sandbox import lifecycle

    return getattr(lifecycle, name)
