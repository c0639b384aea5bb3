"""What Alma's errors mean. Alma tells by code, hardly by status: even "not found" is a 400 (facts: alma §3a)."""

from sync.errors import InProgressError, LoginRefusedError, NotFoundError, SyncError
from sync.transport.bodies import ErrorBody, errors_in_success
from sync.transport.http import Answer
from sync.transport.retry import Fate, Trouble
from sync.transport.rules import Call, ErrorRules, Judgement, turned_away, untrusted, words

NOT_FOUND = frozenset(
    {
        "60121",  # collection
        "60122",  # service; on DELETE, the portfolio
        "60123",  # portfolio
        "402203",  # bib
        "60221",  # bib, where one of its portfolios is written
    }
)
DELETE_IN_PROCESS = frozenset({"60157", "60174"})  # service; portfolio
STILL_ATTACHED = "60289"
"""A service that still has portfolios, or a collection that still has services, cannot be deleted (facts: alma §4)."""
TOO_FAST = "PER_SECOND_THRESHOLD"
DAY_USED_UP = "DAILY_THRESHOLD"
KEY_REFUSED = "UNAUTHORIZED"
GATEWAY_TROUBLE = frozenset({"GENERAL_ERROR", "INTERNAL_SERVER_ERROR"})

_AREAS = {"bibs": "Bibs", "electronic": "Electronic", "conf": "Configuration", "acq": "Acquisitions"}


class AlmaRules(ErrorRules):
    """Judges Alma's answers: by the codes of the body first, by the status where it holds none."""

    system = "Alma"
    media_type = "application/json"
    remaining_header = "X-Exl-Api-Remaining"

    def judge_success(self, call: Call, answer: Answer) -> Judgement:
        """Return the errors that Alma sends with status 200 as if it had said 400; else what any success means."""
        errors = errors_in_success(answer.content)
        if errors is None:
            return super().judge_success(call, answer)
        return self.judge_own(call, answer, errors) or self.judge_refusal(call, answer, errors)

    def judge_own(self, call: Call, answer: Answer, body: ErrorBody) -> Judgement:
        """Return what Alma's code means, None when it has no meaning of its own."""
        # the status of DAILY_THRESHOLD is not documented (facts: alma §3b), so the code alone decides
        if DAY_USED_UP in body.codes:
            return Trouble(fate=Fate.DAY_USED_UP, reason=f"status {answer.status}{words(body)}")
        if TOO_FAST in body.codes:
            return turned_away(answer, body)
        if KEY_REFUSED in body.codes or answer.status in {401, 403}:
            return _key_refused(call, answer, body)
        if body.codes & GATEWAY_TROUBLE:
            return untrusted(answer, body)
        return _about_the_record(call, body)


def _about_the_record(call: Call, body: ErrorBody) -> Judgement:
    if body.codes & DELETE_IN_PROCESS:
        return InProgressError(f"{call.name}: a delete is in process{words(body)}")
    return NotFoundError(f"{call.name}: not there{words(body)}") if body.codes & NOT_FOUND else None


def _key_refused(call: Call, answer: Answer, body: ErrorBody) -> SyncError:
    part = call.path.removeprefix("/almaws/v1/").partition("/")[0]
    area = _AREAS.get(part, part)
    right = "read/write" if call.is_write else "read"
    return LoginRefusedError(
        f"{call.name}: Alma refused the API key (status {answer.status}{words(body)}). "
        f"The key needs the area {area} with {right} permission, in this environment."
    )
