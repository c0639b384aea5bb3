"""Under which account the embedded Postgres runs, and running a program under it.

Postgres refuses to run as root. Started by root, the product therefore runs it under an account without rights that
exists already; it makes no account and changes no rights outside the data folder.
"""

import asyncio
import os
import pwd
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from dataclasses import dataclass
from pathlib import Path

from sync.errors import ConfigurationError
from sync.store.embedded_watcher import clean_environment

UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")
KILL_SECONDS = 5.0

USE_ANOTHER_DATABASE = 'Or name a Postgres of your own: [database] url = "postgresql://user:password@host/database"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A system account. `change` says that programs must be switched to it, because this process runs as root."""

    name: str
    uid: int
    gid: int
    change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a program ended: its exit status and everything it printed."""

    status: int
    output: str


def caller_account() -> Account:
    """Return the account this process runs under.

    Raises:
        ConfigurationError: the account has no name; Postgres needs one.
    """
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigurationError(
            f"the embedded Postgres needs an account with a name, and user id {os.geteuid()} has none",
            advice=f"Give the user id a line in /etc/passwd. {USE_ANOTHER_DATABASE}",
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def choose_account(data: Path) -> Account:
    """Return the account for the server of a data directory, which need not exist yet.

    That is the caller's own account, or for root the owner of an existing data directory, else the first of
    `UNPRIVILEGED_ACCOUNTS` there is.

    Raises:
        ConfigurationError: the data directory belongs to another account, or root finds no account to use.
    """
    caller = caller_account()
    owner = data.stat().st_uid if data.exists() else None
    if caller.uid != 0:
        if owner not in (None, caller.uid):
            raise ConfigurationError(
                f"the database in {data} belongs to another account than {caller.name}",
                advice=f"Run the command under the account that made it. {USE_ANOTHER_DATABASE}",
            )
        return caller
    for entry in _unprivileged(owner):
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, change=True)
    raise ConfigurationError(
        "Postgres must not run as root, and there is no account to run it under instead "
        f"(looked for {' and '.join(UNPRIVILEGED_ACCOUNTS)})",
        advice=f"Run the command as an ordinary user. {USE_ANOTHER_DATABASE}",
    )


def _unprivileged(owner: int | None) -> list[pwd.struct_passwd]:
    found = []
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            found.append(pwd.getpwnam(name))
        except KeyError:
            continue
    if owner is not None:
        try:
            found = [pwd.getpwuid(owner)]
        except KeyError:
            found = []
    return [entry for entry in found if entry.pw_uid != 0]


async def run_as(
    account: Account, *command: str, seconds: float, inherit: tuple[int, ...] = (), folder: str = "/"
) -> Outcome:
    """Run a program under the account and return how it ended; it sees none of this process's environment.

    `inherit` are descriptors it keeps open, `folder` is where it is run. A program that cannot be executed gives
    status 126, as in a shell.

    Raises:
        ConfigurationError: this process may not switch to the account, or the program did not end in time.
    """
    try:
        process = await _start(account, command, inherit, folder)
    except OSError as error:
        if account.change and isinstance(error, PermissionError) and not await _may_switch(account):
            raise _cannot_switch(account, error) from error
        return Outcome(status=126, output=f"{command[0]}: {error.strerror}")
    except (ValueError, subprocess.SubprocessError) as error:
        raise _cannot_switch(account, error) from error
    try:
        output, _nothing = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        raise ConfigurationError(
            f"{command[0]} did not end within {seconds:.0f} seconds", advice="Look at the load of this machine."
        ) from None
    finally:
        await _end(process)
    return Outcome(status=process.returncode or 0, output=output.decode("utf-8", "replace"))


async def _start(account: Account, command: tuple[str, ...], inherit: tuple[int, ...], folder: str) -> Process:
    if not account.change:
        return await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, cwd=folder, env=clean_environment(), pass_fds=inherit
        )
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        cwd=folder,
        env=clean_environment(),
        pass_fds=inherit,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )


async def _end(process: Process) -> None:
    """End a program that is still running, because its time is over or nobody waits for it any more."""
    if process.returncode is not None:
        return
    process.kill()
    try:
        await asyncio.wait_for(process.wait(), KILL_SECONDS)
    except TimeoutError:
        return


async def _may_switch(account: Account) -> bool:
    try:
        process = await _start(account, ("/bin/sh", "-c", ":"), (), "/")
    except OSError:
        return False
    return await process.wait() == 0


def _cannot_switch(account: Account, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"root may not run programs as {account.name} here ({error})",
        advice=f"Run the command as an ordinary user, or give the container CAP_SETUID and CAP_SETGID. "
        f"{USE_ANOTHER_DATABASE}",
    )


async def can_enter(account: Account, folder: Path) -> bool:
    """Return whether the account may enter a folder, as a trial under that account shows."""
    outcome = await run_as(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(folder), seconds=30)
    return outcome.status == 0
