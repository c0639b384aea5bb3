"""When a pair runs by itself, and what: the section [pairs.NAME.schedule], and the moments it names.

A moment is told by the schedule alone, so that every daemon finds the same ones, whenever it was started.
"""

import hashlib
import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from sync.settings.section import Section

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
"""Intervals are counted from here, whenever a daemon was started."""
MOST_STEPS = 100_000
"""So many moments are looked through at most for the latest one that is over."""

Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


class Approval(Section):
    """What a scheduled sync may write without anybody's word: of each sort at most so many changes.

    Where a plan has more of a sort, none of that sort is written: they wait for a person.
    """

    create: int = Field(default=200, ge=0)
    """So many new records."""
    update: int = Field(default=200, ge=0)
    """So many changed ones."""
    remove: int = Field(default=0, ge=0)
    """So many removals."""


class Schedule(Section):
    """When a pair runs by itself, and what."""

    run: Literal["diff", "sync", "migrate"]
    """`diff`: the plan waits for `plan approve`; `sync`: within `approve`; `migrate`: stage by stage."""
    cron: str = ""
    """Five fields: minute hour day month weekday. Either this or `every_minutes`."""
    every_minutes: float = Field(default=0, ge=0, le=60 * 24 * 366)
    """It runs so often."""
    time_zone: str = "UTC"
    """The time zone of `cron` and `blackout`."""
    jitter_seconds: int = Field(default=0, ge=0, le=3600)
    """Each run begins up to so much later, always the same for one moment."""
    blackout: tuple[Hours, ...] = ()
    """Hours in which none begins, such as `08:00-18:00`: what is due then begins at their end."""
    source: Literal["alma", "folio"] | None = None
    """Where the records of a diff or a migration come from; a diff without it goes both ways."""
    stage: int = Field(default=1000, ge=1)
    """So many new titles at most in one run of a migration."""
    approve: Approval = Approval()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no time zone; one is Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _one_clock(self) -> "Schedule":
        if bool(self.cron) == bool(self.every_minutes):
            raise ValueError("name either cron or every_minutes")
        if 0 < 60 * self.every_minutes < 1:
            raise ValueError("every_minutes is shorter than a second")
        if self.run == "migrate" and self.source is None:
            raise ValueError('a migration needs source = "alma" or source = "folio"')
        if self.run == "sync" and self.source is not None:
            raise ValueError("a sync goes both ways; leave source out")
        try:
            self.trigger()
        except ValueError as error:
            raise ValueError(f"cron {self.cron!r} cannot be read: {error}") from None
        if self._never_allowed():
            raise ValueError("the blackout hours leave no time of the day")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone."""
        return ZoneInfo(self.time_zone)

    def trigger(self) -> "BaseTrigger":
        """Return the clock's own form of it."""
        from apscheduler.triggers.cron import CronTrigger
        from apscheduler.triggers.interval import IntervalTrigger

        if self.cron:
            return CronTrigger.from_crontab(self.cron, timezone=self.zone)
        return IntervalTrigger(seconds=round(60 * self.every_minutes), start_date=EPOCH, timezone=UTC)

    def next_due(self, after: datetime) -> datetime:
        """Return the first moment after another one at which a run is due; hours that are doubled in autumn count once.

        A moment that the clock leaves out in spring is the one an hour later.
        """
        trigger, at = self.trigger(), after.astimezone(UTC) + timedelta(microseconds=1)
        while True:
            due = _fires(trigger, at)
            if not self._doubled(due):
                return due
            at = due + timedelta(microseconds=1)

    def latest_due(self, after: datetime, now: datetime) -> datetime | None:
        """Return the last moment after one and not after `now` at which a run was due, None when none was."""
        found: datetime | None = None
        due = self.next_due(max(after, now - timedelta(days=400)))
        for _ in range(MOST_STEPS):
            if due > now:
                break
            found, due = due, self.next_due(due)
        return found

    def begins(self, pair: str, due: datetime) -> datetime:
        """Return when a due run of a pair begins: after its jitter, which is the same everywhere, and no blackout."""
        digest = hashlib.sha256(f"{pair} {due.astimezone(UTC).isoformat()}".encode()).digest()
        late = int.from_bytes(digest[:8], "big") % (self.jitter_seconds + 1)
        return self.allowed(due + timedelta(seconds=late))

    def allowed(self, moment: datetime) -> datetime:
        """Return the moment, or the end of the blackout hours it is in."""
        for _ in range(len(self.blackout) + 1):
            ends = [end for one in self.blackout if (end := _end_of(one, moment.astimezone(self.zone))) is not None]
            if not ends:
                break
            moment = max(ends).astimezone(UTC)
        return moment

    def _doubled(self, due: datetime) -> bool:
        """Return whether a moment is the second of two with the same time of day; hourly runs want both."""
        if not self.cron or "*" in self.cron.split()[1]:
            return False
        local = due.astimezone(self.zone)
        return bool(local.fold) and local.replace(fold=0).utcoffset() != local.utcoffset()

    def _never_allowed(self) -> bool:
        day = datetime(2026, 1, 15, tzinfo=self.zone)
        moments = (day + timedelta(minutes=minute) for minute in range(24 * 60))
        return bool(self.blackout) and all(
            any(_end_of(one, moment) is not None for one in self.blackout) for moment in moments
        )


def _fires(trigger: "BaseTrigger", after: datetime) -> datetime:
    due: Any = trigger.get_next_fire_time(None, after)
    if due is None:
        raise ValueError("it names no moment at all")
    return datetime.fromisoformat(due.isoformat()).astimezone(UTC)


def _end_of(hours: str, local: datetime) -> datetime | None:
    """Return when these hours end, None when a moment is not in them; 22:00-04:00 goes over midnight."""
    found = _HOURS.fullmatch(hours)
    if found is None:
        return None
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    begin, end = time(begin_hour, begin_minute), (end_hour, end_minute)
    now, over_midnight = local.time(), end <= (begin_hour, begin_minute)
    ends_today = datetime.combine(local.date(), time(0), local.tzinfo) + timedelta(hours=end[0], minutes=end[1])
    if over_midnight and now >= begin:
        return ends_today + timedelta(days=1)
    if over_midnight and now < ends_today.time():
        return ends_today
    inside = not over_midnight and now >= begin and (end == (24, 0) or now < time(*end))
    return ends_today if inside else None
