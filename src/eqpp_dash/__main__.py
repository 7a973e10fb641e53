"""``python -m eqpp_dash``: the command; ``python -m eqpp_dash worker``: the executor.

The executor takes its lock before anything heavy is imported, so that whoever looks for it
sees at once that it is on its way.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Run the command, or the executor.

    Parameters
    ----------
    arguments : list of str
        The command line without the program.

    Returns
    -------
    int
        Exit status.
    """
    if arguments[:1] == ["worker"]:
        return _work(arguments[1:])
    from eqpp_dash.cli import main as command

    command(args=arguments, prog_name="eqpp-dash")
    return 0


def _work(arguments: list[str]) -> int:
    import argparse
    import signal
    from pathlib import Path

    parser = argparse.ArgumentParser("eqpp-dash worker", description="Run the jobs of a folder.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--package", default="", help="file of the copy that must run")
    parser.add_argument("--package-version", default="")
    options = parser.parse_args(arguments)
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    from eqpp_dash.jobs.lock import ExecutorLock
    from eqpp_dash.jobs.processes import start_time

    folder = Path(os.path.abspath(options.data_dir))
    lock = ExecutorLock(folder / "executor.lock")
    if not lock.take():
        return 0  # one is at work already
    lock.sign(os.getpid(), start_time(os.getpid()) or 0.0)

    from eqpp_dash.compose import EXIT_RESTART, run_worker

    status = run_worker(lock, folder, options.package, options.package_version)
    if status == EXIT_RESTART:
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, "-P", "-m", "eqpp_dash", "worker", *arguments])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
