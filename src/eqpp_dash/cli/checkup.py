"""``eqpp-dash doctor``: what is installed, where the data are, whether all of it works."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eqpp_dash.cli.options import data_options, open_services
from eqpp_dash.errors import EqppError, ForbiddenError
from eqpp_dash.model.spec import PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services
    from eqpp_dash.settings import Settings

LEAST_FREE_BYTES = 100_000_000
JOB_TIMEOUT_S = 60.0
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "glusterfs", "ceph")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    subject, found : str
        What was looked at, and what was found.
    mend : str
        How to mend it; empty if all is well.
    """

    subject: str
    found: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.mend


@click.command(short_help="Check the installation, the data folder and a real job.")
@data_options
@click.pass_context
def doctor(ctx: click.Context, data_dir: Path | None, config: Path | None) -> None:
    """Check the installation, the data folder, the database and a real job.

    Says for each finding what is wrong and how to mend it; the exit status is 1 if
    something is.
    """
    wrong = 0
    for finding in examine(data_dir, config):
        wrong += not finding.is_well
        click.echo(f"{'ok   ' if finding.is_well else 'WRONG'} {finding.subject}: {finding.found}")
        if finding.mend:
            click.echo(f"      {finding.mend}")
    click.echo("All is well." if not wrong else f"{wrong} to mend.")
    ctx.exit(1 if wrong else 0)


def examine(data_dir: Path | None, config: Path | None) -> Iterator[Finding]:
    """Look at everything, one thing after the other, as far as it goes."""
    yield package_finding()
    yield copies_finding(sys.path, Path.cwd())
    yield machine_finding()
    from eqpp_dash.settings import load_settings

    try:
        settings = load_settings(config, data_dir=data_dir)
    except EqppError as error:
        yield Finding("settings", error.message, error.hint or "Mend the setting")
        return
    yield folder_finding(settings)
    try:
        services = open_services(settings)
    except EqppError as error:
        yield Finding("database", error.message, error.hint or "Mend or move the data folder")
        return
    yield from health_findings(services, settings)
    yield job_finding(services)


def package_finding() -> Finding:
    """Say which copy of the code runs."""
    import eqpp_dash

    found = f"eqpp-dash {eqpp_dash.__version__} in {eqpp_dash.__file__} (Python {sys.executable})"
    if eqpp_dash.__version__.startswith("0+"):
        return Finding("package", found, "It is not installed: pip install eqpp-dash")
    return Finding("package", found)


def machine_finding() -> Finding:
    """Say whether the integrator runs in machine code here."""
    from eqpp_dash.engine.machine.build import native_target, why_not

    reason = why_not()
    if reason:
        mend = "Install llvmlite for this processor, as the requirements say"
        return Finding("machine code", f"none, numpy computes, more slowly: {reason}", mend)
    target = native_target()
    return Finding(
        "machine code", f"LLVM {target.version} for {target.cpu}, {target.width} numbers at a time"
    )


def copies_finding(path: Iterable[str], folder: Path) -> Finding:
    """Look for another copy of the package that could be imported in place of this one.

    Parameters
    ----------
    path : iterable of str
        Where Python looks for modules.
    folder : Path
        The working directory. It counts as importable, since ``python -m`` and gunicorn put it
        on the path; a checkout's ``src`` in it does not, and is only told.
    """
    import eqpp_dash

    own = Path(os.path.realpath(str(eqpp_dash.__file__))).parent
    others = _copies((*path, str(folder)), folder, own)
    if others:
        return Finding(
            "copies",
            f"another copy could be imported: {', '.join(others)}",
            "Remove it, uninstall one of the two, or start from another folder",
        )
    found = "no other copy of the package can be imported here"
    checkout = _copies((str(folder / "src"),), folder, own)
    if checkout:
        found += f"; the sources in {checkout[0]} are not on Python's path"
    return Finding("copies", found)


def _copies(entries: Iterable[str], folder: Path, own: Path) -> list[str]:
    found: dict[str, None] = {}
    for entry in entries:
        root = Path(entry) if entry else folder
        for candidate in (root / "eqpp_dash", root / "eqpp_dash.py"):
            if candidate.exists() and Path(os.path.realpath(candidate)) != own:
                found[os.path.abspath(candidate)] = None
    return list(found)


def folder_finding(settings: Settings) -> Finding:
    """Look at the data folder: may it be written, has it room, is it on a disk."""
    folder = settings.data_dir
    subject, found = "data folder", str(folder)
    other = "Name another with --data-dir or EQPP_DATA_DIR"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{secrets.token_hex(4)}"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(subject, f"{found} cannot be written: {error.strerror}", other)
    if free < LEAST_FREE_BYTES:
        return Finding(subject, f"{found} has only {free / 1e6:.0f} MB left", "Make room")
    kind = file_system(folder)
    if kind.startswith(NETWORK_FILE_SYSTEMS):
        return Finding(subject, f"{found} is on a network ({kind}), where locks do not hold", other)
    return Finding(subject, f"{found} ({free / 1e9:.1f} GB free)")


def file_system(folder: Path, table: Path = Path("/proc/mounts")) -> str:
    """Give the type of the file system of a folder; empty where that is not known."""
    try:
        mounts = table.read_text().splitlines()
    except OSError:
        return ""  # not Linux
    best, kind = "", ""
    real = os.path.realpath(folder)
    for line in mounts:
        _, mount, name, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if (real + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def health_findings(services: Services, settings: Settings) -> Iterator[Finding]:
    """Write to the database, and reach for the executor."""
    state = services.health.ready()
    database, executor = state["database"], state["executor"]
    if database["ok"]:
        counts = ", ".join(f"{count} {status}" for status, count in state["jobs"].items() if count)
        speed = f"a write took {database['write_ms']} ms" if "write_ms" in database else "written"
        yield Finding("database", f"{settings.database_path}, {speed}; jobs: {counts or 'none'}")
    else:
        yield Finding("database", database["error"], "Mend or move the data folder")
    if executor["ok"]:
        yield Finding("executor", "it answers")
    else:
        log = settings.log_dir / "executor.log"
        yield Finding("executor", f"it does not start: {executor['error']}", f"See {log}")


def job_finding(services: Services) -> Finding:
    """Ask for a portrait that was never asked for before, and wait for it."""
    rate = 1 + secrets.randbelow(10**9) / 10**9
    spec = PortraitSpec.from_json(
        {
            "title": "doctor",
            "equations": "x' = -k*x\ny' = -y",
            "parameters": {"k": rate},
            "window": {"x": [-1, 1], "y": [-1, 1]},
            "analyses": ["equilibria"],
        }
    )
    mend = "Look at the log in the data folder; end what runs there and try again"
    began = time.monotonic()
    try:
        job = services.portraits.submit(spec, launcher="doctor")
        job = services.portraits.wait(job.row_id, timeout=JOB_TIMEOUT_S)
        seconds = time.monotonic() - began
        if job.status != "finished":
            return Finding("job", f"job {job.row_id} {job.status}: {job.error}", mend)
        kinds = [item.kind for item in services.portraits.portrait(job.row_id).equilibria]
    except EqppError as error:
        return Finding("job", str(error), mend)
    if kinds != ["stable node"]:
        return Finding("job", f"it found {kinds} in place of one stable node", "Reinstall it")
    rest = _remove(services, job.row_id)
    return Finding("job", f"submitted and finished in {seconds:.2f} s{rest}")


def _remove(services: Services, row_id: str) -> str:
    try:
        services.archive.delete(row_id)
    except ForbiddenError:
        return f"; it stays in the archive as {row_id}, where deleting is not allowed"
    return ""
