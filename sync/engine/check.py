"""check: prove that keys, rights, quota, code maps, schema and clocks are fine, before anything is read or written."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.client import AlmaClient
from sync.alma.codes import interpret
from sync.alma.extractor import proxy_codes
from sync.engine.work import open_clients, open_search_of
from sync.errors import ConfigurationError, SyncError
from sync.folio.client import FolioClient
from sync.folio.fit import NO_PROXY
from sync.model import Identifier, IdentifierKind
from sync.settings import Maps, Pair
from sync.store.schema import current_revision

CLOCK_TOLERANCE_SECONDS = 60
TRY_NUMBER = Identifier(IdentifierKind.ISSN, "0028-0836")
"""Any number will do: what is tried is whether the search answers."""


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried, and what to do where it did not work."""

    name: str
    state: CheckState
    detail: str
    advice: str = ""


async def check(database: AsyncEngine, pair: Pair) -> list[Check]:
    """Return every check of a pair. Costs a dozen calls to Alma and three of EBSCO's."""
    checks = [await _try("database", lambda: _schema(database))]
    async with open_clients(pair, database) as (alma, folio):
        checks += await _alma(alma, pair)
        checks += await _folio(folio, pair)
    return checks


async def require_maps(folio: FolioClient, maps: Maps) -> None:
    """Refuse to begin with a code map that leads to nothing, since every record would be refused for it.

    Raises:
        ConfigurationError: naming what FOLIO does not know.
    """
    checks = [await _proxies(folio, maps)] if maps.proxies else []
    checks += [await _access_types(folio, maps)] if maps.access_types else []
    for one in checks:
        if one.state is CheckState.FAILED:
            raise ConfigurationError(f"{one.name}: {one.detail}.", advice=one.advice)


async def _try(name: str, work: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await work()
    except SyncError as error:
        return Check(name=name, state=CheckState.FAILED, detail=error.message, advice=error.advice)


async def _schema(database: AsyncEngine) -> Check:
    current, newest = await current_revision(database)
    if current == newest:
        return Check(name="database", state=CheckState.OK, detail=f"schema {current}")
    return Check(
        name="database",
        state=CheckState.FAILED,
        detail=f"schema {current or 'empty'}, this version needs {newest}",
        advice="Run: alma-folio-sync db upgrade",
    )


async def _alma(alma: AlmaClient, pair: Pair) -> list[Check]:
    checks = []
    try:
        for area in await alma.test_access():
            advice = f"In the Ex Libris Developer Network, give the key read access to the area {area.area}."
            needed = area.area != "Configuration"
            worst = CheckState.FAILED if needed else CheckState.WARNING
            checks.append(
                Check(
                    name=f"Alma {area.area}",
                    state=CheckState.OK if area.works else worst,
                    detail="readable" if area.works else area.reason,
                    advice="" if area.works else advice,
                )
            )
    except SyncError as error:
        return [Check(name="Alma", state=CheckState.FAILED, detail=error.message, advice=error.advice)]
    checks.append(_quota(alma.remaining_calls, pair.alma.daily_reserve))
    checks.append(await _try("Alma clock", lambda: _clock("Alma", alma)))
    checks.append(await _try("Alma codes", lambda: _codes(alma, pair.maps)))
    if pair.maps.proxies:
        checks.append(await _try("Alma proxies", lambda: _alma_proxies(alma, pair.maps)))
    if pair.alma.sru_url is not None:
        checks.append(await _try("Alma search (SRU)", lambda: _search(pair)))
    return checks


async def _alma_proxies(alma: AlmaClient, maps: Maps) -> Check:
    """Tell which proxies of the map Alma does not know: on the way to Alma their records would be parked."""
    known = await proxy_codes(alma)
    unknown = sorted(set(maps.proxies) - known) if known is not None else []
    if known is None:
        detail = "the key may not read the proxies (area Configuration)"
        return Check(name="Alma proxies", state=CheckState.WARNING, detail=detail)
    if not unknown:
        return Check(name="Alma proxies", state=CheckState.OK, detail=f"{len(maps.proxies)} mapped, all known")
    return Check(
        name="Alma proxies",
        state=CheckState.WARNING,
        detail=f"Alma does not know: {', '.join(unknown)}",
        advice=f"Correct [pairs.NAME.maps.proxies]; Alma knows: {', '.join(sorted(known)) or 'none'}",
    )


async def _search(pair: Pair) -> Check:
    name = "Alma search (SRU)"
    async with open_search_of(pair) as search:
        if search is None:
            return Check(name=name, state=CheckState.WARNING, detail="no address")
        await search.titles_numbered([TRY_NUMBER])
    return Check(name=name, state=CheckState.OK, detail="answers")


def _quota(remaining: int | None, reserve: int) -> Check:
    if remaining is None:
        return Check(name="Alma quota", state=CheckState.WARNING, detail="Alma does not tell how many calls are left")
    enough = remaining > reserve
    return Check(
        name="Alma quota",
        state=CheckState.OK if enough else CheckState.WARNING,
        detail=f"{remaining:,} calls left today, {reserve:,} of them are kept in reserve",
        advice="" if enough else "Wait until midnight UTC, or lower daily_reserve.",
    )


async def _codes(alma: AlmaClient, maps: Maps) -> Check:
    """Tell which codes of the institution the product would not understand."""
    coverage = (await alma.code_table("CoverageInUse")).model
    operators = (await alma.code_table("MovingWallOperator")).model
    codes = interpret(
        coverage_table={row.code: row.description for row in coverage.row},
        operator_table={row.code: row.description for row in operators.row},
        coverage_in_use=maps.coverage_in_use,
        embargo_operators=maps.embargo_operators,
        material_types=maps.material_types,
    )
    unknown = [
        f"coverage in use {row.code!r} ({row.description})"
        for row in coverage.row
        if row.code not in codes.coverage_in_use
    ]
    unknown += [
        f"embargo operator {row.code!r} ({row.description})"
        for row in operators.row
        if row.code not in codes.embargo_operators
    ]
    if not unknown:
        return Check(name="Alma codes", state=CheckState.OK, detail="all codes of coverage and embargo are understood")
    return Check(
        name="Alma codes",
        state=CheckState.WARNING,
        detail="not understood: " + "; ".join(unknown),
        advice="Say what they mean in [pairs.NAME.maps.coverage_in_use] and [pairs.NAME.maps.embargo_operators].",
    )


async def _folio(folio: FolioClient, pair: Pair) -> list[Check]:
    login = await _try("FOLIO login and EBSCO key", lambda: _status(folio))
    if login.state is CheckState.FAILED:
        return [login]
    return [
        login,
        await _try("FOLIO packages", lambda: _packages(folio)),
        await _try("FOLIO clock", lambda: _clock("FOLIO", folio)),
        await _try("proxy map", lambda: _proxies(folio, pair.maps)),
        await _try("access type map", lambda: _access_types(folio, pair.maps)),
    ]


async def _status(folio: FolioClient) -> Check:
    if await folio.status():
        return Check(name="FOLIO login and EBSCO key", state=CheckState.OK, detail="both work")
    return Check(
        name="FOLIO login and EBSCO key",
        state=CheckState.FAILED,
        detail="the login works, but the EBSCO credentials behind it do not",
        advice="In FOLIO: Settings > eHoldings > Knowledge base credentials, and assign this user to them.",
    )


async def _packages(folio: FolioClient) -> Check:
    page = await folio.list_packages(1, count=1, selected=True)
    return Check(name="FOLIO packages", state=CheckState.OK, detail=f"{page.total or 0:,} packages selected")


async def _proxies(folio: FolioClient, maps: Maps) -> Check:
    known = {one.model.id for one in (await folio.proxy_types()).records} | {NO_PROXY}
    return _mapped("proxy map", "proxies", maps.proxies, known)


async def _access_types(folio: FolioClient, maps: Maps) -> Check:
    known = {one.model.id for one in (await folio.access_types()).records}
    return _mapped("access type map", "access_types", maps.access_types, known)


def _mapped(name: str, section: str, mapped: dict[str, str], known: set[str]) -> Check:
    wrong = sorted(set(mapped.values()) - known)
    if not wrong:
        return Check(name=name, state=CheckState.OK, detail=f"{len(mapped)} mapped")
    return Check(
        name=name,
        state=CheckState.FAILED,
        detail=f"FOLIO does not know: {', '.join(wrong)}",
        advice=f"Correct [pairs.NAME.maps.{section}]; FOLIO knows: {', '.join(sorted(known)) or 'none'}",
    )


async def _clock(system: str, client: AlmaClient | FolioClient) -> Check:
    path = "/almaws/v1/bibs/test" if isinstance(client, AlmaClient) else "/eholdings/status"
    answer = await client.connection.read(path, cost=0, readable=lambda _: True)
    name = f"{system} clock"
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return Check(name=name, state=CheckState.WARNING, detail="the system does not tell its time")
    seconds = abs((datetime.now(UTC) - theirs).total_seconds())
    fine = seconds <= CLOCK_TOLERANCE_SECONDS
    return Check(
        name=name,
        state=CheckState.OK if fine else CheckState.WARNING,
        detail=f"{seconds:.0f} seconds apart from this machine's",
        advice="" if fine else "Set this machine's clock (NTP): the day's quota is counted by it.",
    )
