"""What an answer means: good, trouble that may pass, or an error of the product. Each system adds what is its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync.errors import ConfigurationError, RefusedError, SyncError
from sync.transport.bodies import ErrorBody, read_error
from sync.transport.http import Answer, Params
from sync.transport.retry import Fate, Trouble
from sync.transport.xml_reader import XmlRefusedError, parse_xml

Judgement = Trouble | SyncError | None
"""None: a good answer. A trouble may pass; an error is raised as it is."""

READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to be made. `cost` is what it takes from the day's budget; `readable` tells a usable answer."""

    system: str
    method: str
    path: str
    params: Params | None
    body: Any
    content: bytes | None
    media_type: str
    cost: int
    readable: Callable[[Answer], bool]

    @property
    def is_write(self) -> bool:
        """Return whether the call may change something."""
        return self.method not in READS

    @property
    def name(self) -> str:
        """Return system, method and path, for messages; the query is left out."""
        return f"{self.system} {self.method} {self.path}"


class ErrorRules(ABC):
    """Judges the answers of one system."""

    system: str
    media_type: str
    """What is sent and asked for."""
    remaining_header: str = ""
    """The header that tells how many calls are left today."""

    def judge(self, call: Call, answer: Answer) -> Judgement:
        """Return what the answer means."""
        if 200 <= answer.status < 300:
            return self.judge_success(call, answer)
        body = read_error(answer.content, answer.media_type)
        return self.judge_own(call, answer, body) or self._judge_status(call, answer, body)

    def judge_success(self, call: Call, answer: Answer) -> Judgement:
        """Return what an answer with a 2xx status means."""
        if call.readable(answer):
            return None
        kind = answer.media_type or "no media type"
        reason = f"status {answer.status} with a body that cannot be read ({len(answer.content)} bytes, {kind})"
        return Trouble(fate=Fate.UNTRUSTED, reason=reason, retry_after=answer.retry_after)

    @abstractmethod
    def judge_own(self, call: Call, answer: Answer, body: ErrorBody) -> Judgement:
        """Return what this system means by the error, None to let the status decide."""

    def judge_refusal(self, call: Call, answer: Answer, body: ErrorBody) -> SyncError:
        """Return the error of a request that was understood and refused."""
        message = f"{call.name}: refused ({answer.status}{words(body)})"
        return RefusedError(message, status=answer.status, complaints=body.complaints)

    def _judge_status(self, call: Call, answer: Answer, body: ErrorBody) -> Trouble | SyncError:
        status = answer.status
        said = words(body)
        if status == 429:
            return turned_away(answer, body)
        if status == 408 or status >= 500:
            return untrusted(answer, body)
        if status < 400:
            return ConfigurationError(
                f"{call.name}: answered with a redirect ({status}), which is never followed",
                advice="Put the final address of the API into base_url, then run: alma-folio-sync check",
            )
        if status == 404:
            return ConfigurationError(
                f"{call.name}: the address is unknown there (404{said})",
                advice="Check base_url in the configuration, then run: alma-folio-sync check",
            )
        return self.judge_refusal(call, answer, body)


def untrusted(answer: Answer, body: ErrorBody) -> Trouble:
    """Return the trouble of an answer that does not tell what became of the request."""
    reason = f"status {answer.status}{words(body)}"
    return Trouble(fate=Fate.UNTRUSTED, reason=reason, retry_after=answer.retry_after)


def turned_away(answer: Answer, body: ErrorBody) -> Trouble:
    """Return the trouble of a request refused for coming too fast."""
    reason = f"too many requests (status {answer.status}{words(body)})"
    return Trouble(fate=Fate.TURNED_AWAY, reason=reason, retry_after=answer.retry_after)


def words(body: ErrorBody) -> str:
    """Return the complaints as the end of a sentence, "" when there are none."""
    return f": {'; '.join(map(str, body.complaints))}" if body.complaints else ""


def is_json_object(answer: Answer) -> bool:
    """Return whether the answer is a JSON object."""
    try:
        return isinstance(answer.json(), dict)
    except ValueError:
        return False


def is_json_object_or_nothing(answer: Answer) -> bool:
    """Return whether the answer is a JSON object, or has rightly no body (204)."""
    return answer.status == 204 or is_json_object(answer)


def is_xml(answer: Answer) -> bool:
    """Return whether the answer is an XML document of a kind that is read from a network."""
    try:
        parse_xml(answer.content)
    except XmlRefusedError:
        return False
    return True


def is_no_page(answer: Answer) -> bool:
    """Return whether the answer is something else than a web page: for addresses whose body has no form."""
    return answer.media_type != "text/html"
