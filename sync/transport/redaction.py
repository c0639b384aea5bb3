"""Keeps secrets out of logs, messages and reports.

The first line of defence is elsewhere: no message is ever built from a secret. This is the second: every value that
was registered as a secret, and everything that looks like one, is struck out of texts on their way out.
"""

import base64
import json
import re
from collections.abc import Mapping, MutableMapping
from datetime import date, time, timedelta
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from pydantic import SecretStr

REDACTED = "[redacted]"

SHORTEST_ANYWHERE = 4
"""Shorter secrets are struck out as whole words only, else every text would be full of holes."""

_SECRET_KEYS = frozenset(
    {
        "accesstoken", "apikey", "authorization", "clientsecret", "cookie", "folioaccesstoken", "foliorefreshtoken",
        "passwd", "password", "proxyauthorization", "pwd", "refreshtoken", "secret", "setcookie", "token",
        "xapikey", "xokapirefreshtoken", "xokapitoken",
    }
)  # fmt: skip

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # credentials before the host of an address
    (re.compile(r"(://)[^/\s@'\"]+@"), rf"\1{REDACTED}@"),
    # header lines and cookies, to the end of the value
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|set-cookie|cookie|x-okapi-token|x-api-key|folio(?:access|refresh)token)\b"
            r"([\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+"
        ),
        rf"\1\2{REDACTED}",
    ),
    (re.compile(r"(?i)\b(api[-_]?key)(\s*(?:=|%3D|[\"']?\s*:\s*)[\"']?)[^\s\"'&,;<>]+"), rf"\1\2{REDACTED}"),
    (re.compile(r"(?i)\b(apikey|bearer|basic)\s+(?=\S*[0-9=])[\w.~+/=-]{8,}"), rf"\1 {REDACTED}"),
    (
        re.compile(
            r"(?i)\b(password|passwd|pwd|client_secret|secret|access_?token|refresh_?token|okapitoken|token)\b"
            r"([\"']?\s*(?:=|:)\s*[\"']?)[^\s\"'&,;<>]+"
        ),
        rf"\1\2{REDACTED}",
    ),
    # JSON web tokens, wherever they stand
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?"), REDACTED),
)

_registered: dict[str, tuple[str, ...]] = {}


def register_secret(value: str | SecretStr | None) -> None:
    """Have the value struck out of every text from now on, also in its URL, JSON and base64 spelling."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if text and text.strip():
        _registered[text] = _spellings(text)


def forget_secret(value: str) -> None:
    """Stop looking for a value that is no secret any more, such as an expired token."""
    _registered.pop(value, None)


def scrub(text: str) -> str:
    """Return the text without registered secrets, keys in addresses, tokens, header values and passwords."""
    for spellings in list(_registered.values()):
        for spelling in spellings:
            if spelling in text:
                text = _strike(text, spelling)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the log event with every value scrubbed; a structlog processor."""
    for key in list(event):
        event[key] = REDACTED if _is_secret_key(key) and event[key] is not None else _scrub_value(event[key])
    return event


def _scrub_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | date | time | timedelta | UUID):
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {
            scrub(str(key)): REDACTED if _is_secret_key(str(key)) else _scrub_value(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_value(inner) for inner in value]
    # a SecretStr shows itself as stars
    return scrub(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _is_secret_key(key: str) -> bool:
    return key.lower().replace("-", "").replace("_", "") in _SECRET_KEYS


def _spellings(text: str) -> tuple[str, ...]:
    encoded = base64.b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")
    every = {
        text,
        text.strip(),
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        *((encoded,) if len(text) > SHORTEST_ANYWHERE else ()),
    }
    return tuple(sorted(every, key=len, reverse=True))


def _strike(text: str, secret: str) -> str:
    if len(secret) >= SHORTEST_ANYWHERE:
        return text.replace(secret, REDACTED)
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REDACTED, text)
