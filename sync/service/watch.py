"""What is told of the daemon's runs: numbers for Prometheus, and mails for people."""

from dataclasses import dataclass, field
from functools import partial

from sync.engine.phases import PhaseClock
from sync.engine.running import Ended
from sync.engine.work import Progress
from sync.errors import SyncError
from sync.service.mail import send, written
from sync.service.metrics import Metrics
from sync.settings import MailSettings
from sync.store.ticks import Tick


@dataclass(slots=True, kw_only=True)
class Watch:
    """Hears of every run. `mail` is to whom it is told, None: to nobody."""

    mail: MailSettings | None = None
    metrics: Metrics = field(default_factory=Metrics)

    def progress(self, pair: str) -> Progress:
        """Return who watches the phases of a pair's runs."""
        return PhaseClock(partial(self.metrics.phase, pair))

    async def tell(self, pair: str, tick: Tick | None, ended: Ended | None, error: SyncError | None) -> None:
        """Hear what a run ended with, or why it could not be done."""
        if ended is not None:
            self.metrics.ended(pair, ended)
        if error is not None:
            self.metrics.failed(pair, error.kind)
        message = written(pair, tick, ended, error) if self.mail is not None else None
        if message is not None and self.mail is not None:
            await send(self.mail, message)
