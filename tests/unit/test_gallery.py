"""The gallery's systems are data: valid questions with thumbnails, that show what is known."""

import json
from collections import Counter
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, prepare_spec
from eqpp_dash.model.spec import PortraitSpec

FOLDER = files("eqpp_dash") / "gallery"
SYSTEMS = {
    file.name.removesuffix(".json"): json.loads(file.read_text())
    for file in FOLDER.iterdir()
    if file.name.endswith(".json")
}

KINDS = {
    "van-der-pol": ("unstable focus", ["stable"]),
    "damped-pendulum": ("3 stable focus, 2 saddle", []),
    "duffing": ("2 stable focus, saddle", []),
    "double-well": ("2 center, saddle", []),
    "driven-pendulum": ("3 stable focus, 2 saddle", ["stable"]),
    "lotka-volterra": ("saddle, center", []),
    "competing-species": ("unstable node, 2 stable node, saddle", []),
    "rosenzweig-macarthur": ("2 saddle, unstable focus", ["stable"]),
    "epidemic": ("stable focus, saddle", []),
    "tumour-immune": ("stable focus, stable node, 2 saddle", []),
    "fitzhugh-nagumo": ("unstable focus", ["stable"]),
    "morris-lecar": ("stable focus", ["unstable", "stable"]),
    "wilson-cowan": ("unstable focus", ["stable"]),
    "selkov": ("unstable focus", ["stable"]),
    "brusselator": ("unstable focus", ["stable"]),
    "oregonator": ("saddle, unstable node", ["stable"]),
    "toggle-switch": ("2 stable node, saddle", []),
    "homoclinic": ("saddle, unstable focus", ["stable"]),
    "bogdanov-takens": ("unstable focus, saddle", ["stable"]),
    "bautin": ("stable focus", ["unstable", "stable"]),
    "infinite-period": ("unstable focus", ["stable"]),
    "love-affairs": ("center", []),
    "himmelblau": ("4 stable node, 4 saddle, unstable node", []),
    "rock-paper-scissors": ("3 saddle, center", []),
    "dipole": ("degenerate", []),
    "dry-friction": ("", []),
    "stick-slip": ("stable focus", ["unstable", "stable"]),
    "sliding-mode": ("pseudo-equilibrium", []),
}
"""Kinds of the equilibria, and the limit cycles from inside to outside."""


def counted(kinds):
    """Read ``2 saddle, center`` as a count."""
    found = Counter()
    for item in filter(None, kinds.split(", ")):
        number, _, kind = item.partition(" ") if item[0].isdigit() else ("1", "", item)
        found[kind] = int(number)
    return found


def points(portrait, kind):
    """Give the places of the equilibria of a kind in the window, by x."""
    here = [e for e in portrait.equilibria if e.kind == kind and e.location != "outside"]
    return np.array(sorted(e.point.tolist() for e in here))


def near(found, expected, rtol=1e-9):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-9)


def check_double_well(portrait, facts, given):
    """Two homoclinic loops; small oscillations have the period pi sqrt(2)."""
    assert [(c["type"], c["status"]) for c in facts["connections"]] == [
        ("homoclinic", "proved")
    ] * 2
    near(facts["annuli"][0]["innermost"]["period"], np.pi * np.sqrt(2), 1e-6)


def check_driven_pendulum(portrait, facts, given):
    """At rest sin(phi) = I; it whirls too, and the divergence is -alpha throughout."""
    at = np.arcsin(given["I"])
    near(points(portrait, "stable focus")[1], [at, 0.0])
    near(points(portrait, "saddle")[1], [np.pi - at, 0.0])
    (cycle,) = portrait.limit_cycles
    assert facts["limit_cycles"][0]["winding"] == [1, 0]
    near(cycle.log_multiplier, -given["alpha"] * cycle.period)


def check_epidemic(portrait, facts, given):
    """Susceptible are 1/R0 of all; a Dulac function excludes cycles of infection."""
    ratio = given["beta"] / (given["gamma"] + given["mu"])
    near(
        points(portrait, "stable focus")[0], [1 / ratio, given["mu"] / given["beta"] * (ratio - 1)]
    )
    assert facts["completeness"]["limit_cycles"]["status"].startswith("none (proved: Dulac")


def check_tumour(portrait, facts, given):
    """Without a tumour there are s/delta cells; with one T solves a cubic (by its companion)."""
    s, rho, eta, mu, delta, alpha, beta = given.values()
    near(points(portrait, "saddle")[0], [s / delta, 0.0])
    tumour, cells = np.poly1d([1.0, 0.0]), alpha * np.poly1d([-beta, 1.0])
    balance = (s - mu * cells * tumour - delta * cells) * (eta + tumour) + rho * cells * tumour
    roots = np.sort(balance.roots.real[balance.roots.real > 0])
    found = np.sort([e.point[1] for e in portrait.equilibria if e.point[1] > 1.0])
    near(found, roots)
    np.testing.assert_allclose(found, [8.19, 267.8, 447.1], rtol=1e-3)


def check_morris_lecar(portrait, facts, given):
    """Periods by Taylor integration, as in tests/truth/systems.json."""
    near([c.period for c in portrait.limit_cycles], [103.84317220935556, 102.72716532744506], 1e-8)


def check_oregonator(portrait, facts, given):
    """Beyond the origin x^2 + (q + f - 1) x - q (1 + f) = 0."""
    f, q, _ = given.values()
    root = max(np.roots([1.0, q + f - 1.0, -q * (1.0 + f)]))
    near(points(portrait, "unstable node")[0], [root, root])


def check_bogdanov_takens(portrait, facts, given):
    """x^2 + beta_2 x + beta_1 = 0; the saddle's trace is -x."""
    roots = np.sort(np.roots([1.0, given["beta_2"], given["beta_1"]]))
    near(points(portrait, "unstable focus")[0], [roots[0], 0.0])
    near(points(portrait, "saddle")[0], [roots[1], 0.0])


def check_bautin(portrait, facts, given):
    """r' = mu r + r^3 - r^5: circles with the period 2 pi."""
    squares = np.sort(np.roots([-1.0, 1.0, given["mu"]]))
    for cycle, square in zip(portrait.limit_cycles, squares, strict=True):
        near(np.hypot(*cycle.point), np.sqrt(square))
        near(cycle.period, 2 * np.pi)
        near(cycle.log_multiplier, 2 * np.pi * (given["mu"] + 3 * square - 5 * square**2), 1e-6)


def check_infinite_period(portrait, facts, given):
    """theta' = mu - sin(theta) on the unit circle, to which r tends at the rate 2."""
    (cycle,) = portrait.limit_cycles
    period = 2 * np.pi / np.sqrt(given["mu"] ** 2 - 1)
    near(np.hypot(*cycle.points.T), 1.0, 1e-5)
    near(cycle.period, period)
    near(cycle.log_multiplier, -2 * period, 1e-6)


def check_love_affairs(portrait, facts, given):
    """All orbits are circles with the period 2 pi."""
    near(facts["annuli"][0]["outermost"]["period"], 2 * np.pi, 1e-6)


def check_rock_paper_scissors(portrait, facts, given):
    """xy(1 - x - y) is kept: a center of frequency 1/sqrt(3) in a heteroclinic triangle."""
    near(points(portrait, "center")[0], [1 / 3, 1 / 3])
    near(facts["annuli"][0]["innermost"]["period"], 2 * np.pi * np.sqrt(3), 1e-6)
    connections = [(c["type"], c["status"]) for c in facts["connections"]]
    assert connections == [("heteroclinic", "proved")] * 3
    assert len(facts["polycycles"]) == 1


def check_dipole(portrait, facts, given):
    """z' = z^2: two elliptic sectors, index 2."""
    (point,) = facts["equilibria"]
    assert point["sectors"] == {"elliptic": 2, "hyperbolic": 0, "parabolic": 0}
    assert point["index"] == 2


def check_dry_friction(portrait, facts, given):
    """It sticks where |x| <= mu, and comes to rest there from everywhere."""
    (resting,) = portrait.equilibrium_sets
    near(np.sort(resting.points[[0, -1], 0]), [-given["mu"], given["mu"]])
    assert facts["equilibrium_sets"][0]["part"] == f"-{given['mu']} <= x <= {given['mu']}"
    told = " ".join(item["text"] for part in facts["narrative"] for item in part["sentences"])
    assert f"y = 0 and −{given['mu']} ≤ x ≤ {given['mu']} are equilibria" in told
    assert "come to rest on it between" in told
    assert "slide along" not in told
    assert {item.forward.end for item in portrait.trajectories} == {"set 0"}


def check_stick_slip(portrait, facts, given):
    """At rest the spring balances friction; it sticks while friction at rest, mu, suffices."""
    v, mu, gamma, zeta = given.values()
    near(points(portrait, "stable focus")[0], [mu * (1 + np.exp(-gamma * v)) / 2, 0.0])
    (slides,) = (item.points for item in portrait.switching if item.kind == "sliding")
    near(np.sort(slides[[0, -1], 0]), [-mu - 2 * zeta * v, mu - 2 * zeta * v])
    assert "cycle 1" in {item.forward.end for item in portrait.trajectories}


def check_sliding_mode(portrait, facts, given):
    """Both fields point to x + k y = 0 where |y| < k u."""
    (slides,) = (item.points for item in portrait.switching if item.kind == "sliding")
    near(np.sort(slides[[0, -1], 1]), np.array([-1, 1]) * given["k"] * given["u"])
    near(points(portrait, "pseudo-equilibrium")[0], [0.0, 0.0])


CHECKS = {
    "double-well": check_double_well,
    "driven-pendulum": check_driven_pendulum,
    "epidemic": check_epidemic,
    "tumour-immune": check_tumour,
    "morris-lecar": check_morris_lecar,
    "oregonator": check_oregonator,
    "bogdanov-takens": check_bogdanov_takens,
    "bautin": check_bautin,
    "infinite-period": check_infinite_period,
    "love-affairs": check_love_affairs,
    "rock-paper-scissors": check_rock_paper_scissors,
    "dipole": check_dipole,
    "dry-friction": check_dry_friction,
    "stick-slip": check_stick_slip,
    "sliding-mode": check_sliding_mode,
}


def test_there_are_twenty_eight_in_order():
    assert set(SYSTEMS) == set(KINDS)
    assert sorted(entry["order"] for entry in SYSTEMS.values()) == list(range(1, 29))


@pytest.mark.parametrize("slug", SYSTEMS)
def test_an_entry_is_whole(slug):
    entry = SYSTEMS[slug]
    assert entry["slug"] == slug
    assert entry["title"] == entry["spec"]["title"]
    assert entry["subject"]
    assert entry["note"].endswith(".")
    assert entry["source"]
    system, spec = prepare_spec(PortraitSpec.from_json(entry["spec"]))
    assert set(spec.parameters) == set(entry["spec"]["parameters"]), "every parameter is given"
    assert system.dimension == 2


@pytest.mark.parametrize("slug", KINDS)
def test_its_portrait_is_complete_and_shows_what_is_known(slug):
    portrait = compute_portrait(PortraitSpec.from_json(SYSTEMS[slug]["spec"]))
    assert portrait.completeness["equilibria"].startswith("proved")
    assert len(portrait.trajectories) >= 4
    assert not portrait.partial
    kinds, cycles = KINDS[slug]
    found = Counter(item.kind for item in portrait.equilibria if item.location != "outside")
    assert found == counted(kinds)
    assert [cycle.stability for cycle in portrait.limit_cycles] == cycles
    check = CHECKS.get(slug)
    if check is not None:
        check(portrait, portrait.facts(), SYSTEMS[slug]["spec"]["parameters"])


@pytest.mark.parametrize("slug", SYSTEMS)
def test_its_thumbnail_is_a_small_picture_without_scripts(slug):
    thumbnail = (FOLDER / f"{slug}.svg").read_bytes()
    assert 1000 < len(thumbnail) < 8192
    root = ElementTree.fromstring(thumbnail)
    assert root.tag.endswith("svg")
    assert not [node.tag for node in root.iter() if node.tag.endswith("script")]
