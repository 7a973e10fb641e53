"""Object code on disk: files that prove themselves whole, in a folder that stays small.

Processes may read, write and clear away at once: a file appears under its name when it is
complete, and whoever finds one gone or damaged compiles anew. The folder may hold other files;
they are left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

MAGIC = b"EQPPOBJ1"
"""First bytes of a file; another layout gets another number."""

MOST_FILES = 1000
"""Files that a folder may hold; beyond, those not used for longest go."""

MOST_BYTES = 128 << 20
"""Bytes that they may take up."""

KEPT = 0.75
"""To this share of either limit a folder is cleared."""

ABANDONED = 3600.0
"""Seconds after which a temporary file belongs to a process that was killed."""

_PREFIX = ".object-"
_NAME = re.compile(r"[0-9a-f]{64}")


def read_object(folder: Path, name: str) -> bytes | None:
    """Give the content of a file, or None if there is none or it is not what was written."""
    path = folder / name
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    start = len(MAGIC) + hashlib.sha256().digest_size
    content = stored[start:]
    if stored[:start] != MAGIC + _digest(name, content):
        return None
    with contextlib.suppress(OSError):  # the time of last use; a folder may be for reading only
        os.utime(path)
    return content


def holds_object(folder: Path, name: str) -> bool:
    """Tell whether there is a file of that name, whole or not."""
    return (folder / name).exists()


def write_object(folder: Path, name: str, content: bytes) -> bool:
    """Keep an object, and clear the folder if it has grown too large.

    It is written under a name of its own, then renamed: a reader meets the old file or the new.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    name : str
        A SHA-256 digest in hexadecimal digits.
    content : bytes
        The object.

    Returns
    -------
    bool
        False if the folder cannot be written to, which is no reason to fail.
    """
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=_PREFIX, dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + _digest(name, content) + content)
        written = os.stat(temporary).st_mtime
        os.replace(temporary, folder / name)
        clear(folder, now=written)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return False
    return True


def clear(folder: Path, *, now: float) -> None:
    """Remove what was abandoned, and what was not used for longest if there is too much.

    Parameters
    ----------
    folder : Path
        The folder.
    now : float
        The time by the clock of the file system, in seconds.

    Raises
    ------
    OSError
        If the folder cannot be listed.
    """
    objects: list[tuple[float, int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                if entry.name.startswith(_PREFIX):
                    if now - entry.stat(follow_symlinks=False).st_mtime > ABANDONED:
                        os.unlink(entry.path)
                elif _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    objects.append((status.st_mtime, status.st_size, entry.path))
    count, size = len(objects), sum(length for _, length, _ in objects)
    if count <= MOST_FILES and size <= MOST_BYTES:
        return
    for _, length, path in sorted(objects):
        if count <= KEPT * MOST_FILES and size <= KEPT * MOST_BYTES:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        count, size = count - 1, size - length


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + content).digest()
