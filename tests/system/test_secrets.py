"""No key, password or token leaves the process: not in output, logs, reports, the database, files or error texts.

Each secret is marked, everything is run, and every place is searched for each mark, also in encoded spellings.
"""

import asyncio
import base64
import json
import struct
import traceback
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from sync.errors import ConfigurationError
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.seed import SeedRange
from sync.settings import Settings, load_settings
from tests.support.commands import DIRECTION, Ended, Place, answering, configuration
from tests.support.databases import psycopg_address
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.practice import Systems, practice_systems

API_KEY = "l7xx-mark/alma+key=7Q"
PASSWORD = 'mark folio&"pass"%\\7Q'  # noqa: S105
DATABASE_PASSWORD = "mark-data:base@pass/7Q"  # noqa: S105
SECRETS = {"API key": API_KEY, "FOLIO password": PASSWORD, "database password": DATABASE_PASSWORD}
MIGRATE = ("migrate", *DIRECTION, "--yes")
DEBUG = ("--log-level", "debug", "--log-format")
FAULTS = Faults(fail_before=0.08, fail_after=0.04, drop_before=0.04, drop_after=0.04)
BAD_RANGE = SeedRange(from_year="2011", until_year="2005")
LIBRARY = library(
    [journal(number) for number in range(6)],
    collection("Tides", [*(portfolio(number) for number in range(5)), portfolio(5, local_coverage=(BAD_RANGE,))]),
)


# --- searching


def spellings(secret: str) -> set[bytes]:
    """Return the secret as it stands, and as it looks in addresses, JSON, Python, hexadecimal and base64."""
    plain = secret.encode()
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), quote(quote(secret, safe=""), safe="")}
    texts |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1], plain.hex()}
    found = {text.encode() for text in texts}
    for before in range(3):  # base64 looks different according to where in its triplet a text begins
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * before + plain)
            found.add(encoded[-(-before * 8 // 6) : len(plain) * 8 // 6 + before])
    return found


def leaks(content: bytes | str, secrets: Mapping[str, str] = SECRETS) -> list[str]:
    """Return the names of the secrets that the content holds in any spelling."""
    searched = content.encode() if isinstance(content, str) else content
    return [name for name, secret in secrets.items() if any(one in searched for one in spellings(secret))]


def leaks_of(answers: Iterable[Ended], secrets: Mapping[str, str] = SECRETS) -> list[str]:
    """Return the names of the secrets that the commands printed."""
    return [leak for answer in answers for leak in leaks(answer.out + answer.err, secrets)]


async def dump(database_url: str) -> bytes:
    """Return every value of every table as text."""
    columns = (
        "select table_name, array_agg(column_name::text) from information_schema.columns "
        "where table_schema = 'public' group by 1 order by 1"
    )
    found = []
    async with await psycopg.AsyncConnection.connect(psycopg_address(database_url)) as connection:
        for table, names in await (await connection.execute(columns)).fetchall():
            texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
            rows = await connection.execute(sql.SQL("select {} from {}").format(texts, sql.Identifier(table)))
            found += ["\n".join(value or "" for value in row) for row in await rows.fetchall()]
    return "\n".join(found).encode()


def files_below(folder: Path) -> Mapping[str, bytes]:
    """Return the content of every file below the folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tokens_of(systems: Systems) -> dict[str, str]:
    """Return every token that FOLIO gave away."""
    given = [*systems.folio.login._access, *systems.folio.login._refresh]
    return {f"token {number}": token for number, token in enumerate(given)}


# --- the setting


def with_password(database_url: str) -> str:
    """Return the address with the marked password; the server of the tests knows its callers without one."""
    return make_url(database_url).set(password=DATABASE_PASSWORD).render_as_string(hide_password=False)


@asynccontextmanager
async def desk(folder: Path, database_url: str) -> AsyncIterator[tuple[Place, Systems]]:
    """Give a working directory whose configuration holds every marked secret, and the systems it leads to."""
    alma = AlmaSwitches(requests_per_second=0, api_key=API_KEY)
    with practice_systems(LIBRARY, alma=alma, folio=FolioSwitches(daily_calls=0, password=PASSWORD)) as systems:
        place = Place(folder=folder)
        address = with_password(database_url)
        place.configure(configuration(systems, address, api_key=API_KEY, password=PASSWORD))
        yield place, systems


@asynccontextmanager
async def refusing_postgres() -> AsyncIterator[int]:
    """Give the port of a server that asks for the password, refuses it, and repeats it in its complaint."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = 3 << 16
        while (code := struct.unpack("!II", await reader.readexactly(8))[1]) != protocol:
            assert code in (80877103, 80877104)  # may we speak TLS, may we speak GSSAPI?
            writer.write(b"N")
        await reader.readuntil(b"\0\0")
        writer.write(b"R" + struct.pack("!II", 8, 3))
        await reader.readexactly(1)
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        given = await reader.readexactly(length - 4)
        said = b"SFATAL\0C28P01\0Mpassword authentication failed: " + given + b"\0"
        writer.write(b"E" + struct.pack("!I", len(said) + 4) + said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


# --- the tests


async def test_whatever_is_run_no_secret_leaves_the_process(tmp_path: Path, database_url: str) -> None:
    async with desk(tmp_path, database_url) as (place, systems):
        answers = [*await asyncio.gather(place.run("check", *DEBUG, "json"), place.run("check", "--format", "json"))]
        assert [answer.code for answer in answers] == [0, 0], answers[0].out
        systems.alma.controls.set_faults(FAULTS)
        systems.folio.controls.set_faults(FAULTS)
        answers.append(await place.run("diff", *DIRECTION, *DEBUG, "text", "--output", "plan.txt"))
        answers.append(await place.run(*MIGRATE, *DEBUG, "json", "--format", "json"))
        assert answers[-2].code == 3, answers[-2].err
        assert answers[-1].code in (0, 7), answers[-1].err
        assert "action" in answers[-1].err
        systems.alma.controls.set_faults(Faults())
        systems.folio.controls.set_faults(Faults())
        answers.append(await place.run(*MIGRATE, *DEBUG, "text"))
        assert answers[-1].code == 7, "one record is bad"
        answers += await asyncio.gather(place.run("status", *DEBUG, "text"), place.run("runs", "--format", "json"))
        refused = {"PAIRS__MAIN__FOLIO__USERNAME": "somebody", "PAIRS__MAIN__ALMA__API_KEY": API_KEY + "!"}
        answers += await asyncio.gather(
            place.run("check", *DEBUG, "text", **refused), place.run("diff", *DIRECTION, *DEBUG, "json", **refused)
        )
        assert [answer.code for answer in answers[-2:]] == [1, 1]
        assert "refused the login" in answers[-2].out
        secrets = {**SECRETS, **tokens_of(systems)}
        assert len(secrets) > 2 * len(SECRETS), "tokens were given"

    assert leaks_of(answers, secrets) == []
    rows = await dump(database_url)
    assert b"Journal 4 of Harbour Studies" in rows
    assert leaks(rows, secrets) == []
    written = files_below(tmp_path)
    configured = written.pop("alma-folio-sync.toml")
    assert set(leaks(configured)) == set(SECRETS)
    assert {name.rpartition(".")[2] for name in written} == {"txt", "json"}
    assert {name: leaks(content, secrets) for name, content in written.items() if leaks(content, secrets)} == {}


async def test_a_system_that_repeats_our_secrets_gets_none_of_them_into_print(
    tmp_path: Path, database_url: str
) -> None:
    said = f"no entry for {API_KEY} nor {quote(API_KEY, safe='')}, {PASSWORD}, postgresql://sync:{quote(DATABASE_PASSWORD)}@h"
    body = json.dumps(
        {"errorList": {"error": [{"errorCode": "401861", "errorMessage": said}]}, "errors": [{"title": said}]}
    )
    async with desk(tmp_path, database_url) as (place, _), answering(400, body) as url:
        answers = await asyncio.gather(
            place.run("check", "--format", "json", PAIRS__MAIN__ALMA__BASE_URL=url, PAIRS__MAIN__FOLIO__BASE_URL=url),
            place.run("diff", *DIRECTION, *DEBUG, "json", PAIRS__MAIN__ALMA__BASE_URL=url),
        )
        answers.append(await place.run("runs"))
    assert [answer.code for answer in answers] == [1, 1, 0]
    assert all("no entry for" in answer.out + answer.err for answer in answers)
    assert leaks_of(answers) == []
    assert leaks(await dump(database_url)) == []


async def test_a_database_that_refuses_us_is_told_of_without_its_password(tmp_path: Path, database_url: str) -> None:
    async with desk(tmp_path, database_url) as (place, _), refusing_postgres() as port:
        account = f"postgresql://sync:{quote(DATABASE_PASSWORD, safe='')}"
        addresses = (
            f"{account}@127.0.0.1:{port}/sync",
            f"{account}@127.0.0.1:wrong/sync",
            f"postgresql://sync:{DATABASE_PASSWORD.replace('/', '')}@no-such-host.invalid/sync",
            f"mysql://sync:{quote(DATABASE_PASSWORD, safe='')}@127.0.0.1/sync",
        )
        answers = await asyncio.gather(
            *(place.run("status", *DEBUG, "json", DATABASE__URL=address) for address in addresses)
        )
    assert [answer.code for answer in answers] == [1, 1, 1, 1]
    assert "password authentication failed" in answers[0].err
    assert leaks_of(answers) == []
    parts = DATABASE_PASSWORD.replace("/", "").split("@")
    assert leaks_of(answers, dict(zip("ab", parts, strict=True))) == [], "an @ in the password cuts it in two"


@pytest.mark.parametrize(
    "broken",
    [
        {"api_key": [API_KEY]},
        {"api_key": API_KEY, "requests_per_second": API_KEY},
        {"api_key": API_KEY, API_KEY + "": 1, "base_url": f"https://user:{quote(API_KEY, safe='')}@alma.example.org"},
    ],
    ids=["of another type", "in the wrong place", "inside an address"],
)
async def test_errors_in_the_configuration_do_not_repeat_values(
    tmp_path: Path, database_url: str, broken: dict[str, object]
) -> None:
    values = {"base_url": "https://alma.example.org", **{key: value for key, value in broken.items() if key != API_KEY}}
    folio = {"base_url": "https://folio.example.org", "tenant": "diku", "username": "sync", "password": PASSWORD}
    lines = ["[pairs.main.alma]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    lines += ["[pairs.main.folio]", *(f"{key} = {json.dumps(value)}" for key, value in folio.items())]
    place = Place(folder=tmp_path)
    path = place.configure("\n".join(lines))
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.message
    assert leaks(told) == []


def test_settings_and_their_copies_show_stars(tmp_path: Path) -> None:
    values = {
        "database": {"url": f"postgresql://sync:{quote(DATABASE_PASSWORD, safe='')}@127.0.0.1/sync"},
        "pairs": {
            "main": {
                "alma": {"base_url": "https://alma.example.org", "api_key": API_KEY},
                "folio": {
                    "base_url": "https://folio.example.org",
                    "tenant": "diku",
                    "username": "sync",
                    "password": PASSWORD,
                },
            }
        },
    }
    settings = Settings.model_validate(values)
    shown = [settings, settings.pairs, settings.pairs["main"].alma, settings.database]
    texts = [repr(shown), str(settings), f"{settings}", str(settings.model_dump()), settings.model_dump_json()]
    assert [leaks(text) for text in texts] == [[]] * len(texts)
    assert settings.pairs["main"].alma.api_key.get_secret_value() == API_KEY


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_planted_secret_is_found_in_every_spelling(secret: str, tmp_path: Path) -> None:
    login = f"sync:{secret}".encode()
    planted = (
        secret,
        f"https://example.org/?apikey={quote(secret, safe='')}&x=1",
        f"https://example.org/?apikey={quote_plus(secret)}",
        json.dumps({"said": secret}),
        repr({"said": secret}),
        *(base64.b64encode(b"x" * before + login) for before in range(3)),
        base64.urlsafe_b64encode(login),
        secret.encode().hex(),
    )
    for content in planted:
        assert leaks(content), content
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "report.json").write_text(json.dumps({"said": secret}), encoding="utf-8")
    assert [name for name, content in files_below(tmp_path).items() if leaks(content)] == ["deep/report.json"]
    assert not leaks("nothing of the kind, only mark and 7Q")


async def test_a_planted_secret_is_found_in_every_kind_of_column(database_url: str) -> None:
    planted = {
        "a text": sql.SQL("insert into run (pair, command, state, message) values ('p', 'c', 's', {})").format(
            sql.Literal(f"it said {API_KEY}")
        ),
        "json": sql.SQL("insert into run (pair, command, state, result) values ('p', 'c', 's', {})").format(
            sql.Literal(json.dumps({"said": PASSWORD}))
        ),
        "bytes": sql.SQL("insert into payload (hash, body) values ({}, '1')").format(
            sql.Literal(DATABASE_PASSWORD.encode())
        ),
    }
    assert leaks(await dump(database_url)) == []
    for number, statement in enumerate(planted.values(), start=1):
        async with await psycopg.AsyncConnection.connect(psycopg_address(database_url)) as connection:
            await connection.execute(statement)
        assert len(leaks(await dump(database_url))) == number
