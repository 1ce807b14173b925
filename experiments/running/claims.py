"""Claims: who is at work on what, on any file system that several machines share.

    FOLDER/NAME/OWNER      NAME is claimed; the name of the one file inside says by whom

No lock of the file system is used, only `rename`, which is atomic on every one of them:

    take        a folder that holds the owner's file already is renamed to NAME; this fails as long
                as NAME is there and holds a file
    take over   the dead owner's file is renamed to the new owner's; of all who try, one finds it
    release     the owner's file is removed, then the folder

An owner on this machine is dead when its process is. One on another machine is dead when its
heartbeat, the file's time, has stood still for a lease of the observer's own monotonic clock, so
clocks of two machines are never compared, and a clock that is set back does no harm.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

LEASE = 180.0  # seconds; attributes may be cached for 60 s on NFS, so not much less
BEATS = 9  # heartbeats in a lease


class Claims:
    """The claims of one run; a context in which a thread keeps them alive."""

    def __init__(
        self, folder: Path, lease: float = LEASE, clock: Callable[[], float] = time.monotonic
    ):
        """Keep the folder; nothing is written before the first claim.

        Args:
            folder: of the claims.
            lease: seconds after which an owner elsewhere is dead whose heart stands still.
            clock: seconds; the machine's by default.
        """
        self.folder = folder
        self.lease = lease
        self.clock = clock
        self.me = "~".join((*_here(), str(os.getpid()), _started(os.getpid()), uuid.uuid4().hex))
        self.held: set[str] = set()
        self.watched: dict[str, tuple[tuple[str, int], float]] = {}
        self.closing = threading.Event()
        self.heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Claims":
        self.heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.heart.join()
        for name in tuple(self.held):
            self.release(name)

    def take(self, name: str) -> bool:
        """Claim a name, at once or not at all.

        Args:
            name: a file name; claims of equal names exclude each other.

        Returns:
            whether it is ours now; False while a living owner has it.

        Raises:
            OSError: the folder cannot be written.

        Example:
            >>> import tempfile
            >>> folder = Path(tempfile.mkdtemp())
            >>> one, two = Claims(folder), Claims(folder)
            >>> one.take("cell"), two.take("cell")
            (True, False)
            >>> one.release("cell"), two.take("cell")
            (None, True)
        """
        owner = self.owner(name)
        taken = self._move_in(name) if owner is None else self._take_over(name, owner)
        if taken:
            self.watched.pop(name, None)
            self.held.add(name)
        return taken

    def release(self, name: str) -> None:
        """Give a name back; one that was taken over meanwhile stays with its new owner."""
        self.held.discard(name)
        (self.folder / name / self.me).unlink(missing_ok=True)
        _quietly(os.rmdir, self.folder / name)

    def sweep(self) -> None:
        """Remove what dead owners left behind: a kill may come after the record was written."""
        for name in os.listdir(self.folder):
            if not name.startswith("."):
                if name not in self.held and self.take(name):
                    self.release(name)
            elif (owner := self.owner(name)) and self._dead(name, owner):
                (self.folder / name / owner).unlink(missing_ok=True)
                _quietly(os.rmdir, self.folder / name)

    def holds(self, name: str) -> bool:
        """Whether a claim is still ours: a machine that slept past its lease has lost it."""
        return (self.folder / name / self.me).exists()

    def owner(self, name: str) -> str | None:
        """The owner of a name as `machine~space~process~start~nonce`; None where it is free."""
        try:
            found = os.listdir(self.folder / name)
        except FileNotFoundError:
            return None
        return next((owner for owner in found if owner.count("~") == 4), None)

    def _move_in(self, name: str) -> bool:
        draft = self.folder / f".{self.me.rpartition('~')[2]}"
        draft.mkdir(parents=True, exist_ok=True)
        (draft / self.me).touch()
        if not _quietly(os.rename, draft, self.folder / name):
            (draft / self.me).unlink(missing_ok=True)
            _quietly(os.rmdir, draft)
        return self.holds(name)  # not the reply of rename, which NFS may lose and repeat

    def _take_over(self, name: str, owner: str) -> bool:
        if not self._dead(name, owner):
            return False
        place = self.folder / name
        _quietly(os.rename, place / owner, place / self.me)
        return _quietly(os.utime, place / self.me)

    def _dead(self, name: str, owner: str) -> bool:
        *place, process, started, _ = owner.split("~")
        if tuple(place) == _here():
            return _started(int(process)) != started
        try:
            beat = (owner, os.stat(self.folder / name / owner).st_mtime_ns)
        except FileNotFoundError:  # released this moment
            return False
        seen, since = self.watched.setdefault(name, (beat, self.clock()))
        if seen != beat:
            self.watched[name] = (beat, self.clock())
            return False
        return self.clock() - since > self.lease

    def _beat(self) -> None:
        while not self.closing.wait(self.lease / BEATS):
            for name in tuple(self.held):
                _quietly(os.utime, self.folder / name / self.me)


@cache
def _here() -> tuple[str, str]:
    """This machine and the space in which its process numbers mean something."""
    boot = _text("/proc/sys/kernel/random/boot_id")[:8]
    try:
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:  # no /proc on this system: the machine's name has to do
        space = ""
    return socket.gethostname().replace("~", "-")[:64], f"{boot}-{space}"


def _started(process: int) -> str:
    """When a process started, in ticks since boot; "" where none of this number lives.

    A number that was given to another process since is told by it, and no wall clock is in it.
    """
    stat = _text(f"/proc/{process}/stat").rpartition(")")[2].split()
    if stat:
        return "" if stat[0] in "ZX" else stat[19]
    if os.path.isdir("/proc/self"):
        return ""
    return "alive" if _quietly(os.kill, process, 0) else ""


def _text(file: str) -> str:
    try:
        with open(file) as stream:
            return stream.read()
    except OSError:
        return ""


def _quietly(function, *arguments) -> bool:
    """Whether a call of the operating system worked."""
    try:
        function(*arguments)
    except OSError:
        return False
    return True
