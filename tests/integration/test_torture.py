"""The short form of ``make torture``: eight kills, and the promise holds."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from torture import torture


@pytest.mark.torture
def test_eight_kills_lose_no_job_and_every_page_says_what_happened(tmp_path):
    found = torture(kills=8, folder=tmp_path, visitors=3, within_s=120)
    assert sum(found["killed"].values()) == 8
    assert found["watched"] >= 6
