"""Draw the gallery's thumbnails anew, beside its systems in the package."""

from __future__ import annotations

import json
from pathlib import Path

from eqpp_dash.engine import compute_portrait
from eqpp_dash.exports import thumbnail_svg
from eqpp_dash.model.spec import PortraitSpec

GALLERY = Path(__file__).parents[1] / "src" / "eqpp_dash" / "gallery"


def main() -> None:
    """Compute every system of the gallery and write its thumbnail."""
    for file in sorted(GALLERY.glob("*.json")):
        portrait = compute_portrait(PortraitSpec.from_json(json.loads(file.read_text())["spec"]))
        file.with_suffix(".svg").write_bytes(thumbnail_svg(portrait))
        print(f"{file.stem}: {len(portrait.trajectories)} trajectories")


if __name__ == "__main__":
    main()
