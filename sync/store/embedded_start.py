"""Making the database of the embedded Postgres and starting its server."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sync.errors import ConfigurationError
from sync.store.embedded_account import USE_ANOTHER_DATABASE, caller_account, run_as
from sync.store.embedded_folder import (
    PORT,
    ROLE,
    SOCKET_NAME,
    ServerFolder,
    finish_cluster,
    remove_unfinished,
    socket_folder,
    unfinished_cluster,
    write_access_rules,
)
from sync.store.embedded_watcher import SERVER_LOCK, open_lock, spawn_watcher, try_lock
from sync.store.postgres_binaries import PostgresBinaries, binaries_for, find_binaries

START_SECONDS = 600
SPARE_SECONDS = 15
LARGEST_LOG_BYTES = 10_000_000


async def start_if_gone(folder: ServerFolder, settings: Mapping[str, str]) -> bool:
    """Start the server if none of its processes lives, and return whether that was done.

    The caller holds `start.lock`. A database is made first where there is none.

    Raises:
        ConfigurationError: no usable programs of Postgres, or initdb or the server refuses (with the end of its log).
    """
    server = open_lock(folder.locks, SERVER_LOCK)
    try:
        if not try_lock(server):
            return False
        found = await asyncio.to_thread(find_binaries, major=folder.major)
        binaries = await binaries_for(folder.account, found, folder.home / "programs")
        if folder.major is None:
            await _initialise(folder, binaries, server)
        await _start(folder, binaries, settings, server)
    finally:
        # Closed, never unlocked: the server has inherited the lock.
        os.close(server)
    return True


async def _initialise(folder: ServerFolder, binaries: PostgresBinaries, server: int) -> None:
    """Make an empty database beside its final place and move it there whole, so that half a database is never used.

    initdb holds the lock `server` as well: should it outlive this process, nobody disturbs it.
    """
    remove_unfinished(folder)
    unfinished = unfinished_cluster(folder)
    outcome = await run_as(
        folder.account,
        binaries.program("initdb"),
        f"--pgdata={unfinished}",
        f"--username={ROLE}",
        "--auth-local=peer",
        "--auth-host=reject",
        "--encoding=UTF8",
        *_locale(binaries.major),
        "--data-checksums",
        "--no-instructions",
        seconds=START_SECONDS,
        inherit=(server,),
    )
    if outcome.status != 0:
        remove_unfinished(folder)
        raise ConfigurationError(f"initdb could not make a database in {folder.home}:\n{outcome.output.strip()}")
    finish_cluster(folder, unfinished)


def _locale(major: int) -> list[str]:
    """Return initdb's options for sorting by code point, which no update of the system's libraries changes."""
    if major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]


async def _start(folder: ServerFolder, binaries: PostgresBinaries, settings: Mapping[str, str], server: int) -> None:
    sockets = socket_folder(folder)
    options = {
        **settings,
        **write_access_rules(folder, caller_account()),
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{_doubled(sockets)}"',
        "unix_socket_permissions": "0700",
    }
    _refuse_shell_characters(binaries.program("postgres"))
    _clear_away(folder, sockets)
    # Before the server, so that nothing leaks if this process is killed in between.
    await ensure_watched(folder)
    outcome = await run_as(
        folder.account,
        binaries.program("pg_ctl"),
        "start",
        # pg_ctl hands both to a shell within double quotes: named from within their folder they hold nothing it reads
        f"--pgdata={folder.cluster.relative_to(folder.home)}",
        f"--log={folder.log.relative_to(folder.home)}",
        "--wait",
        f"--timeout={START_SECONDS}",
        "--options="
        + " ".join(shlex.quote(part) for name, value in options.items() for part in ("-c", f"{name}={value}")),
        seconds=START_SECONDS + SPARE_SECONDS,
        inherit=(server,),
        folder=str(folder.home),
    )
    if outcome.status != 0:
        raise ConfigurationError(
            f"the embedded Postgres did not start:\n{outcome.output.strip()}\n{_end_of(folder.log)}",
            advice=f"The reason is in the last lines above; the whole log is {folder.log}. {USE_ANOTHER_DATABASE}",
        )


async def ensure_watched(folder: ServerFolder) -> None:
    """Start the process that ends the server after its last user, unless it runs. The caller holds `start.lock`.

    Raises:
        ConfigurationError: it cannot be started.
    """
    try:
        await asyncio.to_thread(spawn_watcher, folder.locks, folder.cluster)
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(
            f"the process that watches the embedded Postgres cannot be started: {error}",
            advice=f"Look at the limits of processes and memory here. {USE_ANOTHER_DATABASE}",
        ) from error


def _refuse_shell_characters(program: str) -> None:
    """Refuse programs in a folder whose name a shell would read: pg_ctl hands their path to one.

    Raises:
        ConfigurationError: naming the folder.
    """
    if any(char in str(program) for char in '$`"\\'):
        raise ConfigurationError(
            f"Postgres cannot be started from {program}: a shell would read a character of this path.",
            advice=f"Move the folder to a path without $, backticks, quotes and backslashes. {USE_ANOTHER_DATABASE}",
        )


def _doubled(path: Path) -> str:
    return str(path).replace('"', '""')


def _clear_away(folder: ServerFolder, sockets: Path) -> None:
    """Remove what a server that is surely gone has left of itself, and put away a log that has grown large.

    Postgres itself would take the number in its two lock files for a living server if another process, or a dead one
    that was never reaped, has it now. If somebody started a server without our lock, Postgres still refuses the second
    one by its shared memory.
    """
    for left in (folder.cluster / "postmaster.pid", sockets / f"{SOCKET_NAME}.lock", sockets / SOCKET_NAME):
        left.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        if folder.log.lstat().st_size > LARGEST_LOG_BYTES:
            folder.log.replace(folder.log.with_suffix(".log.1"))


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            return file.read(4000).decode("utf-8", "replace").strip()
    except OSError:
        return ""
