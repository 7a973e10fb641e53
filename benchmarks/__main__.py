"""Compare the package with its peers: all scripts, one after the other.

``python benchmarks`` runs each in a process of its own and passes arguments on. The exit code is 1
if one of them misses a bound.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = ("throughput", "peak", "new_system", "dense", "basin", "rossler", "stiff", "beside")

if __name__ == "__main__":
    failed = []
    for name in SCRIPTS:
        print(f"\n==== benchmarks/{name}.py", flush=True)
        began = time.perf_counter()
        path = Path(__file__).with_name(f"{name}.py")
        if subprocess.run([sys.executable, str(path), *sys.argv[1:]], check=False).returncode:
            failed.append(name)
        print(f"({time.perf_counter() - began:.0f} s)", flush=True)
    if failed:
        print(f"\nfailed or missed a bound: {', '.join(failed)}")
    raise SystemExit(bool(failed))
