"""Compiles LLVM's text to machine code, with a cache in memory and, if wanted, on disk.

LLVM comes from llvmlite, which is imported when something is first compiled and not before.
The object code is cached, never the linked code: each `Code` is linked anew and freed when it
is closed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eqpp_dash.engine.machine.storage import holds_object, read_object, write_object

#: How many objects the memory holds.
REMEMBERED = 128
#: Functions of the C library that code may call for single lanes, as `scalar_symbol` names them.
SCALAR_FUNCTIONS = ("sin", "cos", "tan", "erf", "fmod")
#: Functions that LLVM itself calls where a processor has no instruction for them.
LIBRARY_CALLS = ("floor", "ceil")

#: Level of optimisation, of 0 to 3. Level 1 gives the code of level 2 for straight lines of
#: vectors, in less time; passes over the text before it do not pay for themselves.
USUAL_LEVEL = 1
#: Level that gives code soonest. The text says how everything is rounded, so the bits are the same.
QUICK_LEVEL = 0

_lock = threading.Lock()
_objects: OrderedDict[str, bytes] = OrderedDict()


def scalar_symbol(name: str) -> str:
    """Give the symbol under which compiled code finds a function of the C library."""
    return f"eqpp_scalar_{name}"


class Target:
    """The processor that code is made for.

    Attributes
    ----------
    cpu, features : str
        LLVM's name of the processor and what it can do.
    version : str
        LLVM's version.
    fused : bool
        Whether it multiplies and adds in one instruction.
    width : int
        Doubles that fit one of its vector registers.
    """

    def __init__(self, llvm: Any) -> None:
        self.llvm = llvm
        flags = llvm.get_host_cpu_features()
        self.cpu: str = llvm.get_host_cpu_name()
        self.features: str = flags.flatten()
        self.version = ".".join(str(part) for part in llvm.llvm_version_info)
        self.fused = bool(flags.get("fma")) or _is_arm(llvm)
        self.width = 2
        if flags.get("avx"):
            self.width = 4
        if flags.get("avx512f") and flags.get("avx512vl") and flags.get("avx512dq"):
            self.width = 8
            self.features += ",-prefer-256-bit"
        self.triple: str = llvm.get_process_triple()

    def machine(self, level: int = USUAL_LEVEL) -> Any:
        """Make a code generator; it belongs to the one module it is used for."""
        target = self.llvm.Target.from_triple(self.triple)
        return target.create_target_machine(
            cpu=self.cpu, features=self.features, opt=level, jit=True
        )


def _is_arm(llvm: Any) -> bool:
    return str(llvm.get_process_triple()).split("-")[0] in ("aarch64", "arm64")


@cache
def _find_target() -> Target | str:
    """Give the processor, or the reason why there is none; the lock must be held."""
    try:
        import llvmlite.binding as llvm
    except (ImportError, OSError) as error:
        return f"llvmlite cannot be imported: {error}"
    try:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.check_jit_execution()
        target = Target(llvm)
        target.machine()
        addresses = _library_addresses()
    except (RuntimeError, OSError, AttributeError) as error:
        return f"LLVM makes no code for this processor or system: {error}"
    for name, address in addresses.items():
        llvm.add_symbol(scalar_symbol(name), address)
        if name in LIBRARY_CALLS:
            llvm.add_symbol(name, address)
    _hold_at_fork(getattr(getattr(llvm.ffi.lib, "_lock", None), "_lock", None))
    return target


def _hold_at_fork(lock: Any) -> None:
    """Let no process be forked while a thread is within LLVM: its lock would stay locked there."""
    if lock is not None and hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )


_hold_at_fork(_lock)


def _library_addresses() -> dict[str, int]:
    library = ctypes.CDLL(None if os.name == "posix" else "ucrtbase")
    if not hasattr(library, "erf"):
        library = ctypes.CDLL(ctypes.util.find_library("m"))
    addresses = {}
    for name in SCALAR_FUNCTIONS + LIBRARY_CALLS:
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        assert address is not None
        addresses[name] = address
    return addresses


def available() -> bool:
    """Tell whether machine code can be made here: llvmlite is there and knows the processor."""
    return not why_not()


def why_not() -> str:
    """Give the reason why machine code cannot be made here; empty if it can."""
    with _lock:
        target = _find_target()
    return target if isinstance(target, str) else ""


def native_target() -> Target:
    """Give the processor that code is made for.

    Raises
    ------
    RuntimeError
        If machine code cannot be made here; see `why_not`.
    """
    with _lock:
        target = _find_target()
    if isinstance(target, str):
        raise RuntimeError(f"machine code needs llvmlite and a processor that it knows: {target}")
    return target


class Code:
    """Linked machine code; closing it frees it, and its addresses are then invalid.

    Parameters
    ----------
    target : Target
        The processor.
    content : bytes or sequence of bytes
        Object code, of which parts may call each other.
    functions : sequence of str
        Names of the functions whose addresses are wanted.
    """

    def __init__(
        self, target: Target, content: bytes | Sequence[bytes], functions: Sequence[str]
    ) -> None:
        llvm = target.llvm
        contents = [content] if isinstance(content, bytes) else list(content)
        self._contents = contents  # the engine may point into them
        self._engine: Any = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.machine())
        self._addresses: dict[str, int] = {}
        try:
            for each in contents:
                self._engine.add_object_file(llvm.ObjectFileRef.from_data(each))
            self._engine.finalize_object()
            for name in functions:
                self._addresses[name] = self._engine.get_function_address(name)
                if not self._addresses[name]:
                    raise KeyError(f"the code has no function {name}")
        except BaseException:
            self.close()
            raise

    def address(self, name: str) -> int:
        """Give the address of a function that was asked for."""
        if self._engine is None:
            raise ValueError("the machine code was closed")
        return self._addresses[name]

    def close(self) -> None:
        """Free the code; nothing may be running in it."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def compile_ir(
    text: str, key: str, functions: Sequence[str], *, folder: Path | None = None
) -> Code:
    """Compile a module and link it.

    Parameters
    ----------
    text : str
        The module, in LLVM's textual form.
    key : str
        Anything else the code depends on; part of what the caches are searched by.
    functions : sequence of str
        Names of the functions whose addresses are wanted.
    folder : Path or None
        Where object code is kept between processes; None keeps it in memory only. A file that
        cannot be read, is damaged or stems from another processor is compiled and written
        anew; a folder that cannot be written to is done without.

    Returns
    -------
    Code
        To be closed by the caller.

    Raises
    ------
    RuntimeError
        If the text is not valid, or machine code cannot be made here.
    KeyError
        If a function is missing.
    """
    target = native_target()
    return Code(target, make_object(target, text, key, folder=folder), functions)


def make_object(
    target: Target, text: str, key: str, *, folder: Path | None = None, level: int = USUAL_LEVEL
) -> bytes:
    """Give the object code of a module: from the memory, from the folder, or compiled.

    Parameters
    ----------
    target : Target
        The processor.
    text, key, folder
        As for `compile_ir`.
    level : int
        Level of optimisation.
    """
    name = content_key(target, text, key, level)
    content = _look_up(name, folder)
    kept = folder is None or (content is not None and holds_object(folder, name))
    if content is None:
        content = compile_object(target, text, level)
        remember(name, content)
    if folder is not None and not kept:
        write_object(folder, name, content)
    return content


def find_object(
    target: Target, text: str, key: str, *, folder: Path | None = None, level: int = USUAL_LEVEL
) -> bytes | None:
    """Give the object code of a module if it was compiled before; see `make_object`."""
    return _look_up(content_key(target, text, key, level), folder)


def _look_up(name: str, folder: Path | None) -> bytes | None:
    content = recall(name)
    if content is None and folder is not None:
        content = read_object(folder, name)
        if content is not None:
            remember(name, content)
    return content


def content_key(target: Target, text: str, key: str, level: int = USUAL_LEVEL) -> str:
    """Give the name of an object: a digest of all that it depends on."""
    parts = (key, target.version, target.triple, target.cpu, target.features, str(level), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def compile_object(target: Target, text: str, level: int = USUAL_LEVEL) -> bytes:
    """Compile a module to object code."""
    llvm = target.llvm
    with llvm.create_context() as context, llvm.parse_assembly(text, context) as module:
        module.verify()
        with target.machine(level) as machine:
            return bytes(machine.emit_object(module))


def forget() -> None:
    """Empty the memory of objects; files stay."""
    with _lock:
        _objects.clear()


def recall(name: str) -> bytes | None:
    """Give an object that is in the memory under a name; None if there is none."""
    with _lock:
        if name in _objects:
            _objects.move_to_end(name)
        return _objects.get(name)


def remember(name: str, content: bytes) -> None:
    """Keep an object in the memory; those not used for longest go."""
    with _lock:
        _objects[name] = content
        _objects.move_to_end(name)
        while len(_objects) > REMEMBERED:
            _objects.popitem(last=False)
