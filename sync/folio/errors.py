"""What FOLIO's errors mean, told apart by who wrote the body: the eHoldings module, EBSCO behind it, or a gateway.

The difference matters most for 404. A gateway that does not know a path or a token answers 404 too (facts: folio §4);
taken for "the record is gone", it would lead to removals on the other side.
"""

import re

from sync.errors import ConfigurationError, LoginRefusedError, NotFoundError, SyncError
from sync.transport.bodies import ErrorBody, Family
from sync.transport.http import Answer
from sync.transport.retry import Fate, Trouble
from sync.transport.rules import Call, ErrorRules, Judgement, untrusted, words

DAY_USED_UP = "limit exceeded"
NO_LONGER = "title is no longer in this package"
NO_CREDENTIALS = "KB Credentials do not exist"

_PERMISSIONS: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/eholdings/packages", "packages.collection.get"),
    ("POST", r"/eholdings/packages", "packages.collection.post"),
    ("GET", r"/eholdings/packages/[^/]+", "packages.item.get"),
    ("PUT", r"/eholdings/packages/[^/]+", "packages.item.put"),
    ("DELETE", r"/eholdings/packages/[^/]+", "packages.item.delete"),
    ("GET", r"/eholdings/packages/[^/]+/resources", "package-resources.collection.get"),
    ("PUT", r"/eholdings/packages/[^/]+/tags", "package-tags.put"),
    ("POST", r"/eholdings/packages/bulk/fetch", "packages-bulk.collection.get"),
    ("POST", r"/eholdings/resources/bulk/fetch", "resources-bulk.collection.get"),
    ("GET", r"/eholdings/titles", "titles.collection.get"),
    ("POST", r"/eholdings/titles", "titles.collection.post"),
    ("GET", r"/eholdings/titles/[^/]+", "titles.item.get"),
    ("PUT", r"/eholdings/titles/[^/]+", "titles.item.put"),
    ("POST", r"/eholdings/resources", "resources.collection.post"),
    ("GET", r"/eholdings/resources/[^/]+", "resources.item.get"),
    ("PUT", r"/eholdings/resources/[^/]+", "resources.item.put"),
    ("DELETE", r"/eholdings/resources/[^/]+", "resources.item.delete"),
    ("PUT", r"/eholdings/resources/[^/]+/tags", "resource-tags.put"),
    ("GET", r"/eholdings/status", "status.get"),
    ("GET", r"/eholdings/proxy-types", "proxy-types.collection.get"),
    ("GET", r"/eholdings/root-proxy", "root-proxy.get"),
    ("GET", r"/eholdings/access-types", "access-types.collection.get"),
)


def permission_for(method: str, path: str) -> str:
    """Return the FOLIO permission a call needs (facts: folio §1.1), "" when it is not known."""
    for permitted, pattern, permission in _PERMISSIONS:
        if method == permitted and re.fullmatch(pattern, path):
            return f"kb-ebsco.{permission}"
    return ""


class FolioRules(ErrorRules):
    """Judges FOLIO's answers."""

    system = "FOLIO"
    media_type = "application/vnd.api+json"

    def judge_own(self, call: Call, answer: Answer, body: ErrorBody) -> Judgement:
        """Return what FOLIO means where the status alone does not tell."""
        # status 400, 404 or 500, whatever was asked (facts: folio §2.6)
        if body.says(NO_CREDENTIALS):
            return ConfigurationError(
                f"{call.name}: the FOLIO user has no EBSCO credentials ({answer.status}{words(body)})",
                advice="Assign the user to a knowledge base in FOLIO (Settings, eHoldings), "
                "then run: alma-folio-sync check",
            )
        match answer.status:
            case 401 if body.family is Family.JSON_API:
                return _ebsco_refuses(call, answer.status, body)
            case 401:
                error = LoginRefusedError(f"{call.name}: FOLIO does not accept its own token (401{words(body)})")
                return Trouble(fate=Fate.LOGIN_EXPIRED, reason="the token is no longer accepted", error=error)
            case 403:
                return _forbidden(call, body)
            case 429:
                return _too_many(call, answer, body)
            case status:
                return _refused_or_gone(call, status, body)


def _refused_or_gone(call: Call, status: int, body: ErrorBody) -> Judgement:
    from_module = body.family in {Family.JSON_API, Family.EBSCO}
    if status == 400 and from_module and body.says(NO_LONGER):  # EBSCO has the title, and nothing of it in the package
        return NotFoundError(f"{call.name}: not there{words(body)}")
    if status == 404 and from_module:
        return NotFoundError(f"{call.name}: not there{words(body)}")
    if status == 400 and not from_module and body.says("tenant", "token missing"):
        return ConfigurationError(f"{call.name}: the gateway refused the call (400{words(body)})")
    return None


def _ebsco_refuses(call: Call, status: int, body: ErrorBody) -> SyncError:
    """Return the error of a call whose refusal the module passes on from EBSCO: 403, and 401 for proxies."""
    return ConfigurationError(
        f"{call.name}: EBSCO refused the credentials that FOLIO holds for this user ({status}{words(body)})",
        advice="Check the knowledge base credentials in FOLIO (Settings, eHoldings), then run: alma-folio-sync check",
    )


def _forbidden(call: Call, body: ErrorBody) -> Trouble | SyncError:
    if body.family is Family.JSON_API:
        return _ebsco_refuses(call, 403, body)
    permission = permission_for(call.method, call.path)
    needed = f"; it needs the permission {permission}" if permission else ""
    error = ConfigurationError(
        f"{call.name}: the FOLIO user may not do this (403{words(body)}){needed}",
        advice="Give the user the permission named, then run: alma-folio-sync check",
    )
    if body.says("requires permission"):
        return error
    # a gateway of the Eureka kind forbids now and then what it allows a moment later (facts: folio §4)
    return Trouble(fate=Fate.FORBIDDEN, reason=f"forbidden (403{words(body)})", error=error)


def _too_many(call: Call, answer: Answer, body: ErrorBody) -> Judgement:
    from_ebsco = body.family in {Family.JSON_API, Family.EBSCO}
    reason = f"status 429{words(body)}"
    # at the start of a text only: Kong's "API rate limit exceeded" is about the second, not the day
    if any(complaint.text.lower().startswith(DAY_USED_UP) for complaint in body.complaints):
        fate = Fate.CUT_SHORT if call.is_write and from_ebsco else Fate.DAY_USED_UP
        return Trouble(fate=fate, reason=reason)
    # one write is several calls to EBSCO, and this may be the answer to the last of them
    return untrusted(answer, body) if call.is_write and from_ebsco else None
