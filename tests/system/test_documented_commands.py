"""What README and docs tell people to type works: their shell blocks are run, their other commands exist."""

import os
import re
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from sync.folio import errors
from sync.store.postgres_binaries import find_binaries
from tests.support.commands import REPOSITORY, Place, configuration, custom_titles
from tests.support.databases import Databases, open_folder, psycopg_address
from tests.support.documents.commands import PROGRAM, commands_in_the_text, refusal, shell_lines
from tests.support.libraries import plain_library
from tests.support.practice import Systems, practice_systems

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "deploy" / "README.md"]
NOTHING: Mapping[str, Callable[[], Awaitable[None]]] = {}
ANSWERS = "yes\n" * 3
"""What a person types who is asked; those who are not asked never see it."""


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(plain_library((5, 3))) as running:
        yield running


def program_in(folder: Path) -> dict[str, str]:
    """Put the program where `make install` puts it; return the environment in which it and Postgres's are found."""
    program = folder / ".venv" / "bin" / PROGRAM
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sync "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), str(find_binaries().folder), os.environ["PATH"]])
    return {"PYTHONPATH": str(REPOSITORY), "PATH": path}


@pytest.fixture
async def desk(tmp_path: Path, systems: Systems, databases: Databases) -> AsyncIterator[Place]:
    """Give a folder with a configuration, where the program is found by its name, and Postgres's own programs too."""
    async with databases.fresh() as url:
        plain, name = psycopg_address(url), make_url(url).database
        place = Place(
            folder=tmp_path,
            command=("bash", "-c"),
            environment={
                **program_in(tmp_path),
                "DATABASE_URL": plain,
                "RESTORED_URL": plain.replace(f"/{name}?", "/alma_folio_sync_restored?"),
            },
        )
        place.configure(configuration(systems, url).replace('data_dir = "data"\n', ""))
        yield place


async def run_line(place: Place, command: str, code: int = 0) -> str:
    """Run a line as a person would, and return what was shown."""
    async with place.on_terminal(command) as terminal:
        terminal.type(ANSWERS)
        ended = await terminal.ended()
    assert ended == code, f"{command}\n{terminal.shown}"
    return terminal.shown


async def run_blocks(place: Place, page: Path, *, after: Mapping[str, Callable[[], Awaitable[None]]] = NOTHING) -> None:
    """Run the lines of a page's shell blocks; `after` is what happens after the command that begins so."""
    for line in shell_lines(page):
        command = line.command
        if "RUN" in command.split():
            command = command.replace("RUN", str(await latest_writing_run(place)))
        if command.startswith("make "):
            command = f"{command} --dry-run --directory {shlex.quote(str(REPOSITORY))}"  # it is there; CI runs it
        await run_line(place, command, line.code)
        for beginning, happens in after.items():
            if command.startswith(beginning):
                await happens()


async def latest_writing_run(place: Place) -> int:
    answer = await place.run(f"{PROGRAM} runs --format json")
    return next(one["run_id"] for one in answer.json["runs"] if (one["result"] or {}).get("verified"))


async def test_the_operating_guide_works_from_the_first_run_to_undo_and_a_back_up_restores(
    desk: Place, systems: Systems
) -> None:
    async def work_goes_on() -> None:
        """After the back-up Alma changes, and the change arrives in FOLIO: the back-up knows nothing of it."""
        (bib, *_) = systems.alma.bibs()
        (held, *_) = systems.alma.portfolios(mms_id=str(bib["mms_id"]))
        systems.alma.edit_portfolio(str(held["id"]), linking_details={"static_url": "jkey=https://later.invalid"})
        answer = await desk.run(f"{PROGRAM} sync --yes")
        assert answer.code == 0, answer.err
        assert "https://later.invalid" in [one.resource.url for one in systems.folio.resources()]

    try:
        await run_blocks(desk, REPOSITORY / "docs" / "operating.md", after={"pg_dump": work_goes_on})
    finally:
        await desk.run('dropdb --if-exists --force --maintenance-db="$DATABASE_URL" alma_folio_sync_restored')
    assert "collection" in (desk.folder / "plan.txt").read_text(encoding="utf-8").lower()
    assert "https://later.invalid" not in [one.resource.url for one in systems.folio.resources()]  # taken back
    assert len(custom_titles(systems)) == 8


async def test_a_copied_folder_of_the_embedded_postgres_restores(systems: Systems) -> None:
    with open_folder() as folder:
        place = Place(folder=folder, command=("bash", "-c"), environment=program_in(folder))
        place.configure(re.sub(r"\[database\].*?\n\n", "", configuration(systems, ""), flags=re.DOTALL))
        await run_line(place, f"{PROGRAM} migrate --from alma --to folio --yes")
        (copied,) = [one for one in shell_lines(REPOSITORY / "docs" / "operating.md") if one.command.startswith("cp ")]
        await run_line(place, copied.command)
        await run_line(place, "rm -rf .alma-folio-sync && mv alma-folio-sync.copy .alma-folio-sync")
        shown = await run_line(place, f"{PROGRAM} status")
        assert "linked: 8 holdings, 2 packages, 8 titles" in shown
        assert "Nothing to do" in await run_line(place, f"{PROGRAM} migrate --from alma --to folio")


async def test_the_readme_runs(desk: Place) -> None:
    titles = "publication_title\tonline_identifier\ttitle_url\tdate_first_issue_online\n"
    titles += "Harbour Studies\t0378-5955\thttps://one.invalid\t1998\n"
    (desk.folder / "my-list.tsv").write_text(titles, encoding="utf-8")
    await run_blocks(desk, REPOSITORY / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_each_command_that_a_page_names_is_one(page: Path) -> None:
    wrong = [f"{' '.join(words)}: {why}" for words in commands_in_the_text(page) if (why := refusal(words))]
    assert wrong == []


def test_commands_that_do_not_exist_are_noticed() -> None:
    assert refusal(["migrat"]) != ""
    assert refusal(["plan", "shaw", "7"]) != ""
    assert refusal(["migrate", "--from", "alma", "--too", "folio"]) != ""
    assert refusal(["plan", "show", "7", "--withheld"]) == ""


def permissions(*tasks: str) -> frozenset[str]:
    """Return the FOLIO permissions that the security page lists for what somebody wants to do."""
    page = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if "kb-ebsco." in line]
    assert len(rows) == 4
    return frozenset(
        name
        for row in rows
        if any(task in row for task in tasks)
        for name in re.findall(r"`(kb-ebsco\.[a-z.-]+)`", row)
    )


async def test_the_rights_that_the_security_page_names_are_enough_and_none_is_named_in_vain(
    desk: Place, systems: Systems
) -> None:
    look, write, tags, remove = "look (", "write to FOLIO", "set tags", "remove in FOLIO"
    assert permissions(look, write, tags, remove) == {
        f"kb-ebsco.{permission}" for *_, permission in errors._PERMISSIONS
    }
    settings = desk.folder / "alma-folio-sync.toml"
    desk.configure(settings.read_text(encoding="utf-8") + '\n[pairs.main.policy]\ntags = ["from-alma"]\n')

    systems.folio.switches.permissions = permissions(look)
    for command, code in (("check", 0), ("diff --from alma --to folio", 3), ("match", 0), ("audit", 3)):
        await run_line(desk, f"{PROGRAM} {command}", code)
    refused = await desk.run(f"{PROGRAM} migrate --from alma --to folio --yes")
    assert "kb-ebsco.packages.collection.post" in refused.out + refused.err
    assert custom_titles(systems) == []
    await run_line(desk, f"{PROGRAM} migrate --from folio --to alma --yes")

    systems.folio.switches.permissions = permissions(look, write, tags)
    await run_line(desk, f"{PROGRAM} migrate --from alma --to folio --yes")
    run = await latest_writing_run(desk)
    systems.folio.switches.permissions = permissions(look, write, remove)
    await run_line(desk, f"{PROGRAM} undo {run} --yes")
    assert custom_titles(systems) == []
