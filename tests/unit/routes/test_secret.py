"""The secret is made once, whoever asks."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eqpp_dash.errors import ArchiveError
from eqpp_dash.routes.secret import SECRET_FILE, server_secret


def test_all_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(server_secret, [folder] * 64))
    assert len(found) == 1
    assert len(found.pop()) == 32
    assert [path.name for path in folder.iterdir()] == [SECRET_FILE]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    server_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


def test_two_folders_have_two_secrets(tmp_path: Path) -> None:
    assert server_secret(tmp_path / "a") != server_secret(tmp_path / "b")


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="secret"):
        server_secret(tmp_path / "file" / "data")
