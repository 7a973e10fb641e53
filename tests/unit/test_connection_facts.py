"""Connections and the audit of a portrait in every place that tells of them."""

from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from portraits import connected_portrait, pendulum_portrait
from trees import parts, text

from eqpp_dash.cli.report import portrait_report
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.exports import export_portrait
from eqpp_dash.figures.connections import audit_words
from eqpp_dash.model.manifolds import Audit
from eqpp_dash.store.codec import decode_portrait

OLD = Path(__file__).parents[1] / "fixtures" / "portrait-v1.bin"


def test_facts_follow_the_documented_form():
    facts = orjson.loads(orjson.dumps(connected_portrait().facts()))
    out, back = facts["separatrices"]
    assert (out["of"], out["branch"], back["branch"]) == ("equilibrium 1", "unstable", "stable")
    assert (out["direction"], out["limit"], out["time"]) == ([0.6, 0.8], "equilibrium 3", None)
    assert out["start"] == {"order": 14, "radius": 0.05, "residual": 1e-15}
    proved, near = facts["connections"]
    assert (proved["from"], proved["to"], proved["separatrices"]) == (1, 3, [0, 1])
    assert (proved["status"], proved["gap"], proved["section"]) == ("proved", None, None)
    assert (proved["codimension"], proved["within"]) == (0, "Hamiltonian systems")
    assert (near["type"], near["gap"]) == ("homoclinic", 2.5e-4)
    assert near["section"] == {"point": [1.0, 2.0], "direction": [0.0, 1.0]}
    assert facts["polycycles"] == [{"equilibria": [3], "connections": [1], "status": "near"}]
    audit = facts["audit"]
    assert (audit["boundary"], audit["sum"], audit["consistent"]) == (1, 0, False)
    assert (audit["border"], audit["notes"]) == ("enters", ["1 turns against 0 < 1"])


def test_a_portrait_of_before_has_none():
    old = decode_portrait(OLD.read_bytes())
    facts = old.facts()
    assert facts["separatrices"] == facts["connections"] == facts["polycycles"] == []
    assert facts["audit"] is None
    assert "Audit" not in text(facts_panel(old, row_id="r1"))


def test_the_panel_lists_connections_and_the_audit():
    panel = facts_panel(connected_portrait(), row_id="r1")
    said = text(panel)
    assert "Heteroclinic from saddle E1 at" in said
    assert "Homoclinic of saddle E3 at" in said
    assert "near, gap 0.00025 of the window" in said
    assert "codimension 0 within Hamiltonian systems" in said
    assert "Polycycle P0 through E3 by connection H1 (near)" in said
    assert "Audit Inconsistent: boundary 1, sum 0" in said
    assert "1 turns against 0 < 1" in said
    classes = {getattr(item, "className", None) for item in parts(panel)}
    assert {"evidence evidence-proved", "evidence evidence-near", "evidence-failed"} <= classes


def test_the_report_and_the_page_tell_the_same():
    portrait = connected_portrait()
    said = portrait_report(portrait, SimpleNamespace(portrait_id="abc", queue_s=None))
    assert "Connections: 2" in said
    assert "0 within Hamiltonian systems" in said
    assert "Polycycle P0 through E3 by connection H1 (near)" in said
    assert "Audit: inconsistent: boundary 1, sum 0" in said
    page = export_portrait(portrait, portrait.facts(), "html").bytes.decode()
    assert "<h2>Connections and polycycles</h2>" in page
    assert "One level of <math>" in page
    assert "polycycle through" in page
    assert "Outcome: inconsistent: boundary 1, sum 0." in page
    plain = pendulum_portrait()
    assert "Audit" not in portrait_report(plain, SimpleNamespace(portrait_id="a", queue_s=None))
    assert "Connections and" not in export_portrait(plain, plain.facts(), "html").bytes.decode()


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        (Audit(-1, -1, True), "consistent: boundary −1 = sum −1"),
        (Audit(1, 1, False), "inconsistent: boundary 1 = sum 1"),
        (Audit(2, None, None), "undecided: boundary 2, sum undecided"),
    ],
)
def test_the_outcome_in_words(audit, words):
    assert audit_words(audit) == words
