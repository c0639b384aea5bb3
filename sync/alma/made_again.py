"""Bodies that make a record of Alma again as it was when it was removed: with everything a POST takes, ids aside.

What Alma refuses of it (a licence that is gone, a PO line that is closed) is no reason to lose the record: it is made
with our fields alone then, and the refusal is told.
"""

import json
from collections.abc import Mapping
from typing import Any

PLACE = ("id", "link", "is_local", "is_standalone", "resource_metadata", "electronic_collection", "portfolios")
"""What says which record it is and where it stands: a new one has its own."""
LIBRARY = ("library",)
"""Of a collection it is never written, since that starts a job that nobody can stop (facts: alma §4)."""

Body = dict[str, Any]


def kept(raw: Mapping[str, Any]) -> str:
    """Return a record as it was read, as text to keep."""
    return json.dumps(raw, sort_keys=True)


def again(body: Body, before: str, *, without: tuple[str, ...] = ()) -> Body | None:
    """Return the body of a creation with everything in it that the record held before; None where that is not known.

    `without` are further keys that are not taken over.
    """
    if not before:
        return None
    left_out = (*PLACE, *without)
    was = {name: value for name, value in json.loads(before).items() if name not in left_out and value is not None}
    return body | was
