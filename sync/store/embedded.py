"""The embedded Postgres: started when no database URL is given, shared by all commands, ended with the last of them.

Nothing of the package that brings the programs is executed (facts: tech §1 names its traps); this module drives
initdb, pg_ctl and postgres itself.

**Who uses it** is told by file locks the kernel gives back (`embedded_watcher`): the last process out stops the server,
and a small watcher stops it where the last process was killed. A server found running is shared, one that was killed
is started again and recovers; `fsync` and `synchronous_commit` stay on.

**What protects it**: it listens on no network address, only on a unix socket in a folder that belongs to the server's
account with mode 0700. Of those who get there, the server lets in (peer authentication: the kernel names the caller)
only its own account and, when root started it, root. There is no password to steal. Run as root, the server has an
account without rights (`postgres`, else `nobody`); what else runs under that account could reach the database, so
production names a database URL.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping

from sync.errors import ConfigurationError, UnreachableError
from sync.store.embedded_account import USE_ANOTHER_DATABASE
from sync.store.embedded_folder import PORT, ROLE, ServerFolder, place_server, prepare_data_folder
from sync.store.embedded_start import START_SECONDS, ensure_watched, start_if_gone
from sync.store.embedded_watcher import START_LOCK, USERS_LOCK, open_lock, read_posted, stop_server, try_lock

DATABASE = "alma_folio_sync"
SILENT_SECONDS = 15.0
LEAVE_SECONDS = 10.0
POLL_SECONDS = 0.05

DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "shared_buffers": "128MB",
        "max_connections": "50",
        "wal_compression": "on",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        "log_timezone": "UTC",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A running server. `url` is for SQLAlchemy with psycopg and holds no secret; `major` is Postgres's version."""

    url: str
    socket_directory: Path
    data_directory: Path
    major: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """What makes this process a user of the server: a shared lock, held through `users`."""

    folder: ServerFolder
    users: int
    server: EmbeddedServer


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path, *, settings: Mapping[str, str] = DEFAULT_SETTINGS
) -> AsyncIterator[EmbeddedServer]:
    """Give the server of a data folder, started if it is not running; leave it, and stop it if nobody else uses it.

    `settings` are server settings by name, laid over `DEFAULT_SETTINGS`; they count only where this call starts the
    server. The database `alma_folio_sync` exists when this returns. A cold start takes about a second, a recovery
    after a crash up to `START_SECONDS`.

    Raises:
        ConfigurationError: no programs of Postgres, the database was made by another major version or belongs to
            another account, or the server refuses to start (with the end of its log).
        UnreachableError: the server or another process that starts it does not answer in time.
    """
    try:
        use = await _enter(data_dir, {**DEFAULT_SETTINGS, **settings})
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {data_dir} cannot be used by this account: {error.strerror} ({error.filename})",
            advice=f"Run the command under the account that made it, or name another data_dir. {USE_ANOTHER_DATABASE}",
        ) from error
    try:
        yield use.server
    finally:
        await asyncio.shield(asyncio.to_thread(_leave, use.folder, use.users))


async def _enter(data_dir: Path, settings: Mapping[str, str]) -> _Use:
    locks = prepare_data_folder(data_dir)
    start = open_lock(locks, START_LOCK)
    try:
        await _take(start, locks)
        folder = await place_server(locks)
        users = _take_part(locks)
    except BaseException:
        os.close(start)
        raise
    try:
        server = await _reach(folder, settings)
    except BaseException:
        os.close(start)
        await asyncio.shield(asyncio.to_thread(_leave, folder, users))
        raise
    os.close(start)
    return _Use(folder=folder, users=users, server=server)


async def _take(start: int, locks: Path) -> None:
    deadline = time.monotonic() + START_SECONDS + SILENT_SECONDS
    while not try_lock(start):
        if time.monotonic() > deadline:
            raise UnreachableError(f"another process starts or stops the database in {locks}, and does not end")
        await asyncio.sleep(POLL_SECONDS)


def _take_part(locks: Path) -> int:
    users = open_lock(locks, USERS_LOCK)
    if try_lock(users, shared=True):
        return users
    os.close(users)
    # Only somebody who holds start.lock, as this process does, ever holds users.lock exclusively.
    raise UnreachableError(f"{locks / USERS_LOCK} is locked by a program that is none of ours")


def _leave(folder: ServerFolder, users: int) -> None:
    """Give up the use, and stop the server if that was the last one. What cannot be done in time is the watcher's."""
    start = open_lock(folder.locks, START_LOCK)
    try:
        deadline = time.monotonic() + LEAVE_SECONDS
        alone = False
        while not (alone := try_lock(start)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        os.close(users)
        if alone:
            _stop_if_unused(folder)
    finally:
        os.close(start)


def _stop_if_unused(folder: ServerFolder) -> None:
    users = open_lock(folder.locks, USERS_LOCK)
    try:
        if try_lock(users):
            stop_server(folder.locks, folder.cluster)
    finally:
        os.close(users)


async def _reach(folder: ServerFolder, settings: Mapping[str, str]) -> EmbeddedServer:
    """Return the running server, started first if no process of it lives. The caller holds `start.lock`."""
    deadline = time.monotonic() + START_SECONDS
    silent_since: float | None = None
    while time.monotonic() < deadline:
        posted = read_posted(folder.cluster)
        socket_directory = Path(posted.socket_directory) if posted and posted.socket_directory else None
        answer = Ping.NO_RESPONSE if socket_directory is None else await _ping(socket_directory)
        if answer is Ping.OK and socket_directory is not None:
            await ensure_watched(folder)
            return await _server(folder, socket_directory)
        if answer is Ping.NO_RESPONSE and await start_if_gone(folder, settings):
            continue
        ready = posted is not None and posted.status == "ready"
        silent_since = (silent_since or time.monotonic()) if ready and answer is Ping.NO_RESPONSE else None
        if silent_since is not None and time.monotonic() - silent_since > SILENT_SECONDS:
            break
        await asyncio.sleep(POLL_SECONDS)
    raise UnreachableError(
        f"the embedded Postgres in {folder.cluster} runs but does not answer",
        advice=f"End all commands that use it, then run this one again. Its log: {folder.log}",
    )


async def _ping(socket_directory: Path) -> Ping:
    connection = psycopg.conninfo.make_conninfo(
        host=str(socket_directory), port=PORT, dbname="postgres", user=ROLE, connect_timeout=5
    )
    return Ping(await asyncio.to_thread(PGconn.ping, connection.encode()))


async def _server(folder: ServerFolder, socket_directory: Path) -> EmbeddedServer:
    await _ensure_database(socket_directory)
    major = folder.major
    if major is None:
        raise ConfigurationError(f"{folder.cluster} holds no database any more, although its server runs")
    host = quote(str(socket_directory), safe="/")
    return EmbeddedServer(
        url=f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={host}&port={PORT}",
        socket_directory=socket_directory,
        data_directory=folder.cluster,
        major=major,
    )


async def _ensure_database(socket_directory: Path) -> None:
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=str(socket_directory), port=PORT, user=ROLE, dbname="postgres", connect_timeout=30, autocommit=True
        )
    except psycopg.OperationalError as error:
        raise UnreachableError(f"the embedded Postgres refuses the connection: {error}") from error
    async with connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if await found.fetchone() is None:
            with suppress(psycopg.errors.DuplicateDatabase):
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
