"""Every error of the product, in one tree. Each carries advice: what to do, with the exact command where one helps.

SyncError
├── ConfigurationError      the user must mend the configuration or the rights of an account
│   └── LoginRefusedError   a system refused the key or the password; never tried again by itself
├── DataError               one record is at fault; it is parked and the run goes on
│   ├── NotFoundError       the system does not have (or no longer has) the record
│   └── RefusedError        the system refused the record and said why
├── TransientError          nothing is wrong with the record; try later
│   ├── UnreachableError    the request surely did not arrive
│   ├── InProgressError     the system is still carrying out an earlier request
│   └── OutcomeUnknownError the request may or may not have been carried out
├── StoppedError            somebody stopped the run; what was under way is finished
├── QuotaError              the day's calls are used up, to the reserve; the run pauses
├── LockedError             another run works on the same pair
├── GuardError              a guard stopped the work
└── BugError                our own mistake; please report it
"""

from dataclasses import dataclass
from datetime import datetime


class SyncError(Exception):
    """An error a person can act on. `advice` says how; it is printed below the message."""

    advice: str = "Run the command again with --log-level debug and look at the last lines."
    kind: str = "error"

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        if advice is not None:
            self.advice = advice

    @property
    def message(self) -> str:
        """Return the message without its advice."""
        return str(self.args[0]) if self.args else ""


class ConfigurationError(SyncError):
    """The configuration, or the rights of the account it names, must be mended first."""

    kind = "configuration"
    advice = "Mend the configuration, then prove it with: alma-folio-sync check"


class LoginRefusedError(ConfigurationError):
    """A system refused the key or the password. It is never tried again by itself: accounts lock."""

    advice = (
        "Check the key or password in the configuration. It was not tried again, because accounts are locked "
        "after repeated failures. Then run: alma-folio-sync check"
    )


class DataError(SyncError):
    """One record is at fault. It is parked with this reason, and the run goes on."""

    kind = "data"
    advice = "Correct the record in its own system, then run the command again."


class NotFoundError(DataError):
    """The system does not have the record, or has it no longer."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of an answer's body: the system's code ("" when it gave none) and its words."""

    code: str
    text: str
    tracking_id: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.text}" if self.code else self.text


class RefusedError(DataError):
    """The system refused the request and said why. `status` is the HTTP status, `complaints` its reasons."""

    def __init__(
        self, message: str, *, status: int, complaints: tuple[Complaint, ...] = (), advice: str | None = None
    ) -> None:
        super().__init__(message, advice=advice)
        self.status = status
        self.complaints = complaints

    def says(self, *texts: str) -> bool:
        """Return whether any complaint holds one of the texts (any case) or has it as its code."""
        return any(
            text == complaint.code or text.lower() in complaint.text.lower()
            for complaint in self.complaints
            for text in texts
        )


class ChangedSincePlanError(DataError):
    """Somebody changed the record after the plan was made; it was left as it is."""

    advice = "Run the command again: the new plan starts from the record as it is now."


class UndeliverableError(DataError):
    """The system answers, but never with this record. It is there, and what it holds is not known."""

    advice = "Look the record up in its own system. It counts as present, and is read again by the next run."


class AmbiguousError(DataError):
    """Several records may be the one that is meant, and nothing tells which: nothing was made in its place."""

    advice = "Say which belong together: alma-folio-sync links export, correct the file, alma-folio-sync links import."


class TransientError(SyncError):
    """Nothing is wrong with the record; the same command may succeed later."""

    kind = "transient"
    advice = "Run the same command again: what is done is not done twice."


class UnreachableError(TransientError):
    """The request surely did not arrive, or a read was given up after its retries."""


class InProgressError(TransientError):
    """The system is still carrying out an earlier request for the same record, such as its removal."""


class OutcomeUnknownError(TransientError):
    """A write was sent and its answer lost: it may or may not have been carried out."""


class QuotaError(SyncError):
    """The day's calls are used up to the reserve. `resumes_at` is when the count starts anew (UTC)."""

    kind = "quota"
    advice = "Run the same command again after the time named: it goes on where it paused."

    def __init__(self, message: str, *, resumes_at: datetime, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.resumes_at = resumes_at


class LockedError(SyncError):
    """Another run works on the same pair."""

    kind = "locked"
    advice = "Wait until it has ended (alma-folio-sync runs), then run the command again."


class GuardError(SyncError):
    """A guard stopped the work before anything was written."""

    kind = "guard"
    advice = "Read the guard's number and limit in the report: alma-folio-sync diff --from … --to …"


class StoppedError(SyncError):
    """Somebody stopped the run: nothing more is begun."""

    kind = "stopped"
    advice = "Run the same command again to go on."


class BugError(SyncError):
    """Our own mistake."""

    kind = "bug"
    advice = "Please report this with the log (it holds no secrets) and the version: alma-folio-sync --version"


def error_kinds(tree: type[SyncError] = SyncError) -> tuple[str, ...]:
    """Return the kinds of errors there are, each once, in the order of the tree."""
    below = (kind for one in tree.__subclasses__() for kind in error_kinds(one))
    return tuple(dict.fromkeys((tree.kind, *below)))
