"""The verbs of alphoton, for notebooks and scripts: generate, simulate, analyse, limit, run, merge.

They are imported when first asked for: `alphoton --help` needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alphoton.analysis.analyse import analyse
    from alphoton.data.merge import merge
    from alphoton.detectors.simulate import simulate
    from alphoton.generators.generate import generate
    from alphoton.workflows.limit_scan import limit
    from alphoton.workflows.study import run

_VERBS = {
    "analyse": "alphoton.analysis.analyse",
    "generate": "alphoton.generators.generate",
    "limit": "alphoton.workflows.limit_scan",
    "merge": "alphoton.data.merge",
    "run": "alphoton.workflows.study",
    "simulate": "alphoton.detectors.simulate",
}

__all__ = ["analyse", "generate", "limit", "merge", "run", "simulate"]


def __getattr__(name: str) -> Any:
    if name not in _VERBS:
        raise AttributeError(f"module 'alphoton.workflows' has no attribute '{name}'")
    return getattr(import_module(_VERBS[name]), name)
