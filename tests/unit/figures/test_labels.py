import pytest

from eqpp_dash.figures.labels import (
    format_complex,
    format_eigenvalues,
    format_number,
    plain_name,
    rich_name,
)


@pytest.mark.parametrize(
    ("name", "plain", "rich"),
    [
        ("x", "x", "<i>x</i>"),
        ("theta", "θ", "<i>θ</i>"),
        ("θ", "θ", "<i>θ</i>"),
        ("Omega2", "Ω₂", "<i>Ω</i><sub>2</sub>"),
        ("k_cat", "k_cat", "<i>k</i><sub>cat</sub>"),
        ("E0", "E₀", "<i>E</i><sub>0</sub>"),
    ],
)
def test_names(name, plain, rich):
    assert (plain_name(name), rich_name(name)) == (plain, rich)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-1234567.0, "−1.235×10⁶"),
        (float("nan"), "undefined"),
        (float("-inf"), "−∞"),
        (2.5e-7, "2.5×10⁻⁷"),
    ],
)
def test_numbers(value, text):
    assert format_number(value) == text


def test_nearly_conjugate_eigenvalues_are_one_pair():
    values = [-0.125 + 0.9921567416492215j, -0.125 - 0.9921567416492214j]
    assert format_eigenvalues(values) == "−0.125 ± 0.9922i"


def test_complex_numbers_and_pairs():
    assert format_complex(-1 - 1j) == "−1 − i"
    assert format_eigenvalues([1j, -1j]) == "±i"
    assert format_eigenvalues([-1 + 2j, -1 - 2j]) == "−1 ± 2i"
    assert format_eigenvalues([1e-17 + 2j, 1e-17 - 2j]) == "±2i"
