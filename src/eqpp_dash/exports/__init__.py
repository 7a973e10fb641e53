"""A portrait as a file: data, a page that works offline, pictures for print, a script."""

from eqpp_dash.exports.export import FORMATS, Export, export_portrait
from eqpp_dash.exports.thumbnail import thumbnail_svg

__all__ = ["FORMATS", "Export", "export_portrait", "thumbnail_svg"]
