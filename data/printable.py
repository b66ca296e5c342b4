"""Text from outside as text: what would steer a terminal, or read as something else than it is, is written out."""

from __future__ import annotations

import codecs
import unicodedata
from typing import Any

BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates, which show letters in another order than they have."""
SEPARATORS = (0x2028, 0x2029)
"""Of lines and paragraphs."""
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), *BIDIRECTIONAL, *SEPARATORS)


def _written_out(code: int) -> str:
    return {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}.get(code) or (rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}")


class _Table(dict[int, str]):
    """What `str.translate` asks; half of a surrogate pair, as in the name of a file that is no UTF-8, is written out too."""

    def __missing__(self, code: int) -> str:
        if 0xD800 <= code < 0xE000:
            return _written_out(code)
        raise LookupError


_ONE_LINE = _Table({code: _written_out(code) for code in _CONTROLS})
_LINES = _Table({code: text for code, text in _ONE_LINE.items() if code not in (0x09, 0x0A)})


def printable(text: str) -> str:
    """Lines that a terminal shows as they are: controls, and what changes the order of letters, as `\\x1b`, `\\u202e`."""
    return text.translate(_LINES)


def one_line(text: str) -> str:
    """The same, and ends of lines as `\\n`: what comes from a key, a value or a name cannot begin a line of its own."""
    return text.translate(_ONE_LINE)


def shortened(text: str, most: int = 100) -> str:
    """A text that a message quotes: its beginning where it is long."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


# --- terminals that know few letters ---------------------------------------------------------------------------------

SPELLED = "alphoton-spelled"
"""The name of an error handler of codecs: letters that an encoding does not have are spelled, and never an error."""
_SPELLINGS = {"±": "+-", "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "…": "...", "µ": "u", "²": "^2", "³": "^3"}
_GREEK = ("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")


def _spelled(letter: str) -> str:
    if letter in _SPELLINGS:
        return _SPELLINGS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("BOX DRAWINGS"):
        return "|" if name.endswith("VERTICAL") else "-"
    for case in _GREEK:
        if name.startswith(case):
            word = name.removeprefix(case).split()[0].lower()
            return word if case == _GREEK[0] else word.capitalize()
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain if plain.isalnum() else letter.encode("ascii", "backslashreplace").decode()


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_spelled, error.object[error.start : error.end])), error.end


codecs.register_error(SPELLED, _spell)


def spell(stream: Any) -> None:
    """Let a stream spell what its encoding cannot show; one that cannot be changed stays as it is."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=SPELLED)


def spelled_for(stream: Any, text: str) -> str:
    """A text as the stream will show it, so that columns line up."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, SPELLED).decode(encoding)
