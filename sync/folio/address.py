"""Addresses as FOLIO takes them: its module is Java, and refuses what `URI.create` does not read (practice-folio, A2).

What can be percent-encoded is; readers get to the same place by it. What cannot is refused before anything is written.
"""

import re
import unicodedata
from urllib.parse import quote

_ADDRESS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.IGNORECASE | re.DOTALL)
_PATH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-!.~'()*,;:$&+=@/")
_QUERY = _PATH | frozenset("?[]")
_HOST = re.compile(r"[A-Za-z0-9._~:@\[\]%!$&'()*+,;=\u00a1-\uffff-]+\Z")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class UnusableAddressError(ValueError):
    """The address is none that FOLIO could be given; the text says what is wrong with it."""


def java_address(address: str) -> str:
    """Return the address in the form that Java reads: characters it does not take are percent-encoded.

    Raises:
        UnusableAddressError: when it is no http(s) address, has no host, or holds a control character.
    """
    text = address.strip()
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs"):
            raise UnusableAddressError(f"it holds the control character U+{ord(char):04X}")
    found = _ADDRESS.match(text)
    if found is None:
        raise UnusableAddressError("it does not begin with https:// or http://")
    scheme, host, path, query, fragment = (part or "" for part in found.groups())
    if not host:
        raise UnusableAddressError("it names no host")
    if not _HOST.match(host):
        wrong = next(char for char in host if not _HOST.match(char))
        raise UnusableAddressError(f"its host holds {wrong!r}")
    rest = _encoded(path, _PATH)
    rest += f"?{_encoded(query[1:], _QUERY)}" if query else ""
    rest += f"#{_encoded(fragment[1:], _QUERY)}" if fragment else ""
    return f"{scheme}://{host}{rest}"


def _encoded(part: str, legal: frozenset[str]) -> str:
    found, at = [], 0
    while at < len(part):
        char = part[at]
        if char == "%" and (escape := _ESCAPE.match(part, at)):
            found.append(escape.group())
            at = escape.end()
            continue
        # letters beyond ASCII are read as they are, blanks among them are not
        plain = char in legal or (char > "\x7f" and unicodedata.category(char)[0] != "Z")
        found.append(char if plain else quote(char, safe=""))
        at += 1
    return "".join(found)
