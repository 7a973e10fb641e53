"""The dependency rule: the package keeps it, and each contract catches a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = [
    ("engine/planted.py", "import eqpp_dash.services", "Layers"),
    ("model/planted.py", "import eqpp_dash.store", "Layers"),
    ("figures/planted.py", "import eqpp_dash.jobs", "Components, figures and exports know no work"),
    ("components/planted.py", "import sqlite3", "Components, figures and exports know no work"),
    ("services/planted.py", "import dash", "The core is free of the web"),
    ("engine/planted.py", "import plotly", "The core is free of the web"),
    ("callbacks/planted.py", "import eqpp_dash.engine", "Callbacks and routes only translate"),
    ("routes/planted.py", "import sqlalchemy", "Callbacks and routes only translate"),
    ("jobs/planted.py", "import eqpp_dash.model.spec", "The queue is generic"),
    ("engine/planted.py", "import random", "The engine does no I/O"),
    ("services/planted.py", "import eqpp_dash.settings", "Settings are read at the edge"),
    (
        "routes/planted.py",
        "import eqpp_dash.jobs.dash_manager",
        "The background callback manager is the app's alone",
    ),
    (
        "wsgi.py",
        "import eqpp_dash.components",
        "Command and server reach the page only through app",
    ),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the copy of the package in `folder` against the project's contracts."""
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from importlinter.cli import lint_imports\n"
        f"sys.exit(lint_imports(config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "src" / "eqpp_dash",
        tmp_path / "eqpp_dash",
        ignore=shutil.ignore_patterns("__pycache__", "assets"),
    )
    return tmp_path / "eqpp_dash"


def test_the_package_keeps_the_contracts(package: Path) -> None:
    result = lint(package.parent)
    assert result.returncode == 0, result.stdout


def test_every_contract_catches_a_planted_violation(package: Path) -> None:
    missed = []
    for place, statement, contract in PLANTED:
        target = package / place
        before = target.read_text() if target.exists() else None
        target.write_text(f"{before or ''}\n{statement}\n")
        if f"{contract} BROKEN" not in lint(package.parent).stdout:
            missed.append((place, statement, contract))
        if before is None:
            target.unlink()
        else:
            target.write_text(before)
    assert not missed
