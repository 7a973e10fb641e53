"""One tree of errors: everything the package raises on purpose is an `EqppError`.

An error caused by input says what is wrong, where, and how to mend it. A numerical
outcome (a trajectory that blows up, an equilibrium that cannot be decided) is not an
error: it is a status in the result, with its reason.
"""

from __future__ import annotations


class EqppError(Exception):
    """Base of all errors of the package.

    Parameters
    ----------
    message : str
        What is wrong, one sentence, plain text.
    hint : str, optional
        How to mend it, one sentence; empty if there is nothing to suggest.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class EquationError(EqppError):
    """The equations' text cannot be read.

    Attributes
    ----------
    line, column : int
        One-based place of the token in the text the user typed.
    offset : int
        Zero-based place of the token in the text the user typed.
    token : str
        The offending token as typed, cut to 40 characters.
    message, hint : str
        What is wrong and how to mend it.
    """

    def __init__(
        self,
        message: str,
        *,
        token: str = "",
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.token = token if len(token) <= 40 else token[:39] + "…"
        self.offset = offset
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {super().__str__()}"


class SpecError(EqppError):
    """A part of a portrait's specification other than its equations is invalid.

    Attributes
    ----------
    field : str
        Dotted path of the offending entry, such as ``window.x``.
    """

    def __init__(self, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {super().__str__()}" if self.field else super().__str__()


class LinkError(EqppError):
    """A link's state cannot be read: cut off, altered or too large."""


class NotFoundError(EqppError):
    """There is no row, portrait or short link with this id."""


class ArchiveError(EqppError):
    """The archive cannot be opened, read or written."""


class JobError(EqppError):
    """A job cannot be submitted or has ended without a result.

    Attributes
    ----------
    traceback : str
        The traceback recorded on the job's row; empty if it has none.
    """

    def __init__(self, message: str, *, hint: str = "", traceback: str = "") -> None:
        super().__init__(message, hint)
        self.traceback = traceback


class ForbiddenError(EqppError):
    """The server's settings do not allow this action."""


class StopAndKeep(BaseException):
    """A wish, not an error: a progress callback raises it to stop and keep what was found.

    `eqpp_dash.engine.compute_portrait` then returns the portrait as far as it is known, marked
    as partial; what does not know the wish is ended by it as by any exception.

    Parameters
    ----------
    reason : str
        Why, as the beginning of "... while limit cycles were searched".
    """

    def __init__(self, reason: str = "stopped") -> None:
        super().__init__(reason)
        self.reason = reason
