"""The classic systems that come with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

from eqpp_dash.model.spec import PortraitSpec


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """One classic system.

    Attributes
    ----------
    slug, title, subject, note, source : str
        Its name in links, its name for people, the field it belongs to, what it shows, where it
        is from.
    spec : PortraitSpec
        Its specification.
    thumbnail : bytes or None
        A small SVG picture.
    """

    slug: str
    title: str
    subject: str
    note: str
    source: str
    spec: PortraitSpec
    thumbnail: bytes | None


class Gallery:
    """The gallery."""

    @staticmethod
    def entries() -> tuple[GalleryEntry, ...]:
        """Give all entries, in their order: subject by subject.

        Examples
        --------
        >>> Gallery.entries()[0].slug
        'van-der-pol'
        """
        return _read_entries()


@cache
def _read_entries() -> tuple[GalleryEntry, ...]:
    folder = files("eqpp_dash") / "gallery"
    found: list[tuple[int, GalleryEntry]] = []
    for file in folder.iterdir():
        if not file.name.endswith(".json"):
            continue
        data = orjson.loads(file.read_bytes())
        picture = folder / f"{data['slug']}.svg"
        entry = GalleryEntry(
            slug=data["slug"],
            title=data["title"],
            subject=data["subject"],
            note=data["note"],
            source=data["source"],
            spec=PortraitSpec.from_json(data["spec"]),
            thumbnail=picture.read_bytes() if picture.is_file() else None,
        )
        found.append((data["order"], entry))
    return tuple(entry for _, entry in sorted(found, key=lambda pair: (pair[0], pair[1].slug)))
