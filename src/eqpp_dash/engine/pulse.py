"""The pulse of a computation: who is told of it may stop it, however deep it is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

_LISTENER: ContextVar[Callable[[], object] | None] = ContextVar("listener", default=None)


def beat() -> None:
    """Tell the listener of this thread, if there is one; what it raises is passed on.

    Called by what is at the bottom of all that takes long: the evaluation of expressions for
    arrays and for boxes, and the work on polynomials. It takes a tenth of a microsecond.
    """
    listener = _LISTENER.get()
    if listener is not None:
        listener()


@contextmanager
def listening(listener: Callable[[], object]) -> Iterator[None]:
    """Let a function be called at every beat of this thread.

    Examples
    --------
    >>> heard = []
    >>> with listening(lambda: heard.append(1)):
    ...     beat()
    >>> beat()
    >>> heard
    [1]
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def undisturbed() -> AbstractContextManager[None]:
    """Let nobody be told for a while: of what is done to keep what is found."""
    return listening(lambda: None)
