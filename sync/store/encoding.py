"""Canonical records as bytes and back: the same record gives the same bytes, so equal hashes mean equal records."""

import hashlib
import json
import math
from typing import Any, TypeVar

import msgspec

from sync.model import Holding, Kind, Package, Record, Service, Title

TYPES: dict[Kind, type[Record]] = {
    Kind.PACKAGE: Package,
    Kind.SERVICE: Service,
    Kind.TITLE: Title,
    Kind.HOLDING: Holding,
}

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder(order="deterministic")
_decoders = {kind: msgspec.json.Decoder(type_) for kind, type_ in TYPES.items()}


def encode(value: Any) -> bytes:
    """Return the value as JSON in UTF-8, keys in order."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair: JSON can spell it, UTF-8 cannot
        plain = _finite(msgspec.to_builtins(value))
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _finite(value: Any) -> Any:
    """Return the value with null in the place of numbers that are none, as msgspec writes them."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def storable(text: str) -> str:
    """Return the text as a column of Postgres can hold it: without NUL and without halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def decode(kind: Kind, body: bytes | str) -> Record:
    """Return the record of this kind that was encoded."""
    record: Record = _decoders[kind].decode(body)
    return record


def decode_as(type_: type[_T], body: bytes | str) -> _T:
    """Return a value of the type from its JSON."""
    return msgspec.json.decode(body, type=type_)


def digest(body: bytes) -> bytes:
    """Return the 32 bytes that stand for a content."""
    return hashlib.sha256(body).digest()
