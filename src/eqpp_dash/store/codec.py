"""A portrait as bytes and back, exactly; without pickle.

The bytes are a magic word, one byte of version, and a zlib stream of the length of a header,
the header (JSON) and the arrays' raw bytes. The header holds the tree of values with each
array replaced by its number. Classes are named, and only those of the model are made; a
field that this version does not know is left out, one that is missing takes its default, so
that later versions read the portraits of this one.
"""

from __future__ import annotations

import dataclasses
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from eqpp_dash.errors import ArchiveError
from eqpp_dash.model import cycles, manifolds
from eqpp_dash.model import portrait as model
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import PortraitSpec

MAGIC = b"EQPP-portrait"
CODEC_VERSION = 1
MAX_BYTES = 256 * 1024 * 1024
_LEVEL = 3
_LENGTH = struct.Struct("<I")
_TYPES = frozenset({"<f8", "<f4", "<c16", "<i8", "<i4", "|b1", "|u1"})
_CLASSES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        cycles.Annulus,
        cycles.CycleCoverage,
        cycles.CycleGap,
        cycles.LimitCycle,
        manifolds.Audit,
        manifolds.Connection,
        manifolds.Polycycle,
        manifolds.Separatrix,
        model.Equilibrium,
        model.EquilibriumSet,
        model.Notice,
        model.Nullcline,
        model.OrbitEnd,
        model.Portrait,
        model.Singularity,
        model.SystemFacts,
        model.Trajectory,
        model.VectorFieldGrid,
    )
}


def encode_portrait(portrait: Portrait) -> bytes:
    """Turn a portrait into bytes.

    Parameters
    ----------
    portrait : Portrait
        Any portrait.

    Returns
    -------
    bytes
        What `decode_portrait` reads back equal, to the last bit.
    """
    arrays: list[NDArray[Any]] = []
    tree = _pack(portrait, arrays)
    shapes = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = orjson.dumps({"tree": tree, "arrays": shapes})
    packer = zlib.compressobj(_LEVEL)
    parts = [MAGIC, bytes([CODEC_VERSION]), packer.compress(_LENGTH.pack(len(header)) + header)]
    parts += [packer.compress(array.tobytes()) for array in arrays]
    parts.append(packer.flush())
    return b"".join(parts)


def decode_portrait(data: bytes) -> Portrait:
    """Read a portrait.

    Parameters
    ----------
    data : bytes
        From `encode_portrait`, of this or an earlier version.

    Returns
    -------
    Portrait
        The portrait.

    Raises
    ------
    ArchiveError
        If the bytes are damaged, too large, or of a later version.
    """
    start = len(MAGIC) + 1
    if data[: len(MAGIC)] != MAGIC or len(data) <= start:
        raise ArchiveError("this is not a stored portrait", "Compute it again")
    if data[start - 1] > CODEC_VERSION:
        raise ArchiveError("this portrait was stored by a later version", "Update EQPP Dash")
    try:
        portrait = _decode(_inflate(data[start:]))
    except ArchiveError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise ArchiveError(
            f"this stored portrait is damaged ({error})", "Compute it again"
        ) from error
    return portrait


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, MAX_BYTES)
    if unpacker.unconsumed_tail:
        raise ArchiveError("this stored portrait is too large", "Compute a smaller one")
    if not unpacker.eof:
        raise ValueError("it is cut off")
    return data


def _decode(data: bytes) -> Portrait:
    (length,) = _LENGTH.unpack_from(data)
    position = _LENGTH.size + length
    header = orjson.loads(data[_LENGTH.size : position])
    arrays: list[NDArray[Any]] = []
    for name, shape in header["arrays"]:
        if name not in _TYPES:
            raise ValueError(f"unknown kind of array {name!r}")
        dtype = np.dtype(name)
        count = math.prod(shape)
        array = np.frombuffer(data, dtype, count, position) if count else np.empty(0, dtype)
        arrays.append(array.reshape(shape))
        position += count * dtype.itemsize
    if position != len(data):
        raise ValueError("its length is wrong")
    portrait = _unpack(header["tree"], arrays)
    if not isinstance(portrait, Portrait):
        raise TypeError("it holds something else")
    return portrait


def _pack(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"float": repr(number)}
    if isinstance(value, np.ndarray):
        kept = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        if kept.dtype.str not in _TYPES:
            raise TypeError(f"an array of {value.dtype} cannot be stored")
        arrays.append(kept.reshape(value.shape))
        return {"array": len(arrays) - 1}
    if isinstance(value, PortraitSpec):
        return {"spec": value.to_dict()}
    if isinstance(value, Mapping):
        return {"map": [[str(key), _pack(item, arrays)] for key, item in value.items()]}
    if isinstance(value, (tuple, list)):
        return [_pack(item, arrays) for item in value]
    name = type(value).__name__
    if _CLASSES.get(name) is type(value):
        items = {f.name: _pack(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return {"is": name, "of": items}
    raise TypeError(f"a {name} cannot be stored")


def _unpack(node: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(node, list):
        return tuple(_unpack(item, arrays) for item in node)
    if not isinstance(node, dict):
        return node
    if "array" in node:
        return arrays[node["array"]]
    if "float" in node:
        return float(node["float"])
    if "map" in node:
        return {key: _unpack(item, arrays) for key, item in node["map"]}
    if "spec" in node:
        return PortraitSpec.from_json(node["spec"])
    cls = _CLASSES[node["is"]]
    known = {f.name for f in dataclasses.fields(cls)}
    return cls(**{name: _unpack(x, arrays) for name, x in node["of"].items() if name in known})
