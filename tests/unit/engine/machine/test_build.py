"""Compiled code: right from every state of the cache, freed when closed, LLVM only if needed."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from eqpp_dash.engine.machine import build, kernel, storage
from eqpp_dash.engine.machine.build import Code, compile_ir
from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.system import parse_system

FACTOR = """
define double @scaled(double %x) {{
  %y = fmul double %x, {value}
  ret double %y
}}
"""
DOUBLE = FACTOR.format(value="2.0")


def call(code: Code, x: float) -> float:
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("scaled"))
    return float(function(x))


def answer(text: str, folder: Path | None = None) -> float:
    with compile_ir(text, "test", ["scaled"], folder=folder) as code:
        return call(code, 21.0)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List what is compiled from now on; the memory begins empty."""
    build.forget()
    done: list[str] = []
    usual = build.compile_object

    def count(target: build.Target, text: str, level: int) -> bytes:
        done.append(text)
        return usual(target, text, level)

    monkeypatch.setattr(build, "compile_object", count)
    return done


def test_machine_code_is_available_here() -> None:
    assert build.available()


def test_code_runs_until_it_is_closed() -> None:
    code = compile_ir(DOUBLE, "test", ["scaled"])
    assert call(code, 21.0) == 42.0
    code.close()
    code.close()
    with pytest.raises(ValueError, match="closed"):
        code.address("scaled")


def test_the_memory_spares_a_second_compilation(compiled: list[str]) -> None:
    assert answer(DOUBLE) == answer(DOUBLE) == 42.0
    assert len(compiled) == 1


def test_the_memory_is_bounded_and_drops_the_oldest(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "REMEMBERED", 2)
    texts = [FACTOR.format(value=f"{value}.0") for value in (2, 3, 4)]
    for text in (*texts[:2], texts[0], texts[2], texts[0]):
        answer(text)
    assert compiled == texts
    answer(texts[1])
    assert len(compiled) == 4


def test_the_folder_spares_another_process_the_compilation(
    compiled: list[str], tmp_path: Path
) -> None:
    answer(DOUBLE, tmp_path)
    build.forget()
    assert answer(DOUBLE, tmp_path) == 42.0
    assert len(compiled) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_other_text_key_or_processor_is_another_object(monkeypatch: pytest.MonkeyPatch) -> None:
    target = build.native_target()
    names = {build.content_key(target, DOUBLE, "a"), build.content_key(target, DOUBLE, "b")}
    names.add(build.content_key(target, DOUBLE + "\n", "a"))
    names.add(build.content_key(target, DOUBLE, "a", build.QUICK_LEVEL))
    for attribute in ("cpu", "features", "version", "triple"):
        with monkeypatch.context() as patch:
            patch.setattr(target, attribute, "other")
            names.add(build.content_key(target, DOUBLE, "a"))
    assert len(names) == 8


def test_no_damage_to_a_file_gives_a_wrong_answer(compiled: list[str], tmp_path: Path) -> None:
    answer(DOUBLE, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    places = [*range(8 * 48), *rng.integers(0, 8 * len(whole), 1000 - 8 * 48).tolist()]
    for count, place in enumerate(places, start=2):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        build.forget()
        assert answer(DOUBLE, tmp_path) == 42.0
        assert len(compiled) == count
        assert path.read_bytes()[:40] == whole[:40]


@pytest.mark.parametrize("content", [b"", b"EQPPOBJ1", b"EQPPOBJ0" + bytes(100)])
def test_a_cut_or_foreign_file_is_written_anew(
    content: bytes, compiled: list[str], tmp_path: Path
) -> None:
    answer(DOUBLE, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(content)
    build.forget()
    assert answer(DOUBLE, tmp_path) == 42.0
    assert path.read_bytes() == whole


def test_the_object_of_another_text_is_not_taken(compiled: list[str], tmp_path: Path) -> None:
    answer(FACTOR.format(value="3.0"), tmp_path)
    (path,) = tmp_path.iterdir()
    target = build.native_target()
    path.rename(tmp_path / build.content_key(target, DOUBLE, "test"))
    assert answer(DOUBLE, tmp_path) == 42.0


def test_what_the_memory_holds_is_written_to_a_folder_that_lacks_it(
    compiled: list[str], tmp_path: Path
) -> None:
    answer(DOUBLE)
    answer(DOUBLE, tmp_path)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_ino
    answer(DOUBLE, tmp_path)
    assert path.stat().st_ino == before
    build.forget()
    assert answer(DOUBLE, tmp_path) == 42.0
    assert len(compiled) == 1


def test_a_folder_that_cannot_be_used_is_done_without(tmp_path: Path) -> None:
    build.forget()
    (tmp_path / "file").write_text("in the way")
    assert answer(DOUBLE, tmp_path / "file" / "folder") == 42.0


FILL = """
import ctypes, sys
from pathlib import Path
from eqpp_dash.engine.machine.build import compile_ir
for i in range(60):
    text = f"define double @f() {{\\n  %y = fadd double {i}.0, 0.5\\n  ret double %y\\n}}"
    with compile_ir(text, "test", ["f"], folder=Path(sys.argv[1])) as code:
        found = ctypes.CFUNCTYPE(ctypes.c_double)(code.address("f"))()
    assert found == i + 0.5, (i, found)
"""


def test_processes_may_fill_a_folder_at_once_and_be_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILL, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    while processes[0].poll() is None and not any(tmp_path.iterdir()):
        time.sleep(0.005)
    processes[0].kill()
    assert [process.wait() for process in processes][1:] == [0, 0]
    subprocess.run(command, check=True)
    assert len([path for path in tmp_path.iterdir() if path.name[0] != "."]) == 60


def test_a_thousand_systems_leave_nothing_behind() -> None:
    process = psutil.Process()

    def load(first: int, count: int) -> None:
        for i in range(first, first + count):
            answer(FACTOR.format(value=f"{i}.0"))

    load(0, 200)
    before = process.memory_info().rss
    load(200, 1000)
    assert process.memory_info().rss - before < 12e6


def test_threads_may_compile_at_once(tmp_path: Path) -> None:
    build.forget()
    texts = [FACTOR.format(value=f"{i % 40}.0") for i in range(160)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: answer(text, tmp_path), texts))
    assert found == [21.0 * (i % 40) for i in range(160)]


def test_a_missing_function_is_named() -> None:
    with pytest.raises(KeyError, match="absent"):
        compile_ir(DOUBLE, "test", ["absent"])


def test_text_that_is_no_module_is_refused() -> None:
    with pytest.raises(RuntimeError):
        compile_ir("define nonsense", "test", [])


def python(program: str) -> None:
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


def test_nothing_imports_llvm_before_it_compiles() -> None:
    python(
        """
        import sys
        import eqpp_dash.engine, eqpp_dash.engine.machine.fieldcode
        assert not any(name.startswith("llvmlite") for name in sys.modules)
        """
    )


def test_without_llvm_it_says_so() -> None:
    python(
        """
        import sys
        sys.modules["llvmlite"] = None
        from eqpp_dash.engine.machine import available
        from eqpp_dash.engine.machine.build import compile_ir
        assert available() is False
        try:
            compile_ir("", "", [])
        except RuntimeError as error:
            assert "llvmlite" in str(error)
        else:
            raise AssertionError
        from eqpp_dash.engine.machine.integrate import Integrator
        from eqpp_dash.engine.system import parse_system
        with Integrator.of(parse_system("x' = -x")) as integrator:
            assert integrator.tier == "numpy"
            assert "llvmlite" in integrator.trouble
        """
    )


def fill(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep objects one second apart, the first the oldest; the limits hold none back."""
    names = [f"{i:064x}" for i in range(count)]
    with monkeypatch.context() as patch:
        patch.setattr(storage, "MOST_FILES", count)
        for i, name in enumerate(names):
            assert storage.write_object(folder, name, b"object" * 100)
            os.utime(folder / name, (1e9 + i, 1e9 + i))
    return names


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_keeps_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = fill(tmp_path, 12, monkeypatch)
    (tmp_path / "notes").write_text("of somebody else")
    (tmp_path / ("f" * 64)).mkdir()
    assert storage.read_object(tmp_path, names[0]) == b"object" * 100
    monkeypatch.setattr(storage, "MOST_FILES", 12)
    assert storage.write_object(tmp_path, "a" * 64, b"new")
    assert kept(tmp_path) == sorted([names[0], *names[5:], "a" * 64, "f" * 64, "notes"])


def test_a_folder_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = fill(tmp_path, 10, monkeypatch)
    size = (tmp_path / names[0]).stat().st_size
    monkeypatch.setattr(storage, "MOST_BYTES", 8 * size)
    storage.clear(tmp_path, now=2e9)
    assert kept(tmp_path) == names[4:]


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    old, young = tmp_path / ".object-old", tmp_path / ".object-young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    assert answer(FACTOR.format(value="2.5"), tmp_path) == 52.5
    build.forget()
    assert answer(FACTOR.format(value="2.25"), tmp_path) == 47.25
    assert not old.exists()
    assert young.exists()


CLEAR = """
import sys
from pathlib import Path
from eqpp_dash.engine.machine import storage
storage.MOST_FILES = 20
folder = Path(sys.argv[1])
for i in range(400):
    name = f"{i % 40:064x}"
    assert storage.write_object(folder, name, name.encode() * 50)
    for j in range(0, 40, 7):
        name = f"{j:064x}"
        assert storage.read_object(folder, name) in (None, name.encode() * 50)
"""


def test_processes_may_clear_a_folder_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLEAR, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert 0 < len(kept(tmp_path)) <= 22


def test_a_process_forked_during_a_compilation_may_compile() -> None:
    python(
        """
        import os, threading
        from eqpp_dash.engine.machine.build import compile_ir, native_target
        target = native_target()
        lines = "\\n".join(f"  %y{i + 1} = fadd double %y{i}, {i}.5" for i in range(4000))
        long = f"define double @f(double %y0) {{\\n{lines}\\n  ret double %y4000\\n}}"
        thread = threading.Thread(target=lambda: compile_ir(long, "", ["f"]).close())
        thread.start()
        for i in range(8):
            child = os.fork()
            if not child:
                text = f"define double @g() {{\\n  ret double {i}.0\\n}}"
                compile_ir(text, "", ["g"]).close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        thread.join()
        """
    )


def test_a_failed_compilation_in_the_background_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(target: build.Target, text: str, level: int) -> bytes:
        raise RuntimeError("LLVM ERROR: no such instruction")

    build.forget()
    for module in (build, kernel):
        monkeypatch.setattr(module, "compile_object", fail)
    with Integrator.of(parse_system("x' = -x + 0.3141*x^2"), wait=False) as integrator:
        for _ in range(500):
            if integrator.trouble:
                break
            time.sleep(0.01)
        assert integrator.trouble == "RuntimeError: LLVM ERROR: no such instruction"
        assert integrator.tier == "numpy"
        assert integrator.propagate([[1.0]], 1.0).ends[0] == End.TIME
    assert "could not be made" in caplog.text
    with pytest.raises(RuntimeError, match="no such instruction"):
        Integrator.of(parse_system("x' = -x + 0.3141*x^2"))


def test_a_failed_compilation_at_once_is_told_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(target: build.Target, text: str, level: int) -> bytes:
        tried.append(text)
        raise RuntimeError("LLVM ERROR: no such instruction")

    tried: list[str] = []
    Integrator.of(parse_system("x' = -x")).close()
    monkeypatch.setattr(kernel, "compile_object", fail)
    with Integrator.of(parse_system("x' = -x + 0.2718*x^2"), wait=False) as integrator:
        assert integrator.trouble == "RuntimeError: LLVM ERROR: no such instruction"
        for _ in range(2):
            assert integrator.propagate([[1.0]], 1.0).ends[0] == End.TIME
        assert integrator.tier == "numpy"
    assert len(tried) == 1
    assert "could not be made" in caplog.text


def test_what_would_take_too_long_to_compile_is_left_to_numpy() -> None:
    wave = " + ".join(f"sin({k}*x)/{k + 2}" for k in range(1, 600))
    with Integrator.of(parse_system(f"x' = {wave}")) as integrator:
        assert integrator.tier == "numpy"
        assert "operations are too many" in integrator.trouble
        assert integrator.propagate([[0.1]], 0.01).ends[0] == End.TIME


def test_only_the_code_that_would_take_too_long_is_left_to_numpy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eqpp_dash.engine.machine.kernels.MOST_OPERATIONS", 9)
    options: Any = {"rtol": 1e-10, "atol": 1e-10}
    with Integrator.of(parse_system("x' = -x*cos(x)")) as integrator:
        assert integrator.tier == "machine"
        usual = integrator.propagate([[0.4]], 1.0, **options)
        assert not integrator.trouble
        stiff = integrator.propagate([[0.4]], 1.0, method="Rodas5P", **options)
        assert "operations are too many" in integrator.trouble
    assert stiff.states[0, 0] == pytest.approx(usual.states[0, 0], abs=1e-8)
