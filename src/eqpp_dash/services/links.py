"""The whole state of the workbench in a link, and short links for what is too long."""

from __future__ import annotations

import binascii
import hashlib
import zlib
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode

import orjson

from eqpp_dash.errors import LinkError, SpecError
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.store.archive import Archive

PREFIX = "v1"
MAX_TEXT = 200_000
"""Characters of a state, at most."""
MAX_JSON = 400_000
"""Bytes that a state may inflate to."""
_DEFAULTS = PortraitSpec("").to_dict()
_ALWAYS = ("version", "equations")


class Links:
    """States as text.

    Parameters
    ----------
    archive : Archive
        Keeps the short links.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    @staticmethod
    def encode(spec: PortraitSpec) -> str:
        """Give a specification as text that fits in a link; `decode` reads it back equal.

        Examples
        --------
        >>> spec = PortraitSpec("x' = y; y' = -x", title="Circles")
        >>> Links.decode(Links.encode(spec)) == spec
        True
        """
        data = {k: v for k, v in spec.to_dict().items() if v != _DEFAULTS[k] or k in _ALWAYS}
        packed = zlib.compress(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), 9)
        return PREFIX + urlsafe_b64encode(packed).rstrip(b"=").decode()

    @staticmethod
    def decode(text: str) -> PortraitSpec:
        """Read what `encode` gave.

        Raises
        ------
        LinkError
            If it is cut off, altered, too large, or of a later version.
        """
        if not text.startswith(PREFIX):
            later = text[:1] == "v" and text[1:2].isdigit()
            raise LinkError(
                "this link was made by a later version" if later else "this is not a link's state",
                "Update EQPP Dash" if later else "Copy the whole link again",
            )
        try:
            data = orjson.loads(_inflate(text[len(PREFIX) :]))
            return PortraitSpec.from_json(data)
        except (binascii.Error, zlib.error, ValueError) as error:
            raise LinkError(
                "this link is cut off or was altered", "Copy the whole link again"
            ) from error
        except SpecError as error:
            raise LinkError(f"this link asks for something impossible: {error}") from error

    def shorten(self, state: str) -> str:
        """Keep an encoded state and give its short id; the same state has the same id.

        Raises
        ------
        LinkError
            If it cannot be decoded.
        """
        canonical = self.encode(self.decode(state))
        digest = hashlib.blake2b(canonical.encode(), digest_size=10).digest()
        link_id = b32encode(digest).decode().lower()
        self._archive.keep_link(link_id, canonical)
        return link_id

    def expand(self, link_id: str) -> str:
        """Give the encoded state of a short id.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        return self._archive.link(link_id[:32])


def _inflate(text: str) -> bytes:
    if len(text) > MAX_TEXT:
        raise LinkError("this link is too long", "Use the short link")
    ascii_text = text.encode("ascii", "strict")
    packed = urlsafe_b64decode(ascii_text + b"=" * (-len(ascii_text) % 4))
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, MAX_JSON)
    if unpacker.unconsumed_tail:
        raise LinkError("this link holds too much", "Ask for a smaller system")
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut off")
    return data
