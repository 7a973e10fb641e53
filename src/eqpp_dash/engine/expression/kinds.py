"""Kinds of tokens, by their part in a formula."""

from __future__ import annotations

CLOSES = {"(": ")", "[": "]", "{": "}"}
VALUE_ENDS = frozenset(
    ["NUMBER", "NAME", "DERIVATIVE", "RPAR", "CLOSEBAR", "ENDCASES", "TRUE", "FALSE", "OTHERWISE",
     "RFLOOR"]
)  # fmt: skip
VALUE_STARTS = frozenset(
    ["NUMBER", "NAME", "DERIVATIVE", "LPAR", "OPENBAR", "FUNCTION", "FRAC", "SQRT", "CASES",
     "IF", "TRUE", "FALSE", "LFLOOR"]
)  # fmt: skip
BINARY = frozenset(
    ["TIMES", "DIVIDE", "POW", "COMPARE", "AND", "OR", "COMMA", "SEMICOLON", "COLON", "COLUMN",
     "NEWLINE", "THEN", "ELSE"]
)  # fmt: skip
OPERATORS = frozenset(["TIMES", "DIVIDE", "POW", "COMPARE", "PLUS", "MINUS"])
TERM_ENDS = frozenset(["PLUS", "MINUS", "COMPARE", "AND", "OR", "COMMA", "SEMICOLON", "COLON"])
WITHIN_TERMS = VALUE_ENDS | {"TIMES", "DIVIDE", "POW", "IMPLICIT", "FUNCTION", "FRAC", "SQRT"}
WORDS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "then": "THEN",
    "else": "ELSE",
    "otherwise": "OTHERWISE",
    "True": "TRUE",
    "False": "FALSE",
    "true": "TRUE",
    "false": "FALSE",
}
#: `Token.order` of a bracket that another must follow (the first of a fraction), and of a
#: function whose argument is one factor (the root sign).
AWAITS_BRACKET, ONE_FACTOR = -98, -99
