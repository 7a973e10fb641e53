"""Expressions: from typed text to an exact graph, its derivatives and its evaluation."""
