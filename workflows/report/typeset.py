"""Numbers and symbols as they are set in print."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from alphoton.workflows.masses import texts

SUPERSCRIPTS = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = range(-2, 3)
"""Powers of ten that need not be told."""
GREEK = {"Gamma": "Γ", "epsilon": "ε", "sigma": "σ", "tau": "τ", "theta": "θ"}
"""Names of letters that carry an index."""
INDICES = {"agamma": "aγ", "amu": "aμ", "achi": "aχ", "chi": "χ", "chibar": "χ̄", "χbar": "χ̄", "gamma": "γ", "mu": "μ"}
NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)\b")
RAISED = re.compile(r"\^(?:\{([^{}<>&]+)\}|([-−]?[^\W_]+))")
INDEXED = re.compile(rf"(?<![A-Za-z_])([^\W\d_]|{'|'.join(GREEK)})_(?:\{{([^{{}}<>&]+)\}}|([^\W_⁰¹²³⁴⁵⁶⁷⁸⁹]+))")


def typeset(text: str) -> Markup:
    """Text, escaped, with numbers, indices and powers set as in print: `2e-5`, `m_a`, `g_agamma`, `e^{E/T}`."""

    def number(found: re.Match[str]) -> str:
        return ("" if found[1] == "1" else f"{found[1]}·") + f"10{_raised(found[2])}"

    def indexed(found: re.Match[str]) -> str:
        letter, index = found[1], found[2] or found[3]
        letter, index = GREEK.get(letter, letter), INDICES.get(index, index)
        return f'<span class="symbol"><i>{letter}</i><sub>{index}</sub></span>'

    plain = NUMBER.sub(number, str(escape(text)))
    raised = RAISED.sub(lambda found: f"<sup>{found[1] or found[2]}</sup>", plain)
    return Markup(INDEXED.sub(indexed, raised))


def _raised(power: int | str) -> str:
    return str(int(power)).translate(SUPERSCRIPTS)


def powers(text: str) -> str:
    """Exponents as they are set in print: `2e-05` becomes `2·10⁻⁵`."""
    return re.sub(r"(?<=[\d)])e([+-]?\d+)", lambda found: "·10" + str(int(found[1])).translate(SUPERSCRIPTS), text).replace(
        "-", "−"
    )


def scientific(value: float, *errors: float) -> str:
    """A value with its errors, two digits of the smallest: `(1.234 ± 0.021)·10⁻⁵`, `0.158 ± 0.020`; three without errors.

    A dash where there is no value. The page's script writes the same.
    """
    if not math.isfinite(value) or value == 0:
        return "–"
    kept = [error for error in errors if math.isfinite(error) and error > 0]
    exponent = math.floor(math.log10(abs(value)))
    digits = 2
    if kept:
        digits = min(4, max(1, 1 - math.floor(math.log10(min(kept)) - exponent)))
    if round(abs(value) / 10.0**exponent, digits) >= 10:
        exponent, digits = exponent + 1, digits + (1 if digits < 4 else 0)
    plain = exponent in PLAIN
    scale, decimals = (1.0, max(0, digits - exponent)) if plain else (10.0**exponent, digits)
    text = " ± ".join(f"{number / scale:.{decimals}f}" for number in (value, *kept))
    if plain:
        return text
    return (f"({text})" if kept else text) + f"·10{_raised(exponent)}"


def mass_text(mass: float) -> str:
    """A mass in GeV as text with its unit, to four digits."""
    return mass_texts([mass])[0]


def mass_texts(masses: Sequence[float]) -> list[str]:
    """Masses in GeV as texts with their units, to four digits, or to as many as tell them apart."""
    light = [mass < 0.9995 for mass in masses]
    found = [""] * len(masses)
    for unit, factor, own in (("MeV", 1e3, True), ("GeV", 1.0, False)):
        places = [place for place, is_light in enumerate(light) if is_light is own]
        for place, text in zip(places, texts([masses[place] * factor for place in places], 4), strict=True):
            found[place] = f"{text} {unit}"
    return found
