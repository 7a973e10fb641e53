"""The report in LaTeX, checked without TeX."""

import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import numpy as np
import portraits
import pytest
from texcheck import TexError, check_tex

from eqpp_dash.exports import drawing, export_portrait
from eqpp_dash.exports.markup import html_section
from eqpp_dash.exports.mathml import mathml_formula
from eqpp_dash.exports.mathtex import tex_formula
from eqpp_dash.exports.report import portrait_report
from eqpp_dash.exports.report.doubts import doubts
from eqpp_dash.exports.texttext import tex_text
from eqpp_dash.exports.thinning import clip_polyline
from eqpp_dash.model.formula import Formula, FormulaError, read_formula
from eqpp_dash.model.spec import PortraitSpec

HOSTILE = r"\end{lstlisting} \input{x} #$%&_^~{}` '' \\ é 相 <a> -- \u005c" + "\x00"


pendulum_portrait = cache(portraits.pendulum_portrait)  # portraits never change
odd_portrait, cycle_portrait = cache(portraits.odd_portrait), cache(portraits.cycle_portrait)
connected_portrait = cache(portraits.connected_portrait)


@cache
def tex(portrait):
    return export_portrait(portrait, portrait.facts(id="abc_d"), "tex").bytes.decode("ascii")


def hostile():
    plain = odd_portrait()
    variables = {"theta": {"unit": "50 % {of} $x_1$"}, "omega": {"unit": "µm/s²"}}
    spec = plain.spec.replace(title=HOSTILE, variables=variables)
    item = replace(plain.equilibria[0], kind="a_b & c", reason=HOSTILE, method="#1")
    return replace(plain, spec=spec, equilibria=(item, *plain.equilibria[1:]))


def bare():
    return replace(pendulum_portrait(), field=None, nullclines=(), equilibria=(), trajectories=())


@pytest.mark.parametrize(
    "make", [pendulum_portrait, odd_portrait, cycle_portrait, connected_portrait, hostile, bare]
)
def test_the_document_is_sound_and_every_link_leads_somewhere(make):
    source = tex(make())
    check_tex(source)
    body = source.split(r"\begin{document}")[1]
    anchors = re.findall(r"\\anchor\{([\w-]+)\}", body)
    assert len(set(anchors)) == len(anchors)
    links = set(re.findall(r"\\see\{([\w-]+)\}", body))
    links |= set(re.findall(r"\\signlabel\{[^}]*\}\{[^}]*\}\{([\w-]+)\}", body))
    assert links <= set(anchors)
    assert links


@pytest.mark.parametrize(
    "body",
    ["{", "}", r"\begin{a}\end{b}", r"\begin{longtable}", "$x", "a_b", "x^2", "a & b", "#1",
     r"\[ x", r"{$x}$", r"$\text{a_b}$", r"$\text{$x}$", "é"],
)  # fmt: skip
def test_the_check_finds_what_tex_would_stumble_over(body):
    with pytest.raises(TexError):
        check_tex(f"%\n\\begin{{document}}\n{body}\n\\end{{document}}\n")


def test_html_and_latex_tell_the_same():
    for make in (cycle_portrait, connected_portrait, odd_portrait):
        portrait = make()
        report = portrait_report(portrait, portrait.facts(id="abc"))
        page = "".join(map(html_section, report.sections))
        anchors = set(report.anchors())
        assert set(re.findall(r"\\anchor\{([\w-]+)\}", tex(portrait))) - {"name"} == anchors
        assert anchors <= set(re.findall(r'id="([\w-]+)"', page))
        assert {"words", "system", "equilibrium-0", "cycles", "undecided", "engine"} <= anchors


def test_the_title_of_the_file_is_told_whole():
    title = re.search(r"pdftitle=\{((?:[^{}]|\{[^{}]*\})*)\}", tex(hostile()))[1]
    told = re.sub(r'\\unichar\{"([0-9A-F]+)\}', lambda match: chr(int(match[1], 16)), title)
    assert told == HOSTILE.replace("\x00", " ")


def test_the_specification_stands_whole_in_the_document():
    portrait = hostile()
    source = tex(portrait)
    assert source.count(r"\end{lstlisting}") == 1
    listing = source.split(r"\begin{lstlisting}")[1].split(r"\end{lstlisting}")[0]
    assert PortraitSpec.from_json(json.loads(listing)) == portrait.spec


def test_the_figure_lies_in_its_frame():
    source = tex(cycle_portrait())
    picture = source.split(r"\begin{tikzpicture}")[1].split(r"\end{tikzpicture}")[0]
    made = drawing.draw_on_paper(cycle_portrait())
    paths = re.findall(r"\\path\[pic(?!field)\w+\]([^;]+);", picture)
    points = [tuple(map(float, pair)) for path in paths
              for pair in re.findall(r"\(([-\d.]+),([-\d.]+)\)", path)]  # fmt: skip
    assert len(points) > 500
    corner = np.array([made.width, made.height])
    assert (np.array(points) >= 0).all()
    assert (np.array(points) <= corner + 1e-3).all()
    for style in ("picstablecycle", "picunstablecycle", "picsemistablecycle", "picnullcline1"):
        assert rf"\path[{style}]" in picture
    assert r"\shapesquare" in picture
    assert r"\shapediamond" in picture


def test_a_large_drawing_is_made_small_and_says_so(monkeypatch):
    portrait = replace(bare(), trajectories=pendulum_portrait().trajectories[:3])
    whole = drawing.draw_on_paper(portrait)
    assert whole.omitted == 0
    assert whole.points <= drawing.MOST_POINTS
    monkeypatch.setattr(drawing, "MOST_POINTS", 60)
    small = drawing.draw_on_paper(portrait)
    assert small.points <= 60
    assert small.omitted > 0
    source = tex(portrait)
    assert f"{small.omitted} short pieces of curves are not drawn" in source
    assert len(source) < 60_000


def test_curves_follow_the_orbit_within_the_tolerance():
    portrait = pendulum_portrait()
    made = drawing.draw_on_paper(portrait)
    (seeded,) = [item for item in made.layers
                 if isinstance(item, drawing.Line) and item.style == "seeded"]  # fmt: skip
    curve = portrait.trajectories[1].points
    scale = np.array([made.width, made.height]) / (14, 8)
    placed = (curve + np.array([7, 4])) * scale
    inside = placed[((placed >= 0) & (placed <= (made.width, made.height))).all(axis=1)]
    starts = np.concatenate([piece[:-1] for piece in seeded.pieces])
    moves = np.concatenate([np.diff(piece, axis=0) for piece in seeded.pieces])
    for point in inside[:: max(1, len(inside) // 40)]:
        share = np.clip(((point - starts) * moves).sum(1) / (moves**2).sum(1), 0, 1)
        away = np.hypot(*(starts + share[:, None] * moves - point).T).min()
        assert away < drawing.FINE[0] + 0.01  # and the screen's step, on which points are left out


def test_polylines_are_cut_where_they_leave():
    square = np.array([[0.5, 0.5], [2.0, 0.5], [2.0, np.nan], [0.5, 2.0], [0.5, -1.0], [9.0, 9.0]])
    pieces = [piece.tolist() for piece in clip_polyline(square, np.ones(2))]
    assert pieces == [[[0.5, 0.5], [1.0, 0.5]], [[0.5, 1.0], [0.5, 0.0]]]


FORMULAS = [
    "2*x/3 - x^2*y/(1 + x)", "-(x - y)^2", "x*y/2/3", "1/x - 3*y^(1/3.0)", "-x^(-2.5)",
    "sin(x)^2 + cos(y)", "sqrt(x + y)*exp(-x^2/(1 + y^2))", "abs(x - y)/(x*y)", "1.5e-07*x",
    "max(x, y) - min(x, y)", "x^y^2", "log10(2 + x)/log(3 + y)", "cbrt(x)*atan2(x, y)", "x - -y",
]  # fmt: skip

_FUNCTIONS = {
    **{
        name: getattr(math, name) for name in ("sin", "cos", "sqrt", "exp", "log", "log10", "atan2")
    },
    "abs": abs,
    "max": max,
    "min": min,
    "cbrt": np.cbrt,
}


def value(item: Formula, names):
    parts = [value(part, names) for part in item.parts]
    if item.sort == "number":
        return float(item.text)
    if item.sort == "name":
        return names[item.text]
    if item.sort == "call":
        return _FUNCTIONS[item.text](*parts)
    if item.sort == "power":
        return parts[0] ** parts[1]
    if item.sort == "sum":
        return sum(-p if s == "-" else p for s, p in zip(item.signs, parts, strict=True))
    assert item.sort == "product"
    return math.prod(1 / p if s == "/" else p for s, p in zip(item.signs, parts, strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_read_as_it_is_meant(text):
    names = {"x": 1.7, "y": 0.6}
    if text == "x - -y":  # two signs in a row are not canonical
        with pytest.raises(FormulaError):
            read_formula(text)
        return
    meant = eval(text.replace("^", "**"), dict(_FUNCTIONS), dict(names))  # noqa: S307
    assert value(read_formula(text), names) == pytest.approx(meant, rel=1e-13)


@pytest.mark.parametrize(
    "text",
    [*FORMULAS, "piecewise(x < 0: -1; x > 1: x^2; 0)", "(x, y) -> (x + 2*pi, -y)", "H = omega^2/2",
     "x <= y", "theta_1*x_max_2", "sign(x)*heaviside(y)", "no formula & <b>", "(" * 90 + ")" * 90],
)  # fmt: skip
def test_formulas_are_typeset_soundly(text):
    check_tex(f"%\n\\begin{{document}}\n${tex_formula(text)}$\n\\end{{document}}\n")
    ET.fromstring(f"<p>{mathml_formula(text, display=True)}</p>")


@pytest.mark.parametrize("parts", ["({}", "{}^x", "piecewise(x < 0: 1; {}"])
def test_what_is_nested_too_deeply_is_shown_as_it_is(parts):
    before, _, after = parts.partition("{}")
    text = before * 900 + "x" + (after or ")") * 900
    with pytest.raises(FormulaError, match="too"):
        read_formula(text)
    assert mathml_formula(text).startswith("<code>")
    text = before * 30 + "x" + (after or ")") * 30
    assert mathml_formula(text).startswith("<math>")


def test_formulas_read_well():
    assert tex_formula("sin(x)^2/2") == r"\frac{\sin^{2}(x)}{2}"
    assert tex_formula("-2*(x/y)^2") == r"-2\,{\left( \frac{x}{y} \right)}^{2}"
    assert tex_formula("(x, y) -> (-x, y)") == r"(x, y) \mapsto (-x, y)"
    assert "&lt;b&gt;" in mathml_formula("no formula <b>")


def test_text_is_escaped():
    assert tex_text("---,,") == "-{}-{}-,{},"
    assert tex_text("Poincaré–Bendixson “x”") == r"Poincar\'{e}\textendash{}Bendixson ``x''"


def test_what_is_undecided_is_named_with_its_reason():
    def said(portrait):
        names = [[getattr(p, "label", p) for p in cell] for cell in doubts(portrait)]
        return ["".join(p if isinstance(p, str) else p.text for p in cell) for cell in names]

    odd = said(odd_portrait())
    assert odd[0].startswith("The whole")
    assert any(text.startswith("Kind, stability, index of E0: the linear") for text in odd)
    assert "Index of X0: division by zero." in odd
    cycles = said(cycle_portrait())
    assert any("0 or 1 cycles between" in text and "a saddle" in text for text in cycles)
    assert any("the budget is used up" in text for text in cycles)
    assert any(text.startswith("Where A0 ends") for text in cycles)
    assert said(bare()) == []


def test_closed_forms_and_windings_are_told():
    item = replace(pendulum_portrait().equilibria[0], exact=("-2*pi", "sqrt(3)/2"))
    cycle = portraits.limit_cycle(winding=(-2, 0), equilibria=())
    portrait = replace(bare(), equilibria=(item,), limit_cycles=(cycle,))
    source = tex(portrait)
    check_tex(source)
    assert r"Exactly $\displaystyle \left( -2\,\pi, \frac{\sqrt{3}}{2} \right)$." in source
    assert r"Winds twice round $\theta$." in source
