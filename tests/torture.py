"""Kill jobs, executor, web workers and the server at random, while people compute.

Run as ``python tests/torture.py --kills 50``. It starts the real server under gunicorn on a
data folder of its own, lets visitors order portraits as the page does and watch them to the
end, and sends SIGKILL all the while. After the last kill the server is started once more, and
then every row must be terminal within 30 seconds without anybody looking.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import psutil

from eqpp_dash.compose import compose
from eqpp_dash.settings import load_settings

TERMINAL_WITHIN_S = 30.0
KINDS = ("job", "executor", "web worker", "master")
OVER = ("finished", "failed", "cancelled")


class Site:
    """The server and everything it starts."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = (folder / "server.log").open("ab")
        self.environment = {
            **os.environ,
            "EQPP_DATA_DIR": str(self.data),
            "EQPP_EXECUTOR_IDLE_S": "30",
            "EQPP_POLL_INTERVAL_MS": "100",
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.services = compose(load_settings(data_dir=self.data))

    def start(self) -> None:
        options = ["--port", str(self.port), "--workers", "2", "--threads", "4"]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "eqpp_dash", "serve", *options],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            cwd=self.data,
            start_new_session=True,
        )

    def wait_until_up(self) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if Page.request(self.port, "GET", "/healthz")[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit("the server does not come up")

    def workers(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children()
        return []

    def candidates(self) -> dict[str, list[psutil.Process]]:
        """Give what can be killed now, by kind."""
        found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
        found["web worker"] = self.workers()
        if self.process is not None and self.process.poll() is None:
            found["master"] = [psutil.Process(self.process.pid)]
        ours = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "worker" in words and str(self.data) in words:
                ours.append(process)
        numbers = {process.pid for process in ours}
        for process in ours:
            with contextlib.suppress(psutil.NoSuchProcess):
                is_job = os.getpgid(process.pid) == process.pid and process.ppid() in numbers
                found["job" if is_job else "executor"].append(process)
        return found

    def restart(self) -> None:
        """Start the server again after its master was killed, with its workers' leavings gone."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.start()

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for group in self.candidates().values():
            for process in group:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.log.close()


class Page:
    """One page load, speaking as Dash's renderer does."""

    def __init__(self, port: int) -> None:
        self.port = port
        text = self.request(port, "GET", "/")[1].decode()
        config = re.search(r'id="_dash-config"[^>]*>(.*?)</script>', text, re.DOTALL)
        assert config is not None
        self.end_id = json.loads(config[1])["end_id"]
        listed = json.loads(self.request(port, "GET", "/_dash-dependencies")[1])
        self.order_callback = self._callback(listed, "order.data")
        self.watch_callback = self._callback(listed, "job-key.data", background=True)

    @staticmethod
    def request(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _callback(listed: list[dict], source: str, background: bool = False) -> dict:
        name, prop = source.split(".")
        for callback in listed:
            inputs = [(item["id"], item["property"]) for item in callback["inputs"]]
            in_browser = callback.get("clientside_function") is not None
            wanted = (name, prop) in inputs and bool(callback.get("background")) is background
            if wanted and not in_browser:
                return callback
        raise SystemExit(f"the page has no callback for {source}")

    def call(self, callback: dict, value: object, **query: str) -> dict | None:
        output = callback["output"]
        many = output.startswith("..")
        names = output[2:-2].split("...") if many else [output]
        outputs = [dict(zip(("id", "property"), n.split(".", 1), strict=True)) for n in names]
        source = callback["inputs"][0]
        status, body = self.request(
            self.port,
            "POST",
            "/_dash-update-component?" + urlencode({"endId": self.end_id, **query}),
            {
                "output": output,
                "outputs": outputs if many else outputs[0],
                "inputs": [{**source, "value": value}],
                "changedPropIds": [f"{source['id']}.{source['property']}"],
            },
        )
        if status == 204:
            return None
        if status != 200:
            raise OSError(f"status {status}: {body[:300]!r}")
        return json.loads(body)

    def order(self, equations: str, title: str) -> str:
        form = {"title": title, "equations": equations, "parameters": {}, "starts": []}
        answer = self.call(self.order_callback, {"n": 1, "form": form})
        assert answer is not None
        told = {key.split("@")[0]: value for key, value in _flat(answer["response"]).items()}
        if "job-key.data" not in told:
            raise OSError(f"the order was refused: {told}")
        return told["job-key.data"]

    def watch(self, row_id: str) -> dict:
        """Poll as the page does, until the status store holds an end; returns that state."""
        handles = self.call(self.watch_callback, row_id)
        if handles is None:
            raise OSError("the row is not watched")
        query = {"cacheKey": handles["cacheKey"], "job": handles["job"]}
        while True:
            answer = self.call(self.watch_callback, row_id, **query)
            if answer is None:
                raise OSError("the watch ended with nothing")
            state = answer["sideUpdate"]["watch"]["data"]
            if state["status"] in OVER:
                return state
            time.sleep(0.1)


def _flat(response: dict) -> dict:
    return {f"{name}.{prop}": v for name, props in response.items() for prop, v in props.items()}


class Visitor(threading.Thread):
    """Orders portraits and watches each to its end, whatever happens to the server."""

    def __init__(self, number: int, site: Site, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.number, self.site, self.done = number, site, done
        self.seen: dict[str, str] = {}
        self.interrupted = 0
        self.unfinished = ""

    def run(self) -> None:
        count = 0
        while count < 2 or not self.done.is_set():
            count += 1
            damping = 0.1 + self.number / 100 + count / 10_000
            equations = f"x' = y\ny' = -sin(x) - {damping:.6f}*y"
            row_id = self.again(lambda text=equations: self._order(text))
            state = self.again(lambda row=row_id: Page(self.site.port).watch(row))
            self.seen[row_id] = state["status"]
            assert state["status"] == "finished" or state["error"], state

    def _order(self, equations: str) -> str:
        return Page(self.site.port).order(equations, f"visitor {self.number}")

    def again(self, step):
        while True:
            try:
                return step()
            except (OSError, http.client.HTTPException, ValueError):
                self.interrupted += 1  # as a page that reloads, or arms its watch again
                time.sleep(0.3)


def kill_at_random(site: Site, kills: int, chance: random.Random) -> collections.Counter:
    """Kill so many processes, each kind about as often; a job is waited for, being short."""
    killed: collections.Counter = collections.Counter()
    while killed.total() < kills:
        time.sleep(chance.uniform(0.1, 0.8))
        rare = min(KINDS, key=lambda name: (killed[name], chance.random()))
        kind = rare if chance.random() < 0.5 else chance.choice(KINDS)
        end = time.monotonic() + 10.0
        while not (found := site.candidates()[kind]) and time.monotonic() < end:
            time.sleep(0.05)
        if not found:
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            chance.choice(found).kill()
            killed[kind] += 1
        if kind == "master":
            time.sleep(chance.uniform(0, 0.5))
            site.restart()
            site.wait_until_up()
    return killed


def torture(
    kills: int,
    folder: Path,
    visitors: int = 4,
    seed: int | None = None,
    within_s: float = TERMINAL_WITHIN_S,
) -> dict:
    """Torture one site; gives what was found, raises AssertionError if the promise broke."""
    site = Site(folder)
    people, done = [], threading.Event()
    try:
        site.start()
        site.wait_until_up()
        people = [Visitor(number, site, done) for number in range(visitors)]
        for person in people:
            person.start()
        killed = kill_at_random(site, kills, random.Random(seed))
        # The last: everything at once, while work is waiting, and one restart.
        for group in site.candidates().values():
            for process in group:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        done.set()
        restarted = time.time()
        site.restart()
        site.wait_until_up()
        seconds = wait_for_the_end(site, people, restarted, within_s)
        found = check(site, people)
        return {"killed": dict(killed), "seconds_to_the_end": round(seconds, 1), **found}
    finally:
        done.set()
        site.stop()


def wait_for_the_end(site: Site, people: list[Visitor], restarted: float, within_s: float) -> float:
    """Wait until every row and every visitor is done; gives the seconds since the restart."""
    portraits = site.services.portraits
    while True:
        live = [j for status in ("queued", "running") for j in portraits.jobs(500, status=status)]
        now = time.time()
        for job in live:  # a visitor who was cut off orders once more after the restart
            waited = now - max(job.created, restarted)
            assert waited < within_s, f"not terminal {waited:.0f} s after the restart: {job}"
        if not live and not any(person.is_alive() for person in people):
            last = max(job.ended or 0.0 for job in portraits.jobs(10_000))
            return max(0.0, last - restarted)
        assert now - restarted < 20 * within_s, "a visitor still waits"
        time.sleep(0.2)


def check(site: Site, people: list[Visitor]) -> dict:
    """Check the promise on every row."""
    portraits, archive = site.services.portraits, site.services.archive
    rows = portraits.jobs(10_000)
    by_id = {job.row_id: job for job in rows}
    finished: collections.Counter = collections.Counter()
    for job in rows:
        assert job.is_terminal, job
        if job.status == "finished":
            finished[job.portrait_id] += not job.partial  # such a one may be computed anew
            assert portraits.portrait(job.row_id).equilibria
            assert portraits.facts(job.row_id)["id"] == job.portrait_id
        else:
            assert job.error, job
    assert max(finished.values()) == 1, "a portrait was computed into two rows"
    for person in people:
        for row_id, status in person.seen.items():
            assert by_id[row_id].status == status, "the page said something else than the row"
    assert sum(len(person.seen) for person in people) > 0
    assert archive.count() == len(rows)
    return {
        "rows": dict(collections.Counter(job.status for job in rows)),
        "attempts": dict(collections.Counter(job.attempts for job in rows)),
        "watched": sum(len(person.seen) for person in people),
        "interrupted": sum(person.interrupted for person in people),
        "reasons": dict(
            collections.Counter(
                re.sub(r"\d{3,}", "N", job.error) for job in rows if job.status != "finished"
            )
        ),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--visitors", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--within", type=float, default=TERMINAL_WITHIN_S, help="seconds from restart to last row"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="eqpp-torture-"))
    try:
        found = torture(options.kills, folder, options.visitors, options.seed, options.within)
    except BaseException:
        print(f"the data folder and the logs are kept in {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
