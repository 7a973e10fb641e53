"""What the integration tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bench import Bench


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """Give a data folder whose executor runs already, shared by a file's tests."""
    made = Bench(tmp_path_factory.mktemp("warm") / "data")
    made.run("quick")
    yield made
    made.close()
