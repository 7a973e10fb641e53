"""Compiled code: right from every state of the cache, freed when closed, LLVM only if needed."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from eqpp_dash.engine.machine import build
from eqpp_dash.engine.machine.build import Code, compile_ir

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

    def count(target: build.Target, text: str) -> bytes:
        done.append(text)
        return usual(target, text)

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
    for attribute in ("cpu", "features", "version", "triple"):
        with monkeypatch.context() as patch:
            patch.setattr(target, attribute, "other")
            names.add(build.content_key(target, DOUBLE, "a"))
    assert len(names) == 7


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
        """
    )
