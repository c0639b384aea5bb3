"""What a reading of Alma gathers on its way, and how its records are handed on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sync.alma import wire
from sync.alma.codes import AlmaCodes
from sync.alma.mapping import publication_type, service_from_wire
from sync.errors import DataError
from sync.model import Extraction, Holding, Kind, Package, Parked, Reading, Service, Sink, System
from sync.transport.records import InvalidRecord, Record
from sync.transport.undelivered import Deliveries

LONGEST_MMS_ID = 32
PLAIN_TYPES = frozenset({"", "Journal", "Book"})


@dataclass(slots=True)
class AlmaReading:
    """What one reading gathers on its way: which bibs it needs, and what their portfolios say of them.

    `half_read` are collections of which a part could not be read: what they hold, and whether they are hidden, is not
    known.
    """

    sink: Sink
    codes: AlmaCodes
    extraction: Extraction
    deliveries: Deliveries
    mms_ids: set[int] = field(default_factory=set)
    special_types: dict[int, set[str]] = field(default_factory=dict)
    half_read: set[str] = field(default_factory=set)


def note_title(reading: AlmaReading, portfolio: wire.Portfolio, types: set[str]) -> None:
    """Remember which bib is needed. Ids are kept as numbers: a library has a million of them.

    Raises:
        DataError: when the portfolio names no bib.
    """
    if not (portfolio.mms_id.isascii() and portfolio.mms_id.isdigit() and len(portfolio.mms_id) <= LONGEST_MMS_ID):
        raise DataError(f"portfolio {portfolio.id} names no bib", advice="Attach it to a bibliographic record in Alma.")
    kind = publication_type(portfolio.material_type.value, reading.codes)
    mms_id = int(portfolio.mms_id)
    reading.mms_ids.add(mms_id)
    if portfolio.material_type.value:
        types.add(kind or "Unspecified")
    if kind not in PLAIN_TYPES:
        reading.special_types.setdefault(mms_id, set()).add(kind)


def package_reading(package: Package, raw: object) -> Reading:
    """Return a package as it is handed on."""
    return Reading(kind=Kind.PACKAGE, record=package, listed=package, raw=raw)


def service_readings(services: Sequence[Record[wire.Service]], package: Package) -> Iterator[Reading]:
    """Yield the services of a package as they are handed on."""
    for one in services:
        service: Service = service_from_wire(one.model, package.key)
        yield Reading(kind=Kind.SERVICE, record=service, listed=service, package_key=package.key, raw=one.raw)


def holding_reading(holding: Holding, raw: object) -> Reading:
    """Return a holding as it is handed on."""
    return Reading(
        kind=Kind.HOLDING,
        record=holding,
        listed=holding,
        package_key=holding.package_key,
        title_key=holding.title_key,
        raw=raw,
    )


def parked_for(kind: Kind, key: str, name: str, error: DataError, place: str = "") -> Parked:
    """Return a record that cannot take part, for the reason the error gives."""
    return Parked(
        system=System.ALMA,
        kind=kind,
        key=key,
        name=name,
        field="",
        reason=error.message,
        advice=error.advice,
        place=place,
    )


HALF_READ = DataError(
    "a service of it, or a list of its portfolios, could not be read",
    advice="Look the collection up in Alma. It counts as present, and is read again by the next run.",
)


def place_of(collection_id: str, mms_id: str) -> str:
    """Return where a portfolio stands, as `Parked.place` has it."""
    return f"{collection_id}/{mms_id}"


def unreadable(kind: Kind, items: tuple[InvalidRecord, ...]) -> tuple[Parked, ...]:
    """Return the items of a list that could not be read."""
    advice = "Look the record up in Alma; if it is fine there, please report this with its id."
    return tuple(
        Parked(system=System.ALMA, kind=kind, key=one.id, name="", field="", reason=one.reason, advice=advice)
        for one in items
    )


def note_unreadable(
    extraction: Extraction, items: tuple[InvalidRecord, ...], what: str, collection_id: str = ""
) -> None:
    """Note that what these records hold was not read either, in the collection if it can be told."""
    for one in items:
        where = collection_id or one.id
        extraction.fall_short(f"Alma: the portfolios of {what} {one.id or '(without an id)'} were not read", where)


def note_missing(extraction: Extraction, missing: int, what: str, collection_id: str = "") -> None:
    """Note that a list came short by so many, if it did; in one collection if it can be told."""
    if missing:
        extraction.fall_short(f"Alma: {missing} of {what} were never listed", collection_id)


def note_nameless(extraction: Extraction, items: tuple[InvalidRecord, ...], what: str, collection_id: str = "") -> None:
    """Note that nobody can tell which records of a list some are: absence from it says nothing then."""
    nameless = sum(one.nameless for one in items)
    if nameless:
        extraction.fall_short(f"Alma: {nameless} of {what} have no id that is one", collection_id)
