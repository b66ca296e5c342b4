"""Drawing limits: what is excluded is filled, projections are lines, magnetic moments are bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alphoton.workflows.figures.base import Array, Curve, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Look:
    """How a curve is drawn: an excluded region is filled, a projection is a line."""

    label: str
    color: str
    line: str = "solid"
    filled: bool = False


LOOKS = {
    "delphi": Look("DELPHI", "#7B5EA7", filled=True),
    "babar": Look("BaBar", "#2E8B57", filled=True),
    "na64": Look("NA64", "#3A6EA5", filled=True),
    "e137": Look("E137, visible only", "#777777", filled=True),
    "e137_br1e-2": Look(r"E137, $\Gamma_\mathrm{vis}/\Gamma_\mathrm{inv}=10^{-2}$", "#555555", "dashed"),
    "e137_br1e-4": Look(r"E137, $\Gamma_\mathrm{vis}/\Gamma_\mathrm{inv}=10^{-4}$", "#555555", "dashdot"),
    "na64_5e12": Look(r"NA64, $5\cdot10^{12}$ $e^-$", "#3A6EA5", "dashed"),
    "belle2_20fb": Look(r"Belle II, 20 fb$^{-1}$", "#B7410E", "dashed"),
    "belle2_50ab": Look(r"Belle II, 50 ab$^{-1}$", "#B7410E", "dotted"),
    "padme": Look("PADME", "#E69F00", "dashed"),
    "padme_poseydon": Look("PADME, POSEYDON", "#E69F00", "dashdot"),
    "padme_poseydon_ses": Look("POSEYDON, 2.3 events", "#E69F00", "dotted"),
}
"""The colours are the paper's."""
MOMENTS = {"gm2_electron": ("#D4AF37", r"$(g-2)_e$"), "gm2_muon": ("#6BBF59", r"$(g-2)_\mu$")}
MASS = r"$m_a$ [GeV]"
FAR = 1e3
"""Times the end of an axis: out of sight."""
ADDED = {"": "", "tree": ", no loop", "radiative": ", loop added", "caesium": ", Cs", "rubidium": ", Rb"}


def draw_masses(curves: Mapping[str, Curve], ylabel: str, ylim: tuple[float, float], main_loop: str = "") -> Canvas:
    """Limits against the mass; `main_loop` says in the legend what the main bands of the moments contain."""
    return _draw(curves, MASS, ylabel, (1e-3, 100.0), ylim, main_loop)


def draw_plane(curves: Mapping[str, Curve], xlim: tuple[float, float], ylim: tuple[float, float], title: str) -> Canvas:
    """Limits in the plane of both couplings."""
    canvas = _draw(curves, r"$g_{ae}$ [GeV$^{-1}$]", r"$g_{a\gamma}$ [GeV$^{-1}$]", xlim, ylim, "")
    canvas.axes[0].set_title(title, fontsize=14, loc="left")
    return canvas


def _draw(
    curves: Mapping[str, Curve], xlabel: str, ylabel: str, xlim: tuple[float, float], ylim: tuple[float, float], loop: str
) -> Canvas:
    canvas, (axes,) = panels()
    canvas.set_size_inches(9.4, 5.4)
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, xlim=xlim, ylim=ylim)
    _moments(axes, curves, loop)
    for name, look in LOOKS.items():
        if name in curves and len(curves[name].x):
            _experiment(axes, curves[name], look, (xlim[1], ylim[1]), in_plane=xlabel != MASS)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    canvas.legend(unique.values(), unique.keys(), loc="outside right upper", fontsize=11.5)
    return canvas


def _experiment(axes: Any, curve: Curve, look: Look, corner: tuple[float, float], *, in_plane: bool) -> None:
    """One curve with its errors; beyond an excluded one everything is filled, up to the corner and further."""
    color, shown = look.color, {"color": look.color, "alpha": 0.18, "linewidth": 0, "label": look.label}
    if curve.name.startswith("e137"):
        fill = {"facecolor": color, "alpha": 0.25} if look.filled else {"facecolor": "none"}
        axes.fill(curve.x, curve.y, edgecolor=color, linestyle=look.line, linewidth=1.6, label=look.label, **fill)
        return
    axes.plot(curve.x, curve.y, color=color, linestyle=look.line, label=None if look.filled else look.label)
    if in_plane:
        _radial_band(axes, curve, color)
    else:
        axes.fill_between(curve.x, curve.y - curve.y_error, curve.y + curve.y_error, color=color, alpha=0.3, linewidth=0)
    if look.filled and in_plane:
        right, top = (FAR * end for end in corner)
        x = np.concatenate([curve.x, [curve.x[-1], right, right]])
        y = np.concatenate([curve.y, [top, top, curve.y[0]]])
        axes.fill(x, y, **shown)
    elif look.filled:
        axes.fill_between(curve.x, curve.y, corner[1], **shown)


def _radial_band(axes: Any, curve: Curve, color: str) -> None:
    """The error along the rays, as a band about a boundary in a plane."""
    relative = np.divide(curve.y_error, curve.y, out=np.zeros_like(curve.y), where=curve.y > 0)
    x = np.concatenate([curve.x * (1 - relative), (curve.x * (1 + relative))[::-1]])
    y = np.concatenate([curve.y * (1 - relative), (curve.y * (1 + relative))[::-1]])
    axes.fill(x, y, color=color, alpha=0.3, linewidth=0)


def _moments(axes: Any, curves: Mapping[str, Curve], loop: str) -> None:
    """The bands of the magnetic moments: the main one filled, the other one hatched."""
    for name in [name.removesuffix("_upper") for name in curves if name.startswith("gm2") and name.endswith("_upper")]:
        lower, upper = curves[f"{name}_lower"], curves[f"{name}_upper"]
        base = "_".join(name.split("_")[:2])
        rest = name.removeprefix(base).strip("_").split("_")
        color, label = MOMENTS[base]
        words = "".join(ADDED.get(word, f", {word}") for word in rest) or loop
        other = "tree" in rest or "radiative" in rest
        options = {"facecolor": "none", "hatch": "////"} if other else {"facecolor": color, "alpha": 0.45}
        x, y = _between(lower, upper)
        axes.fill(x, y, edgecolor=color, linewidth=0.8 if other else 0, label=label + words, **options)


def _between(lower: Curve, upper: Curve) -> tuple[Array, Array]:
    """The outline of a band; without a lower end it reaches down to nothing."""
    good = np.isfinite(upper.y)
    if not len(lower.x) or not np.isfinite(lower.y).any():
        low_x, low_y = upper.x[good], np.full(int(good.sum()), 1e-30)
    else:
        low = np.isfinite(lower.y)
        low_x, low_y = lower.x[low], lower.y[low]
    return np.concatenate([low_x, upper.x[good][::-1]]), np.concatenate([low_y, upper.y[good][::-1]])
