"""Reading component trees in tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from plotly.utils import PlotlyJSONEncoder


def parts(tree: Any) -> Iterator[Any]:
    """Walk a tree as the browser would get it."""
    if isinstance(tree, list | tuple):
        for item in tree:
            yield from parts(item)
    elif hasattr(tree, "_traverse"):
        yield tree
        yield from (item for _, item in tree._traverse_with_paths() if hasattr(item, "_type"))


def plain(tree: Any) -> Any:
    return json.loads(json.dumps(tree, cls=PlotlyJSONEncoder))


def text(tree: Any) -> str:
    """Give all words of a tree."""
    data = plain(tree)

    def words(node: Any) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        elif isinstance(node, list):
            for item in node:
                yield from words(item)
        elif isinstance(node, dict):
            yield from words(node["props"].get("children") if "props" in node else None)

    return " ".join(words(data))
