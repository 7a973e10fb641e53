import dataclasses
import math
import zlib
from collections.abc import Mapping

import numpy as np
import pytest
from portraits import connected_portrait, odd_portrait, pendulum_portrait

from eqpp_dash.errors import ArchiveError
from eqpp_dash.model.portrait import Equilibrium, Portrait, SystemFacts
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.store import codec
from eqpp_dash.store.codec import MAGIC, decode_portrait, encode_portrait


def same(a, b):
    """Compare two values to the last bit, NaN and signs of zero included."""
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, PortraitSpec):
        return a == b
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)
        )
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, float) and (a == b or (math.isnan(a) and math.isnan(b)))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("make", [pendulum_portrait, odd_portrait, connected_portrait])
def test_a_portrait_is_read_back_to_the_last_bit(make):
    portrait = make()
    assert same(decode_portrait(encode_portrait(portrait)), portrait)


def test_the_comparison_above_sees_a_difference_of_one_bit():
    portrait = pendulum_portrait()
    item = portrait.equilibria[0]
    moved = dataclasses.replace(item, point=np.nextafter(item.point, 1))
    other = dataclasses.replace(portrait, equilibria=(moved, *portrait.equilibria[1:]))
    assert not same(other, portrait)


def test_numbers_that_json_has_no_word_for_survive():
    portrait = dataclasses.replace(
        pendulum_portrait(), timing={"engine_s": math.nan, "a": math.inf, "b": -math.inf}
    )
    read = decode_portrait(encode_portrait(portrait)).timing
    assert math.isnan(read["engine_s"])
    assert (read["a"], read["b"]) == (math.inf, -math.inf)


def test_arrays_in_any_layout_survive():
    portrait = pendulum_portrait()
    item = portrait.equilibria[0]
    turned = np.asfortranarray(np.arange(4.0).reshape(2, 2))[::-1]
    other = dataclasses.replace(item, jacobian=turned)
    read = decode_portrait(encode_portrait(dataclasses.replace(portrait, equilibria=(other,))))
    assert read.equilibria[0].jacobian.tolist() == [[2.0, 3.0], [0.0, 1.0]]


def test_the_bytes_are_no_pickle_and_no_object_arrays_go_in():
    portrait = pendulum_portrait()
    data = encode_portrait(portrait)
    assert data.startswith(MAGIC)
    item = dataclasses.replace(portrait.equilibria[0], point=np.array([object()]))
    with pytest.raises(TypeError, match="cannot be stored"):
        encode_portrait(dataclasses.replace(portrait, equilibria=(item,)))
    with pytest.raises(TypeError, match="cannot be stored"):
        encode_portrait(dataclasses.replace(portrait, timing={"a": object()}))


def test_damage_of_any_byte_is_an_archive_error_or_harmless():
    data = encode_portrait(odd_portrait())
    rng = np.random.default_rng(1)
    refused = 0
    for place in rng.integers(0, len(data), 200):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        try:
            decode_portrait(bytes(damaged))
        except ArchiveError:
            refused += 1
    assert refused == 200


@pytest.mark.parametrize("cut", [0, 5, len(MAGIC), len(MAGIC) + 1, 100, -1])
def test_a_cut_off_portrait_is_refused(cut):
    with pytest.raises(ArchiveError):
        decode_portrait(encode_portrait(pendulum_portrait())[:cut])


def test_a_later_version_is_refused():
    data = bytearray(encode_portrait(pendulum_portrait()))
    data[len(MAGIC)] += 1
    with pytest.raises(ArchiveError, match="later version"):
        decode_portrait(bytes(data))


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(codec, "MAX_BYTES", 1000)
    bomb = MAGIC + b"\x01" + zlib.compress(bytes(100_000))
    with pytest.raises(ArchiveError, match="too large"):
        decode_portrait(bomb)


def test_a_portrait_of_an_earlier_version_takes_the_defaults_of_new_fields(monkeypatch):
    portrait = pendulum_portrait()
    whole = codec._pack

    def older(value, arrays):
        packed = whole(value, arrays)
        if isinstance(value, Portrait):
            del packed["of"]["partial"]  # a field that the writer did not know
            packed["of"]["gone"] = 3  # and one that this reader does not know
        if isinstance(value, SystemFacts):
            del packed["of"]["structure"]
        if isinstance(value, Equilibrium):
            del packed["of"]["sectors"]
        return packed

    monkeypatch.setattr(codec, "_pack", older)
    data = encode_portrait(portrait)
    monkeypatch.undo()
    old = decode_portrait(data)
    assert old.partial is False
    assert old.system.structure == ()
    assert [item.sectors for item in old.equilibria] == [None] * len(portrait.equilibria)
    assert old.facts()["system"]["structure"] == []


def test_only_classes_of_the_model_are_made():
    arrays = []
    tree = codec._pack(pendulum_portrait(), arrays)
    tree["is"] = "Popen"
    with pytest.raises(KeyError):
        codec._unpack(tree, arrays)
