"""A portrait as a Python script that computes it anew."""

from __future__ import annotations

import json

from eqpp_dash.figures.labels import printable
from eqpp_dash.model.portrait import Portrait

_TEMPLATE = '''\
"""{title}

Computes this phase portrait with eqpp-dash {engine}, prints what was found, and opens the
picture in a browser. Needs: eqpp-dash.
"""

from eqpp_dash import PortraitSpec, compute_portrait, portrait_figure

SPEC = PortraitSpec.from_json(
    {spec}
)


def main() -> None:
    portrait = compute_portrait(SPEC)
    facts = portrait.facts()
    for equilibrium in facts["equilibria"]:
        print(equilibrium["kind"], equilibrium["point"], equilibrium["eigenvalues"])
    for cycle in facts["limit_cycles"]:
        print(cycle["stability"], "limit cycle of period", cycle["period"])
    for warning in facts["warnings"]:
        print(warning["message"])
    portrait_figure(portrait).show()


if __name__ == "__main__":
    main()
'''


def portrait_script(portrait: Portrait) -> str:
    """Write a Python script that recomputes the portrait by the public interface.

    Parameters
    ----------
    portrait : Portrait
        Any portrait; its specification holds everything.

    Returns
    -------
    str
        Source text. What the user typed stands in string literals only.
    """
    title = printable(portrait.spec.title).replace("\\", "").replace('"', "'")
    entries = [
        f"{json.dumps(name)}: {json.dumps(value)}"
        for name, value in portrait.spec.to_dict().items()
    ]
    lines = ["{", *(f"{entry}," for entry in entries[:-1]), entries[-1], "}"]
    return _TEMPLATE.format(
        title=(title or "A phase portrait").rstrip(".") + ".",
        engine=portrait.engine,
        spec="\n    ".join(map(repr, lines)),
    )
