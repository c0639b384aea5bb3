"""Where the embedded Postgres lies: the data folder, its parts, and another place where its account cannot reach it.

<data folder>/                  start.lock, users.lock, server.lock, watcher.lock
<data folder>/postgres/         or the folder that <data folder>/postgres-is-in names
    cluster/                    the database itself; belongs to the server's account, 0700
    socket/                     the server's socket; belongs to the server's account, 0700
    programs/                   a copy of Postgres, where the account cannot reach the installed one
    pg_hba.conf, pg_ident.conf  who may connect, written anew at each start
"""

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sync.errors import ConfigurationError
from sync.store.embedded_account import USE_ANOTHER_DATABASE, Account, can_enter, choose_account
from sync.store.embedded_watcher import PRIVATE_PREFIX, read_posted

POINTER = "postgres-is-in"
PLACES_FOR_ROOT = (Path("/var/lib"), Path("/var/db"), Path("/var/tmp"))  # noqa: S108  (the name is made unguessable)
LONGEST_SOCKET_PATH = 103  # bytes: macOS allows 103, Linux 107
UNFINISHED = "cluster-new-"
PORT = 5432  # part of the socket's name; nothing listens on the network
SOCKET_NAME = f".s.PGSQL.{PORT}"
ROLE = "alma_folio_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFolder:
    """The parts of one embedded Postgres: `locks` is the data folder asked for, `home` where the rest lies."""

    locks: Path
    home: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """Return the data directory of the server."""
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        """Return the file the server writes its log to."""
        return self.cluster / "server.log"

    @property
    def major(self) -> int | None:
        """Return the major version that made the database, None when there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None


def prepare_data_folder(data_dir: Path) -> Path:
    """Make the data folder if missing and return its absolute path. Rights of an existing one stay as they are."""
    folder = data_dir.expanduser().resolve()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another process was faster
            return folder
        if os.geteuid() == 0:
            # Enough for the server's account to pass through; it sees nothing of what lies here.
            folder.chmod(0o711)
    return folder


async def place_server(locks: Path) -> ServerFolder:
    """Return where the server of this data folder lies, made if missing. The caller holds `start.lock`.

    Started by root, the server's account must be able to pass through every parent of its folder. Where it is not
    (a data folder below /root, say), the server lies in a folder of its own in /var/lib, and a small file in the data
    folder names it. That folder's name is not guessable, so nobody can put another in its place beforehand.

    Raises:
        ConfigurationError: the place belongs to another account, has gone, or none can be had.
    """
    pointer = locks / POINTER
    if pointer.exists():
        return _elsewhere(locks, pointer)
    home = locks / "postgres"
    account = choose_account(home / "cluster")
    _make_home(home)
    if not account.change or await can_enter(account, home):
        return ServerFolder(locks=locks, home=home, account=account)
    if not (home / "cluster").exists():
        home.rmdir()
        home = await _make_reachable_home(account, locks)
        _write_durably(pointer, f"{home}\nThe database lies there, because its account cannot enter this folder.\n")
        return ServerFolder(locks=locks, home=home, account=account)
    raise ConfigurationError(
        f"the account {account.name} can no longer enter {home}, where its database lies",
        advice=f"Give the account the right to pass through each folder of that path. {USE_ANOTHER_DATABASE}",
    )


def _elsewhere(locks: Path, pointer: Path) -> ServerFolder:
    home = Path(pointer.read_text(encoding="utf-8").splitlines()[0])
    if not home.is_dir():
        raise ConfigurationError(
            f"the database of {locks} was in {home}, and that folder has gone",
            advice=f"Restore it; or, to begin with an empty database, delete {pointer}",
        )
    return ServerFolder(locks=locks, home=home, account=choose_account(home / "cluster"))


def _make_home(home: Path) -> None:
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        home.mkdir(mode=mode)
    except FileExistsError:
        if home.is_symlink() or home.stat().st_uid != os.geteuid():
            raise ConfigurationError(
                f"{home} was made by another account, or is a link",
                advice=f"Run the command under the account that made it. {USE_ANOTHER_DATABASE}",
            ) from None
        return
    home.chmod(mode)


async def _make_reachable_home(account: Account, locks: Path) -> Path:
    mark = hashlib.sha256(os.fsencode(locks)).hexdigest()[:12]
    for parent in (*PLACES_FOR_ROOT, Path(tempfile.gettempdir())):
        if parent.is_dir() and os.access(parent, os.W_OK) and await can_enter(account, parent):
            home = parent / f"alma-folio-sync-{mark}-{secrets.token_hex(4)}"
            home.mkdir(mode=0o711)
            home.chmod(0o711)
            return home
    raise ConfigurationError(
        f"the account {account.name} can enter neither {locks} nor any place beside it",
        advice=f"Name another data folder: [database] data_dir = … {USE_ANOTHER_DATABASE}",
    )


def make_account_folder(folder: Path, account: Account) -> None:
    """Make a folder that belongs to the server's account alone. It must not exist."""
    folder.mkdir(mode=0o700)
    if account.change:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def socket_folder(server: ServerFolder) -> Path:
    """Return a private folder, made if missing, whose path is short enough for a unix socket.

    Where the path of the data folder is too long, it is a folder below the temporary one; other processes learn the
    place from the running server. What a server that was killed had used is used again.
    """
    folder = server.home / "socket"
    if _fits(folder):
        if not folder.exists():
            make_account_folder(folder, server.account)
        return folder
    posted = read_posted(server.cluster)
    if posted is not None and _is_private(Path(posted.socket_directory), server.account):
        return Path(posted.socket_directory)
    for temporary in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  (mkdtemp makes a private folder in it)
        folder = Path(tempfile.mkdtemp(prefix=PRIVATE_PREFIX, dir=temporary))
        if _fits(folder):
            if server.account.change:
                os.chown(folder, server.account.uid, server.account.gid, follow_symlinks=False)
            return folder
        folder.rmdir()
    raise ConfigurationError(f"the path {server.home} is too long for a socket, and so is that of the temporary folder")


def _fits(folder: Path) -> bool:
    # A comma would part two hosts in a connection string.
    return len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET_PATH and "," not in str(folder)


def _is_private(folder: Path, account: Account) -> bool:
    if not folder.name.startswith(PRIVATE_PREFIX):
        return False
    try:
        state = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == account.uid and not state.st_mode & 0o077


def write_access_rules(server: ServerFolder, caller: Account) -> dict[str, str]:
    """Write who may connect, and return the server's settings that name the two files.

    Only the accounts named here, as the kernel reports them for the socket, are let in, without a password.
    """
    names = sorted({server.account.name, caller.name})
    lines = "".join(f'users "{name}" {ROLE}\n' for name in names)
    rules, accounts = server.home / "pg_hba.conf", server.home / "pg_ident.conf"
    _write_durably(rules, "local all all peer map=users\n")
    _write_durably(accounts, lines)
    return {"hba_file": str(rules), "ident_file": str(accounts)}


def _write_durably(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o644)
    Path(name).rename(path)
    _flush_folder(path.parent)


def unfinished_cluster(server: ServerFolder) -> Path:
    """Return a new, empty folder for initdb, beside the place of the database."""
    folder = server.home / f"{UNFINISHED}{secrets.token_hex(4)}"
    make_account_folder(folder, server.account)
    return folder


def finish_cluster(server: ServerFolder, unfinished: Path) -> None:
    """Put the folder initdb has filled in its place, in one step."""
    unfinished.rename(server.cluster)
    _flush_folder(server.home)


def remove_unfinished(server: ServerFolder) -> None:
    """Remove what an initialisation left behind that was killed before its end."""
    for left in server.home.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)


def _flush_folder(folder: Path) -> None:
    """Make sure that names just made or changed in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
