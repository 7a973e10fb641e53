"""The secret that signs the page's handles, kept in the data folder."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from eqpp_dash.errors import ArchiveError

SECRET_FILE = "secret.key"


def server_secret(folder: Path) -> bytes:
    """Give the secret; the first process that asks makes it.

    Parameters
    ----------
    folder : Path
        The data folder, which all workers share.

    Returns
    -------
    bytes
        32 random bytes, the same for every process and after a restart. The file has
        mode 0600.

    Raises
    ------
    ArchiveError
        If it can be neither read nor made.
    """
    path = folder / SECRET_FILE
    try:
        if not path.exists():
            _make(path)
        return path.read_bytes()
    except OSError as error:
        raise ArchiveError(
            f"the secret {path} cannot be read or made: {error.strerror}",
            "Check the data folder and its permissions",
        ) from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        _link_once(draft, path)
    finally:
        os.unlink(draft)


def _link_once(draft: str, path: Path) -> None:
    try:
        os.link(draft, path)  # appears whole, or not at all
    except FileExistsError:
        return  # another worker was first: its secret counts
