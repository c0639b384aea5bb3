"""A resource on the way to Alma: its portfolios there, what each of them keeps, and the change of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, cast

from sync.engine.to_alma.outcome import change_to_alma
from sync.engine.to_alma.scope import AlmaScope
from sync.errors import DataError
from sync.model import EmbargoKind, Holding, Kind, Loss, Title
from sync.plan.changes import Action, Change, FieldChange
from sync.store.bases import BaseRecords, base_records
from sync.store.comparison import Differing, SourceRecord, source_records
from sync.store.links import Link, links_from_folio
from sync.store.snapshots import records


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A resource, its title as listed, and the portfolios it is linked to with what both sides held when they agreed.

    `bibs` are those its title is linked to.
    """

    key: str
    listed: Holding
    title: Title
    bibs: tuple[str, ...]
    portfolios: tuple[tuple[Link, SourceRecord | None, BaseRecords | None], ...]

    @property
    def gone(self) -> bool:
        """Return whether it had portfolios, and Alma holds none of them any longer."""
        return bool(self.portfolios) and all(record is None for _, record, _ in self.portfolios)


async def cases_of(scope: AlmaScope, differing: Sequence[Differing]) -> list[Case]:
    """Return these resources, with everything about them that is read from the database at once."""
    database, folio = scope.work.database, scope.planning.folio.id
    listed = await source_records(database, folio, Kind.HOLDING, [one.key for one in differing])
    titles = await records(database, folio, Kind.TITLE, sorted({one.title_key for one in differing}))
    titled = await links_from_folio(database, scope.work.name, Kind.TITLE, sorted(titles))
    links = await links_from_folio(database, scope.work.name, Kind.HOLDING, [one.key for one in differing])
    flat = [link for found in links.values() for link in found]
    current = await source_records(database, scope.planning.alma.id, Kind.HOLDING, [link.alma_id for link in flat])
    bases = await base_records(database, Kind.HOLDING, [link.id for link in flat])
    return [
        Case(
            key=one.key,
            listed=cast("Holding", listed[one.key].record),
            title=cast("Title", titles[one.title_key]),
            bibs=tuple(link.alma_id for link in titled.get(one.title_key, ())),
            portfolios=tuple((link, current.get(link.alma_id), bases.get(link.id)) for link in links.get(one.key, ())),
        )
        for one in differing
        if one.title_key in titles
    ]


def portfolio_change(
    scope: AlmaScope,
    case: Case,
    desired: Holding,
    current: Holding,
    full: Holding,
    fields: tuple[FieldChange, ...],
    losses: tuple[Loss, ...],
    reason: str,
) -> Change:
    package = scope.packages[case.listed.package_key]
    return change_to_alma(
        Kind.HOLDING,
        Action.UPDATE,
        key=current.key,
        name=case.title.name,
        desired=in_place_of(desired, current),
        origin=full,
        source_keys=(case.key,),
        package_key=package.key,
        package_name=package.name,
        title_key=case.title.key,
        identifiers=case.title.numbers(),
        reason=reason,
        fields=fields,
        losses=losses,
    )


def refuse_for_several(fields: Sequence[str], what: str) -> NoReturn:
    """Refuse to change several portfolios of one title: FOLIO's one value would replace what each has of its own."""
    raise DataError(
        f"{', '.join(fields)} {what} in FOLIO, where this is one title; in Alma it is several portfolios",
        advice="Change the portfolio that is meant in Alma itself; then both sides agree again.",
    )


def in_place_of(desired: Holding, current: Holding) -> Holding:
    """Return the holding as it shall be, where the portfolio is that shall become so."""
    return replace(
        desired,
        key=current.key,
        package_key=current.package_key,
        service_key=current.service_key,
        title_key=current.title_key,
        managed=current.managed,
    )


def kept(desired: Holding, current: Holding, full: Holding) -> tuple[Holding, tuple[Loss, ...]]:
    """Keep what FOLIO cannot speak of: an address that Alma makes at each click, a rolling wall; and of a portfolio
    that exists what only another vendor's knowledge base says of it (mapping: url, coverage).
    """
    losses: tuple[Loss, ...] = ()
    if current.url is None or full.managed:
        words = "Alma makes the address at each click" if current.url is None else "it is the vendor's own address"
        if desired.url and desired.url != current.url:
            losses = (Loss("url", desired.url, f"{words}; Alma's is left as it is"),)
        desired = replace(desired, url=None)
    if current.managed and full.vendor_coverage:
        desired = replace(desired, coverage=current.coverage)
    if current.managed and full.vendor_embargo:
        desired = replace(desired, embargo=current.embargo)
    rolling = current.embargo is not None and current.embargo.kind is EmbargoKind.ROLLING
    if desired.embargo is None and rolling:
        desired = replace(desired, embargo=current.embargo)
    return desired, losses
