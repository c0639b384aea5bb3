"""What takes a change back: created is removed, changed is restored, removed is created again, with what gets lost.

Pure rules. What a change did comes from its intents; the change that takes it back passes the same re-reading as any
other, so that what somebody edited since then is reported and not overwritten.
"""

from dataclasses import dataclass, replace

from sync.model import INHERITED, Holding, Kind, Loss, Package, Record, Service, System, Title
from sync.plan.changes import REMOVALS, Action, Change, FieldChange, Status, change_id
from sync.plan.compare import differences, fields_of, removed_fields
from sync.plan.writes import Before

LOCAL_ONLY = ("proxy", "access_type")
"""Fields that stay as they are where a write leaves them out; only what was changed is written back."""

EMPTY_WHEN_MADE = (
    "url", "description", "coverage_statement", "public_note", "authentication_note", "internal_description",
)  # fmt: skip

NEVER_BEGUN = (Status.WITHHELD, Status.NOTED)
"""What a run left alone, whoever did it afterwards."""
NOT_KNOWN = "what it held before is not known: look it up in the run's report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record of the target stands: its package, service and title there; "" where it has none."""

    package_key: str = ""
    service_key: str = ""
    title_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A change as it was carried out.

    `made` is the id of the record it made, "" when it made none, at `place` and under the name `name`; `before` is
    what it wrote over or removed. `partners` are the ids on the other side that a removed record belonged to. Of a
    record on which both sides agreed, `origin` is FOLIO's in full, and on the fields in `pending` they do not agree.
    """

    change: Change
    made: str = ""
    place: Place = Place()
    name: str = ""
    before: Before | None = None
    partners: tuple[str, ...] = ()
    origin: Record | None = None
    pending: tuple[str, ...] = ()


def take_back(done: Done, words: str) -> list[Change]:
    """Return what takes a change back, with `words` as the reason; nothing where there is nothing to take back.

    A title is made and goes with its holdings; where a removed holding's title may have gone with it, it comes first.
    """
    change = done.change
    if change.status in NEVER_BEGUN or (change.kind is Kind.TITLE and change.action is Action.CREATE):
        return []
    if change.action in REMOVALS:
        return _made_again(done, words)
    if done.made:
        return [_removed(done, words)]
    if done.before is not None:
        return _restored(done, done.before, words)
    written = change.action is Action.UPDATE and change.status in (Status.APPLIED, Status.VERIFIED)
    return [noted(change, NOT_KNOWN)] if written else []


def _removed(done: Done, words: str) -> Change:
    change, place = done.change, done.place
    desired = _as_made(change)
    match desired:
        case Package():
            desired = replace(desired, key=done.made, name=done.name or desired.name)
        case Service():
            desired = replace(desired, key=done.made, package_key=place.package_key)
        case Holding():
            desired = replace(
                desired,
                key=done.made,
                package_key=place.package_key,
                service_key=place.service_key,
                title_key=place.title_key,
            )
    return replace(
        change,
        action=Action.DESELECT if change.action is Action.SELECT else Action.REMOVE,
        desired=desired,
        origin=None,
        source_keys=(),
        package_key=done.made if change.kind is Kind.PACKAGE else place.package_key,
        title_key="",
        target_id=done.made,
        reason=words,
        status=Status.PLANNED,
        fields=removed_fields(desired, change.system),
        losses=(),
        pending=(),
    )


def _as_made(change: Change) -> Record:
    """Return a record as its creation left it: what it left out is empty, and filled by somebody else since then.

    A proxy that was left out is that of the level above, Alma's access type that of the configuration or of Alma, and
    what a vendor's title has is the vendor's.
    """
    record = change.desired
    names: tuple[str, ...] = EMPTY_WHEN_MADE
    if change.system is System.FOLIO:
        names = (*names, "access_type")
    if change.action is Action.SELECT:
        names = tuple(name for name in names if name != "url")
    values: dict[str, object] = {name: "" for name in names if getattr(record, name, "") is None}
    if isinstance(record, Holding):
        values["user_defined"] = tuple(text or "" for text in record.user_defined)
    return replace(record, **values)  # type: ignore[arg-type]


def _restored(done: Done, before: Before, words: str) -> list[Change]:
    change = done.change
    record = before.record
    written = differences(change.desired, record, fields_of(record, change.system))
    losses: tuple[Loss, ...] = ()
    if any(one.field == "proxy" for one in written) and getattr(record, "proxy", None) in (None, INHERITED):
        losses = (Loss("proxy", "inherited", "no call sets it back to the proxy of the level above: it stays"),)
        written = tuple(one for one in written if one.field != "proxy")
    names = {one.field for one in written}
    if not written:
        return [noted(change, losses[0].reason, losses)] if losses else []
    desired = _as_it_was(record, change.desired, names, change.system)
    return [
        replace(
            change,
            action=Action.UPDATE,
            desired=desired,
            origin=done.origin,
            target_id=change.target_id or record.key,
            reason=words,
            status=Status.PLANNED,
            fields=tuple(FieldChange(one.field, one.after, one.before) for one in written),
            losses=losses,
            pending=done.pending,
            agreed=True,
        )
    ]


def _as_it_was(record: Record, written: Record, names: set[str], system: System) -> Record:
    """Return the record as it shall be again: what was not there before is emptied, what was left out stays so."""
    values: dict[str, object] = {name: None for name in LOCAL_ONLY if hasattr(record, name) and name not in names}
    for name in names:
        if hasattr(record, name) and getattr(record, name) is None and name != "embargo":
            values[name] = ""
    if isinstance(record, Package) and isinstance(written, Package) and system is System.ALMA:
        # its services say these: they are taken back by changes of their own
        values |= {name: getattr(written, name) for name in ("hidden", "content_type", "service_keys")}
    return replace(record, **values)  # type: ignore[arg-type]


def _made_again(done: Done, words: str) -> list[Change]:
    change, before = done.change, done.before
    if before is None:
        return [noted(change, NOT_KNOWN)] if change.status is Status.VERIFIED else []
    if change.kind is Kind.PACKAGE and change.action is Action.DESELECT:
        words = "it comes back with the first of its titles; set its own proxy, access type and visibility by hand"
        return [noted(change, words, before.lost)]
    record = before.record
    if getattr(record, "proxy", None) == INHERITED:
        record = replace(record, proxy=None)  # type: ignore[arg-type]
    selected = change.action is Action.DESELECT
    new_id = Loss("id", change.target_id, "it gets another id, and its history does not come back")
    again = replace(
        change,
        action=Action.SELECT if selected else Action.CREATE,
        desired=record,
        source_keys=done.partners,
        package_key=record.package_key if isinstance(record, Holding | Service) else record.key,
        title_key=record.title_key if isinstance(record, Holding) else "",
        target_id="",
        reason=words,
        status=Status.PLANNED,
        fields=differences(record, None, fields_of(record, change.system)),
        losses=before.lost if selected else (*before.lost, new_id),
    )
    return [again]


def title_again(again: Change, title: Title, partners: tuple[str, ...]) -> Change:
    """Return the creation of the title that a holding made again may need: it is left where the title is there still.

    Of a bib only the fields that travel come back.
    `partners` are the ids of the title on the other side. The line has the id that the title had.
    """
    fields = fields_of(title, again.system)
    return replace(
        again,
        id=change_id(again.system, Kind.TITLE, again.title_key),
        kind=Kind.TITLE,
        action=Action.CREATE,
        name=title.name,
        desired=title,
        source_keys=partners,
        fields=differences(title, None, fields),
        losses=(Loss("id", again.title_key, "it gets another id; of a bib only the fields named here come back"),),
    )


def noted(change: Change, reason: str, losses: tuple[Loss, ...] = ()) -> Change:
    """Return the line of a change that is not taken back, with the reason."""
    return replace(change, reason=reason, status=Status.NOTED, losses=losses, pending=())
