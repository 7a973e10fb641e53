"""The grammar of right-hand sides: LALR by lark, over tokens whose names are resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from lark import Lark, Transformer
from lark import Token as LarkToken
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.syntax import Syntax, make

TERMINALS = (
    "NUMBER NAME DERIVATIVE PLUS MINUS TIMES IMPLICIT DIVIDE POW LPAR RPAR FUNCTION OPENBAR "
    "CLOSEBAR FRAC SQRT COMMA SEMICOLON COLON COMPARE AND OR NOT CASES ENDCASES COLUMN NEWLINE "
    "IF THEN ELSE TRUE FALSE OTHERWISE LFLOOR RFLOOR"
)

GRAMMAR = rf"""
start: _any
_any: disjunction
?disjunction: conjunction (OR conjunction)*      -> disjunction
?conjunction: negation (AND negation)*           -> conjunction
?negation: NOT negation                          -> negation
    | relation
?relation: sum (COMPARE sum)*                    -> relation
?sum: term ((PLUS | MINUS) term)*                -> sum
?term: signed ((TIMES | IMPLICIT | DIVIDE) signed)*  -> term
?signed: PLUS signed                             -> plus
    | MINUS signed                               -> minus
    | power
?power: atom [POW signed]                        -> power
?atom: NUMBER                                    -> number
    | NAME                                       -> name
    | DERIVATIVE                                 -> derivative
    | TRUE                                       -> constant
    | FALSE                                      -> constant
    | LPAR items RPAR                            -> group
    | FUNCTION LPAR items RPAR                   -> call
    | OPENBAR sum CLOSEBAR                       -> bars
    | LFLOOR sum RFLOOR                          -> floor
    | FRAC LPAR sum RPAR LPAR sum RPAR           -> fraction
    | SQRT LPAR sum RPAR                         -> sqrt
    | SQRT LPAR sum RPAR LPAR sum RPAR           -> sqrt
    | CASES row (NEWLINE row)* NEWLINE? ENDCASES -> cases
    | IF _any THEN _any ELSE _any                -> conditional
items: item ((COMMA | SEMICOLON) item)*
?item: _any [COLON _any]                         -> item
row: sum [COMMA] COLUMN condition
?condition: _any | OTHERWISE                     -> otherwise
%declare {TERMINALS}
"""


class _Wrapped(LarkToken):
    """One of our tokens in lark's dress."""

    own: Token


class _Tokens(Lexer):
    """Hands our tokens to lark."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[LarkToken]:
        # lark gives a lexer class of this kind the text alone: here, our list of tokens
        data: Iterable[Token] = lexer_state
        for token in data:
            wrapped = _Wrapped(token.kind, token.text, token.start)
            wrapped.own = token
            yield wrapped


def _own(items: Iterable[Any]) -> list[Any]:
    """Unwrap tokens."""
    return [item.own if isinstance(item, _Wrapped) else item for item in items]


class _Build(Transformer[Any, Any]):
    """Makes the syntax tree while parsing, so that nothing recurses."""

    def start(self, items: list[Any]) -> Any:
        return items[0]

    def number(self, items: list[Any]) -> Syntax:
        (token,) = _own(items)
        return make("number", (), token, token=token)

    def name(self, items: list[Any]) -> Syntax:
        (token,) = _own(items)
        return make("name", (), token, token=token)

    def derivative(self, items: list[Any]) -> Syntax:
        (token,) = _own(items)
        return make("derivative", (), token, token=token)

    def constant(self, items: list[Any]) -> Syntax:
        (token,) = _own(items)
        return make(token.kind.lower(), (), token, token=token)

    def otherwise(self, items: list[Any]) -> Syntax:
        (item,) = _own(items)
        return make("true", (), item, token=item) if isinstance(item, Token) else item

    def _chain(self, kind: str, items: list[Any]) -> Syntax:
        own = _own(items)
        if len(own) == 1:
            only: Syntax = own[0]
            return only
        return make(kind, tuple(own[::2]), marks=tuple(token.kind for token in own[1::2]))

    def disjunction(self, items: list[Any]) -> Syntax:
        return self._chain("or", items)

    def conjunction(self, items: list[Any]) -> Syntax:
        return self._chain("and", items)

    def sum(self, items: list[Any]) -> Syntax:
        return self._chain("sum", items)

    def term(self, items: list[Any]) -> Syntax:
        return self._chain("term", items)

    def relation(self, items: list[Any]) -> Syntax:
        own = _own(items)
        if len(own) == 1:
            only: Syntax = own[0]
            return only
        return make("compare", tuple(own[::2]), marks=tuple(token.text for token in own[1::2]))

    def negation(self, items: list[Any]) -> Syntax:
        token, part = _own(items)
        return make("not", (part,), token)

    def plus(self, items: list[Any]) -> Syntax:
        part: Syntax = items[1]
        return part

    def minus(self, items: list[Any]) -> Syntax:
        token, part = _own(items)
        return make("negate", (part,), token)

    def power(self, items: list[Any]) -> Syntax:
        base, _, exponent = (*items, None, None)[:3]
        return base if exponent is None else make("power", (base, exponent))

    def items(self, items: list[Any]) -> list[Syntax]:
        return _own(items)[::2]

    def item(self, items: list[Any]) -> Syntax:
        first, colon, second = (*_own(items), None, None)[:3]
        return first if second is None else make("piece", (first, second), token=colon)

    def group(self, items: list[Any]) -> Syntax:
        left, parts, right = _own(items)
        if len(parts) == 1 and parts[0].kind != "piece":
            inner: Syntax = parts[0]
            return Syntax(
                inner.kind, inner.parts, left.start, right.end, inner.depth + 1, inner.token,
                inner.marks,
            )  # fmt: skip
        return make("tuple", tuple(parts), left, right)

    def call(self, items: list[Any]) -> Syntax:
        function, left, parts, right = _own(items)
        return make("call", tuple(parts), function, left, right, token=function)

    def bars(self, items: list[Any]) -> Syntax:
        left, part, right = _own(items)
        return make("bars", (part,), left, right)

    def floor(self, items: list[Any]) -> Syntax:
        left, part, right = _own(items)
        return make("floor", (part,), left, right)

    def fraction(self, items: list[Any]) -> Syntax:
        own = _own(items)
        return make("term", (own[2], own[5]), own[0], own[6], marks=("DIVIDE",))

    def sqrt(self, items: list[Any]) -> Syntax:
        own = _own(items)
        parts = (own[2],) if len(own) == 4 else (own[5], own[2])
        return make("sqrt", parts, own[0], own[-1])

    def row(self, items: list[Any]) -> Syntax:
        value, *_, condition = [item for item in items if item is not None]
        return make("piece", (condition, value))

    def cases(self, items: list[Any]) -> Syntax:
        own = _own(item for item in items if item is not None)
        rows = tuple(item for item in own if isinstance(item, Syntax))
        return make("choice", rows, own[0], own[-1])

    def conditional(self, items: list[Any]) -> Syntax:
        own = _own(items)
        return make("choice", (make("piece", (own[1], own[3])), own[5]), own[0])


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer=_Tokens,
        transformer=_Build(),
        maybe_placeholders=True,
    )


def parse(source: Source, tokens: list[Token]) -> Syntax:
    """Parse resolved tokens into a syntax tree.

    Raises
    ------
    EquationError
        At the first token that does not fit.
    """
    try:
        tree: Any = _parser().parse(tokens)
    except UnexpectedInput as error:
        found = getattr(getattr(error, "token", None), "own", None)
        if found is None:
            last = tokens[-1]
            raise source.at(last, f"something is missing after “{last.text}”") from None
        raise source.at(
            found, f"“{found.text.strip() or 'the line end'}” does not fit here"
        ) from None
    assert isinstance(tree, Syntax)
    return tree
