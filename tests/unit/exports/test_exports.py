import ast
import csv
import io
import json
import re
import struct
import threading
import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from portraits import odd_portrait, pendulum_portrait, trajectory

from eqpp_dash.errors import EqppError
from eqpp_dash.exports import FORMATS, export_portrait
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import PortraitSpec

HOSTILE = '</script><script>alert(1)</script> $\\href{x}{y}$ "\'""" %s {0} \\ & \x00 𝛼'


def export(portrait, format):
    return export_portrait(portrait, portrait.facts(id="abc"), format)


def hostile():
    portrait = pendulum_portrait()
    spec = portrait.spec.replace(title=HOSTILE, variables={"theta": {"unit": "<i>$x$"}})
    return replace(portrait, spec=spec)


@pytest.mark.parametrize("format", FORMATS)
def test_equal_portraits_give_equal_bytes(format):
    assert export(pendulum_portrait(), format).bytes == export(pendulum_portrait(), format).bytes


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("make", [odd_portrait, hostile])
def test_every_format_writes_every_portrait(make, format):
    written = export(make(), format)
    assert len(written.bytes) > 500
    assert re.fullmatch(r"[a-z0-9-]+\.[a-z]+", written.file_name)


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_portrait_can_be_written(format):
    bare = pendulum_portrait(field=None, nullclines=(), equilibria=(), trajectories=())
    assert export(bare, format).bytes


def test_an_unknown_format_names_the_known():
    with pytest.raises(EqppError, match="json, csv, html"):
        export(pendulum_portrait(), "gif")


def test_json_is_the_facts():
    portrait = pendulum_portrait()
    assert json.loads(export(portrait, "json").bytes) == portrait.facts(id="abc")


def test_csv_is_tidy_and_exact():
    portrait = pendulum_portrait()
    rows = list(csv.reader(io.StringIO(export(portrait, "csv").bytes.decode(), newline="")))
    assert rows[0] == ["curve", "origin", "t", "theta", "omega"]
    assert rows[1][:3] == ["equilibrium 0", "equilibrium", ""]
    first = [row for row in rows if row[0] == "trajectory 0"]
    curve = portrait.trajectories[0]
    assert {row[1] for row in first} == {"given"}
    np.testing.assert_array_equal(np.array([row[2] for row in first], float), curve.times)
    np.testing.assert_array_equal(np.array([row[3:] for row in first], float), curve.points)
    assert len(rows) == 1 + 5 + sum(len(item.times) for item in portrait.trajectories)


def test_png_is_drawn_and_of_print_size():
    data = export(pendulum_portrait(), "png").bytes
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1600
    assert 600 < height < 2000
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert 0.03 < (pixels != 255).any(axis=-1).mean() < 0.6


def test_svg_is_well_formed_and_refers_to_nothing():
    data = export(hostile(), "svg").bytes
    root = ET.fromstring(data)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [node for node in root.iter() if node.tag.endswith(("script", "image"))]
    links = [v for node in root.iter() for k, v in node.attrib.items() if k.endswith("href")]
    assert all(link.startswith("#") for link in links)
    assert b"<dc:date>" not in data


def test_pdf_is_one_and_undated():
    data = export(pendulum_portrait(), "pdf").bytes
    assert data.startswith(b"%PDF-")
    assert b"%%EOF" in data[-10:]
    assert b"CreationDate" not in data


def test_pictures_can_be_drawn_in_threads_at_once():
    alone = export(pendulum_portrait(), "svg").bytes
    drawn = []
    threads = [
        threading.Thread(target=lambda: drawn.append(export(pendulum_portrait(), "svg").bytes))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [alone] * 2


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.scripts, self.references, self.ids, self.text = [], [], [], ""
        self._script = None

    def handle_starttag(self, tag, attrs):
        self._script = dict(attrs).get("id", "") if tag == "script" else None
        if tag == "script":
            self.scripts.append([dict(attrs), ""])
        self.ids += [v for k, v in attrs if k == "id"]
        self.references += [v for k, v in attrs if k in ("src", "href", "action", "data")]

    def handle_data(self, data):
        if self._script is not None:
            self.scripts[-1][1] += data
        else:
            self.text += data

    def handle_endtag(self, tag):
        self._script = None


def page(portrait):
    parser = Page()
    parser.feed(export(portrait, "html").bytes.decode())
    return parser


def test_html_refers_to_nothing_and_forbids_requests():
    text = export(pendulum_portrait(), "html").bytes.decode()
    parsed = page(pendulum_portrait())
    assert parsed.references
    assert {link[:1] for link in parsed.references} == {"#"}
    assert {link[1:] for link in parsed.references} <= set(parsed.ids)
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert "url(" not in text.split("</style>")[0]


def test_html_holds_the_figures_the_spec_and_plotly():
    scripts = page(pendulum_portrait()).scripts
    by_id = {attributes.get("id"): text for attributes, text in scripts}
    figures = json.loads(by_id["figures"])
    assert set(figures) == {"config", "light", "light-phone", "dark", "dark-phone"}
    assert len(figures["dark"]["data"]) == 14
    assert PortraitSpec.from_json(by_id["spec"]) == pendulum_portrait().spec
    assert len(scripts) == 4
    assert max(len(text) for _, text in scripts) > 1_000_000


def test_html_escapes_a_users_text():
    parsed = page(hostile())
    assert len(parsed.scripts) == 4
    assert parsed.text.count("alert(1)") == 3  # title, heading, specification: as text
    assert json.loads(parsed.scripts[1][1])["title"] == " ".join(HOSTILE.split())


def test_html_tells_the_facts():
    text = page(odd_portrait()).text
    for part in (
        *("In words", "What is undecided", "Index of X0: division by zero"),
        *("unstable node", "degenerate: both eigenvalues", "division by zero", "stopped"),
        *("Sectors: 6 hyperbolic", "Invariant curve", "cofactor 2θ"),
    ):
        assert part in text


def test_the_report_of_a_part_says_why_and_claims_no_search():
    why = "stopped by a user while nullclines were traced"
    sure = {"equilibria": f"not searched: {why}", "limit_cycles": f"not searched: {why}"}
    made = replace(pendulum_portrait(), equilibria=(), partial=True, stopped=why, completeness=sure)
    text = page(made).text
    assert f"Not searched: {why}." in text
    assert f"partial: {why}" in text
    assert "None found" not in text


@pytest.mark.parametrize("make", [pendulum_portrait, hostile])
def test_the_script_holds_the_spec_as_plain_data(make):
    source = export(make(), "py").bytes.decode()
    tree = ast.parse(source)
    (call,) = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "from_json"
    ]  # fmt: skip
    assert isinstance(call.args[0], ast.Constant)
    assert PortraitSpec.from_json(call.args[0].value) == make().spec
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imported == {"eqpp_dash"}
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) if hasattr(n.func, "id")}
    assert calls == {"compute_portrait", "portrait_figure", "print", "main"}


def test_blow_ups_and_long_orbits_are_drawn():
    away = trajectory((6.9, 3.9), forward=3)
    away = replace(away, points=np.where(away.times[:, None] > 1, np.inf, away.points))
    portrait: Portrait = pendulum_portrait(trajectories=(away,))
    for format in ("svg", "html", "csv"):
        assert export(portrait, format).bytes


@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_what_the_font_lacks_is_drawn_as_something_it_has(format):
    spec = replace(
        pendulum_portrait().spec,
        title="\N{MATHEMATICAL ITALIC SMALL ALPHA} 相図 \N{GRINNING FACE}",
        variables={"theta": {"unit": "\N{MATHEMATICAL BOLD CAPITAL N}相"}},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert export(replace(pendulum_portrait(), spec=spec), format)
