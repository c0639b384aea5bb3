"""EBSCO's daily quota: every call of the module to EBSCO counts, not every call to FOLIO."""

from datetime import date
from types import TracebackType

from sync.sandbox.controls import Controls
from sync.sandbox.folio.errors import VendorError
from sync.sandbox.folio.switches import FolioSwitches


class Quota:
    """A context around each call to EBSCO. `used` counts today's calls (UTC, practice clock), `total` all of them."""

    def __init__(self, switches: FolioSwitches, controls: Controls) -> None:
        self._switches = switches
        self._controls = controls
        self._day = date.min
        self._used = 0
        self.total = 0

    @property
    def used(self) -> int:
        """Return how many calls of today's quota are used up."""
        self._turn_day()
        return self._used

    def use_up(self, calls: int) -> None:
        """Count calls that somebody else made with the same EBSCO account today."""
        self._turn_day()
        self._used += calls

    def __enter__(self) -> None:
        """Count one call.

        Raises:
            VendorError: 429 when the day's calls are used up (this call is not counted), 401 when EBSCO does not
                accept the customer's credentials.
        """
        self._turn_day()
        if 0 < self._switches.daily_calls <= self._used:
            raise VendorError(429, "Limit Exceeded")
        self._used += 1
        self.total += 1
        if self._switches.kb_credentials == "invalid":
            raise VendorError(401, "Unauthorized")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the call off again if it failed and failed calls do not count."""
        if isinstance(error, VendorError) and not self._switches.failed_calls_count:
            self._used -= 1
            self.total -= 1

    def _turn_day(self) -> None:
        today = self._controls.clock.now().date()
        if today != self._day:
            self._day = today
            self._used = 0
