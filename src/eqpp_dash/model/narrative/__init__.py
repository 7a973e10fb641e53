"""A portrait in words: short paragraphs in which every sentence names the facts it tells."""

from eqpp_dash.model.narrative.find import find_fact
from eqpp_dash.model.narrative.narrate import narrate, with_narrative
from eqpp_dash.model.narrative.values import Paragraph, Sentence

__all__ = ["Paragraph", "Sentence", "find_fact", "narrate", "with_narrative"]
