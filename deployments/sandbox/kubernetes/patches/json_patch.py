"""JSON patch (RFC 6902), with the API's own errors for invalid patches."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer

from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import ApiError, bad_request


def json_patch(original: Object, operations: Any) -> Object:
    """Return `original` with the operations applied.

    Raises:
        ApiError: 400 if the operations cannot be decoded, 422 if they cannot be applied.
    """
    try:
        patch = jsonpatch.JsonPatch(operations)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
    try:
        patched: Object = patch.apply(original)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise ApiError(422, "Invalid", message) from error
    return patched
