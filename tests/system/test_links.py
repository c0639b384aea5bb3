"""The cross-walk: which records belong together, listed, exported, corrected by a file, taken up by the next run."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.cli import cli
from sync.engine.crosswalk import Imported, import_links
from sync.errors import ConfigurationError
from sync.model import Kind
from sync.plan.crosswalk import COLUMNS
from sync.store.crosswalk import Proposal, Search, named_links
from sync.store.database import engine_for
from sync.store.links import Link, add_links, store_links
from sync.store.runs import RunState, pair_lock, recent_runs
from sync.store.tables import link, parked
from tests.support.commands import Ended, Place, configuration, writes
from tests.support.databases import Databases
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, all_done, changes, run_diff, run_migration
from tests.support.practice import Systems, practice_systems

FORMULA = '=HYPERLINK("https://example.org", "Aa")'
LIBRARY = library(
    [journal(0), journal(1), journal(2, title=FORMULA), journal(3)],
    collection("Harbour Online", [portfolio(0), portfolio(1), portfolio(2)]),
    collection("Freshwater Online", [portfolio(3)]),
)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of the library's records: A is Alma's, F FOLIO's; P a package, T a title, H a holding, by number."""

    known: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.known[name]

    def row(self, kind: str, alma: str, folio: str) -> list[str]:
        """Return a row in which these names stand for ids; other texts stand for themselves."""
        return [kind, self.known.get(alma, alma), self.known.get(folio, folio)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Two systems that agree, the database that knows it, and the command."""

    place: Place
    systems: Systems
    database: AsyncEngine
    ids: Ids

    async def import_(self, rows: Iterable[Sequence[str]], *more: str) -> Ended:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        (self.place.folder / "corrected.csv").write_bytes(text.getvalue().encode())
        return await self.place.run("links", "import", "corrected.csv", *more)

    async def all_links(self) -> list[dict[str, Any]]:
        async with self.database.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(link).order_by(link.c.id))).mappings()]

    async def open_links(self) -> dict[tuple[str, str], str]:
        links = await self.all_links()
        return {(one["kind"], one["alma_id"]): one["folio_id"] for one in links if one["closed_at"] is None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Two systems after a migration, and databases to begin with: of then, and with both read once more."""

    systems: Systems
    ids: Ids
    migrated: str
    read_again: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def agreed(databases: Databases) -> AsyncIterator[Agreed]:
    """Give what all tests here begin with; none of them writes to a system."""
    with practice_systems(LIBRARY) as systems:
        async with databases.fresh() as migrated:
            async with engine_for(migrated) as database:
                assert all_done(await run_migration(database, systems, systems.pair()))
            async with databases.fresh(template=_name(migrated)) as read_again:
                async with engine_for(read_again) as database:
                    await run_diff(database, systems)
                yield Agreed(systems=systems, ids=_ids(systems), migrated=_name(migrated), read_again=_name(read_again))


def _name(url: str) -> str:
    return make_url(url).database or ""


def _ids(systems: Systems) -> Ids:
    alma, folio = systems.alma, systems.folio
    known: dict[str, str] = {}
    for number in range(4):
        mms_id = known[f"AT{number}"] = alma.mms_id(f"bib:{number}")
        known[f"AH{number}"] = next(str(one["id"]) for one in alma.portfolios(mms_id=mms_id))
        resource = next(one for one in folio.resources() if one.title.name == LIBRARY.bibs[number].title)
        known[f"FH{number}"], known[f"FT{number}"] = resource.id, resource.id.rpartition("-")[2]
    for number, name in enumerate(("Harbour Online", "Freshwater Online")):
        known[f"AP{number}"] = next(str(one["id"]) for one in alma.collections() if one["public_name"] == name)
        known[f"FP{number}"] = next(one.id for one in folio.packages() if one.package.name == name)
    known["FT1 in FP1"] = f"{known['FP1']}-{known['FT1']}"
    return Ids(known)


@asynccontextmanager
async def _desk(agreed: Agreed, databases: Databases, template: str, folder: Path) -> AsyncIterator[Desk]:
    async with databases.fresh(template=template) as url, engine_for(url) as database:
        place = Place(folder=folder)
        place.configure(configuration(agreed.systems, url))
        yield Desk(place=place, systems=agreed.systems, database=database, ids=agreed.ids)


@pytest.fixture
async def desk(agreed: Agreed, databases: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give two systems that agree, both read after all that was written."""
    async with _desk(agreed, databases, agreed.read_again, tmp_path) as made:
        yield made


@pytest.fixture
async def unread_desk(agreed: Agreed, databases: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give two systems that agree, read before the first write only."""
    async with _desk(agreed, databases, agreed.migrated, tmp_path) as made:
        yield made


def rows_in(data: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


# --- the command


async def test_what_is_exported_is_imported_without_a_change(unread_desk: Desk) -> None:
    desk = unread_desk
    before, ids = await desk.all_links(), desk.ids
    exported = await desk.place.run("links", "export", "--output", "new/links.csv")
    assert (exported.code, exported.out) == (0, "")
    data = (desk.place.folder / "new" / "links.csv").read_bytes().decode()
    header, *rows = rows_in(data)
    assert tuple(header) == COLUMNS
    assert data.count("\r\n") == data.count("\n") == len(rows) + 1 == 11
    assert ["holding", ids["AH1"], ids["FH1"], "created with its title", "Harbour Online", journal(1).title] in rows
    assert ["package", ids["AP1"], ids["FP1"], "created", "Freshwater Online", "Freshwater Online"] in rows
    assert ["title", ids["AT2"], ids["FT2"], "created", "", f"'{FORMULA}"] in rows

    same = await desk.import_(rows_in(data), "--yes", "--format", "json")
    assert same.code == 0
    run_id = same.json.pop("run_id") if (answer := same.json) else 0
    assert {**answer, "run_id": run_id} == {
        "run_id": run_id, "approved": True, "set": 0, "changed": 0, "separated": 0, "unchanged": 10, "left_behind": 0,
    }  # fmt: skip
    assert "Nothing to change: 10 links" in same.err
    assert await desk.all_links() == before


async def test_links_are_listed_by_kind_and_name(unread_desk: Desk) -> None:
    desk, ids = unread_desk, unread_desk.ids
    listed, found = await asyncio.gather(
        desk.place.run("links", "list", "--limit", "2", "--format", "json"),
        desk.place.run("links", "list", "--kind", "holding", "--package", "HARBOUR", "--name", "journal 1"),
    )
    first, second = listed.json["links"]
    assert (first["name"], first["package"], first["agreed"]) == ("Harbour Online", "Harbour Online", True)
    assert (second["alma_id"], second["folio_id"]) == (ids["AP1"], ids["FP1"])
    assert set(first) == {*COLUMNS, "agreed", "made_at"}
    assert listed.json["more"] is True
    (line,) = found.out.splitlines()
    assert f"{ids['AH1']} = {ids['FH1']}" in line
    assert f"{journal(1).title}  in Harbour Online  created with its title  agreed  " in line
    async with desk.database.begin() as connection:
        await connection.execute(text("update link set how = E'\\x1b]0;owned\\x07' where kind = 'package'"))
    loud = await asyncio.gather(*(desk.place.run("links", verb, "--kind", "package") for verb in ("list", "export")))
    for answer in loud:
        assert " ]0;owned " in answer.out
        assert "\x1b" not in answer.out  # and so nothing commands a terminal
    (by_name,) = [one async for one in named_links(desk.database, PAIR, Search(kinds=list(Kind), name="=hyperlink("))][
        :1
    ]
    assert (by_name.kind, by_name.name) == (Kind.TITLE, FORMULA)


async def test_corrected_links_are_taken_up_by_the_next_run(desk: Desk) -> None:
    ids, written = desk.ids, writes(desk.systems)
    before = {one["id"]: one for one in await desk.all_links()}
    exchanged = {("title", "AT0"): "FT1", ("title", "AT1"): "FT0", ("holding", "AH0"): "FH1", ("holding", "AH1"): "FH0"}
    corrected = [
        COLUMNS[:3],
        *(ids.row(*one, folio) for one, folio in exchanged.items()),
        ids.row("holding", "AH2", ""),
        ids.row("holding", "AH3", "FH3"),
    ]
    answer = await desk.import_(corrected, "--yes", "--format", "json")
    assert answer.code == 0, answer.err
    numbers = {name: answer.json[name] for name in ("set", "changed", "separated", "unchanged", "left_behind")}
    assert numbers == {"set": 0, "changed": 4, "separated": 1, "unchanged": 1, "left_behind": 0}
    assert "Links: 4 changed, 1 separated, 1 as before" in answer.err
    assert "the next sync takes them for records that meet for the first time" in answer.err
    assert writes(desk.systems) == written

    links = await desk.all_links()
    closed = {one["alma_id"]: one["how"] for one in links if one["closed_at"] is not None}
    assert set(closed) == {ids[one] for one in ("AT0", "AT1", "AH0", "AH1", "AH2")}
    assert closed[ids["AH1"]] == "created with its title"
    assert closed[ids["AH2"]] == "created with its title, separated"
    new = [one for one in links if one["id"] not in before]
    assert {(one["kind"], one["alma_id"]): one["folio_id"] for one in new} == {
        (kind, ids[alma]): ids[folio] for (kind, alma), folio in exchanged.items()
    }
    assert {(one["how"], one["run_id"]) for one in new} == {("imported", answer.json["run_id"])}
    (run,) = await recent_runs(desk.database, limit=1)
    assert (run.command, run.state, run.result) == (
        "links import", RunState.DONE, {"set": 0, "changed": 4, "separated": 1},
    )  # fmt: skip
    listed = await desk.place.run("links", "list", "--kind", "holding", "--format", "json")
    agreed = {one["alma_id"]: one["agreed"] for one in listed.json["links"]}
    assert agreed == {ids["AH0"]: False, ids["AH1"]: False, ids["AH3"]: True}

    # the corrected ones are compared anew, and stay; the separated one is matched anew
    ended = await run_diff(desk.database, desk.systems, desk.systems.pair())
    planned = {one.change.source_keys: one.change for one in await changes(desk.database, ended, kind=Kind.HOLDING)}
    assert planned[(ids["AH0"],)].target_id == ids["FH1"]
    after = await desk.open_links()
    assert {one: after[one] for one in [(one["kind"], one["alma_id"]) for one in new]} == {
        (one["kind"], one["alma_id"]): one["folio_id"] for one in new
    }
    assert after["holding", ids["AH2"]] == ids["FH2"]


async def test_a_wrong_file_is_refused_as_a_whole_with_every_mistake_by_its_row(desk: Desk) -> None:
    before, ids = await desk.all_links(), desk.ids
    rows = [
        COLUMNS,
        [*ids.row("title", "AT0", "FT1"), "", "", "a name\nof two lines"],
        [],
        [*ids.row("holding", "AH0", "FH0"), "", "", ""],
        [*ids.row("holding", "AH1", "12"), "", "", ""],
        [*ids.row("holding", "AH2", ""), "", "", ""],
        [*ids.row("title", "99123", "FT1"), "", "", ""],
    ]
    answer = await desk.import_(rows, "--yes")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert "nothing was changed: 3 mistakes" in answer.err
    shown = [line.strip() for line in answer.err.splitlines() if line.startswith("  row ")]
    assert [line.split(";")[0] for line in shown] == [
        f"row 4: folio_id: its bib {ids['AT0']} is linked to title {ids['FT1']}",
        "row 5: folio_id: '12' is no id of a holding in FOLIO",
        "row 7: alma_id: Alma, as it was last read, has no title 99123",
    ]
    assert "alma-folio-sync links export" in answer.err
    assert await desk.all_links() == before
    (run,) = await recent_runs(desk.database, limit=1)
    assert (run.command, run.state) == ("links import", RunState.FAILED)


async def test_it_asks_on_a_terminal_and_does_without_one_only_when_told(desk: Desk) -> None:
    ids = desk.ids
    silent = await desk.import_([COLUMNS[:3], ids.row("holding", "AH0", "")])
    assert silent.code == 1
    assert "--yes" in silent.err
    before = await desk.all_links()
    async with desk.place.on_terminal("links", "import", "corrected.csv") as terminal:
        await terminal.sees("Take this file over? [y/N]")
        assert "Links: 1 separated" in terminal.shown
        terminal.type("n\n")
        assert await terminal.ended() == 0
        assert "Nothing was changed" in terminal.shown
    assert await desk.all_links() == before
    async with desk.place.on_terminal("links", "import", "corrected.csv") as terminal:
        await terminal.sees("Take this file over? [y/N]")
        locked = await desk.place.run("links", "import", "corrected.csv", "--yes")
        assert (locked.code, "links import" in locked.err) == (5, True)
        terminal.type("y\n")
        assert await terminal.ended() == 0
    assert await desk.open_links() == {
        (one["kind"], one["alma_id"]): one["folio_id"] for one in before if one["alma_id"] != ids["AH0"]
    }


def test_the_help_of_every_command_shows_examples() -> None:
    for command in ((), ("list",), ("export",), ("import",)):
        answer = CliRunner().invoke(cli, ["links", *command, "--help"])
        assert answer.exit_code == 0
        assert "Examples:" in answer.output


# --- what the readings and the other links tell


async def yes(proposal: Proposal) -> bool:
    return True


async def taken(desk: Desk, *rows: tuple[str, str, str]) -> Imported:
    return await import_links(desk.database, PAIR, [COLUMNS[:3], *(desk.ids.row(*one) for one in rows)], yes)


async def refused(desk: Desk, *rows: tuple[str, str, str]) -> list[str]:
    """Return the mistakes for which the rows are refused, "" for none; nothing is changed by them."""
    before = await desk.all_links()
    with pytest.raises(ConfigurationError) as error:
        await taken(desk, *rows)
    assert await desk.all_links() == before
    return error.value.message.splitlines()[1:]


async def test_each_guard_refuses_what_it_is_there_for(desk: Desk) -> None:
    ids = desk.ids
    gone = f"{ids['FP0']}-4711"
    cases = {
        (("title", "AT0", "FT0"), ("title", "AT0", "FT0")): [f"row 3: alma_id: title {ids['AT0']} stands in row 2 too"],
        (("title", "AT0", "4711"),): ["row 2: folio_id: FOLIO, as it was last read, has no title 4711"],
        (("package", "AP0", "1-2"), ("holding", "AH0", ""), ("holding", "AH1", ""), ("holding", "AH2", "")): [
            "row 2: folio_id: FOLIO, as it was last read, has no package 1-2"
        ],
        (("title", "4711", ""),): ["row 2: alma_id: Alma, as it was last read, has no title 4711"],
        (("package", "AP0", "FP1"),): [f"row 2: folio_id: collection {ids['AP1']} would be linked to {ids['FP1']} too"],
        (("holding", "AH1", "FT1 in FP1"),): [
            f"row 2: folio_id: FOLIO, as it was last read, has no holding {ids['FT1 in FP1']}",
            f"row 2: folio_id: its collection {ids['AP0']} is linked to package {ids['FP0']}",
        ],
        (("holding", "AH0", "FH1"),): [f"row 2: folio_id: its bib {ids['AT0']} is linked to title {ids['FT0']}"],
        # the row of the holding is as before, its package and its title are not
        (("package", "AP0", ""), ("holding", "AH0", "FH0")): [
            f"row 3: folio_id: its collection {ids['AP0']} is linked to no package"
        ],
        (("title", "AT0", ""), ("holding", "AH0", "FH0")): [
            f"row 3: folio_id: its bib {ids['AT0']} is linked to no title"
        ],
        # of a title that cannot be read nobody knows whether it is the right one
        (("title", "AT0", "x"), ("holding", "AH0", "FH1")): ["row 2: folio_id: 'x' is no id of a title in FOLIO"],
        (("holding", "AH0", gone),): [
            f"row 2: folio_id: FOLIO, as it was last read, has no holding {gone}",
            f"row 2: folio_id: its bib {ids['AT0']} is linked to title {ids['FT0']}",
        ],
    }
    for rows, words in cases.items():
        found = await refused(desk, *rows)
        assert len(found) == len(words), found
        for line, start in zip(found, words, strict=True):
            assert line.strip().startswith(start), line


async def test_what_is_allowed_is_not_refused(desk: Desk) -> None:
    # packages change places; those of their holdings that the file does not name are counted
    swapped = await taken(
        desk,
        ("package", "AP0", "FP1"), ("package", "AP1", "FP0"), ("holding", "AH0", ""), ("holding", "AH1", ""),
    )  # fmt: skip
    assert swapped.proposal == Proposal(changed=2, separated=2, left_behind=2)
    back = await taken(
        desk,
        ("package", "AP0", "FP0"), ("package", "AP1", "FP1"), ("holding", "AH0", "FH0"), ("holding", "AH1", "FH1"),
    )  # fmt: skip
    assert back.proposal == Proposal(set=2, changed=2)
    # a record that is gone in Alma can be separated, and keeps its package from nobody
    gone = [
        Link(kind=Kind.PACKAGE, alma_id="61", folio_id=desk.ids["FP1"], how="name"),
        Link(kind=Kind.HOLDING, alma_id="53", folio_id=desk.ids["FH3"], how="name"),
        Link(kind=Kind.TITLE, alma_id="99", folio_id="8888", how="name"),
    ]
    await store_links(desk.database, PAIR, 1, gone)
    async with desk.database.begin() as connection:
        await connection.execute(text("update link set made_at = '2020-01-01' where alma_id in ('61', '53', '99')"))
    for row in (("holding", "53", "FH2"), ("title", "AT1", "8888")):  # an old link proves nothing
        assert "as it was last read, has no" in (await refused(desk, row))[0]
    await taken(desk, ("package", "AP1", ""))
    await taken(desk, ("package", "AP1", "FP1"), ("holding", "53", ""))
    # what was linked since the reading is there, and so is what was parked
    await store_links(desk.database, PAIR, 1, [Link(kind=Kind.TITLE, alma_id="99777", folio_id="7777", how="created")])
    await taken(desk, ("title", "99777", "FT0"), ("title", "AT1", "7777"))
    async with desk.database.begin() as connection:
        run_id = (await connection.execute(text("select max(run_id) from snapshot"))).scalar_one()
        for system, key in (("alma", "99123"), ("folio", "4711")):
            values = {"run_id": run_id, "system": system, "kind": "title", "key": key}
            await connection.execute(parked.insert().values(**values, name="", field="", reason="", advice=""))
    await taken(desk, ("title", "99123", "FT1"), ("title", "AT0", "4711"))


async def test_only_a_complete_reading_tells_what_is_not_there(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        await connection.execute(text("update snapshot set state = 'incomplete'"))
    assert (await taken(desk, ("title", "AT0", "4711"), ("title", "99123", "FT0"))).proposal.changes == 2
    (wrong,) = await refused(desk, ("holding", "AH1", "FH2"))  # what it does hold still tells where a portfolio stands
    assert "is linked to title" in wrong
    async with desk.database.begin() as connection:
        await connection.execute(text("update snapshot set state = 'reading'"))
    assert (await taken(desk, ("holding", "AH1", "FH2"))).proposal == Proposal(changed=1)


async def test_a_title_of_the_knowledge_base_is_marked_so_that_it_is_never_written(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        await connection.execute(
            text("""
                with body as (
                  select p.hash, replace(p.body::text, '"managed"\\:false', '"managed"\\:true') as body
                  from payload p join entry e on e.hash = p.hash where e.kind = 'title' and e.key = :key
                )
                update payload set body = cast(body.body as json) from body where payload.hash = body.hash
            """),
            {"key": desk.ids["FT1"]},
        )
    await taken(desk, ("title", "AT0", "FT1"), ("title", "AT2", "FT3"))
    marks = {one["alma_id"]: one["managed"] for one in await desk.all_links() if one["how"] == "imported"}
    assert marks == {desk.ids["AT0"]: 1, desk.ids["AT2"]: 0}


async def test_links_that_changed_while_somebody_was_asked_are_left_alone(desk: Desk) -> None:
    other = Link(kind=Kind.TITLE, alma_id=desk.ids["AT0"], folio_id="4711", how="name")

    async def change(proposal: Proposal) -> bool:
        async with desk.database.begin() as connection:
            await add_links(connection, PAIR, 1, [other])
        return True

    rows = [COLUMNS[:3], desk.ids.row("title", "AT1", ""), desk.ids.row("title", "AT0", "")]
    with pytest.raises(Exception, match="changed the links in the meantime"):
        await import_links(desk.database, PAIR, rows, change)
    links = await desk.open_links()
    assert (links["title", desk.ids["AT0"]], links["title", desk.ids["AT1"]]) == ("4711", desk.ids["FT1"])
    async with pair_lock(desk.database, PAIR):
        pass
