"""Decide which images of a unit may be removed: no receipt selects them, and no account uses them.

If an account's use cannot be read, the image counts as used. A unit's images are known by their tags, never by the
prefix of their names: "base-" is also a prefix of "base-web-".
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from tasks.domain.errors import FlowmartError
from tasks.engines.packer.desired import Wanted
from tasks.engines.packer.images import Image, Images, to_retire

log = structlog.get_logger("flowmart.packer")


def needed_by(wanted: Wanted, images: Images, image: Image) -> str:
    """Describe who may still need an image; empty if it is not needed."""
    if image.accounts:
        return f"it is shared with {', '.join(sorted(image.accounts))}"
    selected = [r.target.environment for r in wanted.workspace.elsewhere() if r.outputs.get("ami_id") == image.id]
    if selected:
        return f"it is selected in {', '.join(sorted({*selected}))}"
    return "an instance, a launch template or an auto scaling group uses it" if images.used([image.id]) else ""


def retire(wanted: Wanted, images: Images, newest: Image, region: str) -> None:
    """Deregister old images of the unit in a region. A failure is only logged, and the next build tries again.

    Args:
        wanted: the unit's image.
        images: access to the region's images.
        newest: the image that was just built.
        region: the region.
    """
    receipts = [*filter(None, [wanted.workspace.receipt]), *wanted.workspace.elsewhere()]
    selected = {newest.id, *(str(receipt.outputs.get("ami_id")) for receipt in receipts)}
    selected |= {str(identity) for receipt in receipts for identity in (receipt.outputs.get("amis") or {}).values()}
    try:
        family = images.family(wanted.family)
        used = selected | images.used([image.id for image in family])
        for image in to_retire(family, wanted.declared.kept, used, datetime.now(UTC)):
            if accounts := _using(wanted, image, region):
                log.info("kept", image=image.id, name=image.name, why=f"in use, or may be, in {', '.join(accounts)}")
                continue
            images.remove(image)
            log.info("retired", image=image.id, name=image.name)
    except FlowmartError as error:
        log.warning("old images stay", unit=wanted.workspace.unit.name, why=str(error))


def _using(wanted: Wanted, image: Image, region: str) -> tuple[str, ...]:
    """Return the accounts that use an image that is shared with them, or whose use cannot be read."""
    return tuple(account for account in sorted(image.accounts) if _is_used_in(wanted, account, image, region))


def _is_used_in(wanted: Wanted, account: str, image: Image, region: str) -> bool:
    reading = wanted.workspace.readers.get(account)
    if reading is None:
        return True
    try:
        # An image belongs to one region, whatever region the other environment is in.
        there = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return bool(Images({**reading(), **there}, account).used([image.id]))
    except FlowmartError as error:
        log.warning("use is not known", image=image.id, account=account, why=str(error))
        return True
