"""The report of a portrait: what it says, apart from how HTML and LaTeX write it."""

from eqpp_dash.exports.report.contents import portrait_report

__all__ = ["portrait_report"]
