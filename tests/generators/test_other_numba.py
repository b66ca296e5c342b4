"""Without any of the names that numba does not promise to keep, all goes through plain `njit(cache=True)`.

In a process of its own each name is another, everywhere in numba: numba itself works as before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alphoton.generators import jit

#: Names, where they are renamed, and what must not stand before them.
NAMES = {
    "_already_initialized": (r"numba\..*", ""),
    "rtsys": (r"numba\..*", ""),
    "_rebuild": (r"numba\..*", ""),
    "_reduce": (r"numba\..*", ""),
    "dumps": (r"numba\.core\..*", r"pickle\.|json\."),
    "_cache": (r"numba\.core\.dispatcher", ""),
    "load_overload": (r"numba\..*", ""),
    "save_overload": (r"numba\..*", ""),
    "compile": (r"numba\.core\.(dispatcher|decorators)", r"re\.|compiler\.|numba:"),
    "disable_compile": (r"numba\..*", ""),
    "magic_tuple": (r"numba\..*", ""),
    "has_dynamic_globals": (r"numba\..*", ""),
    "lifted": (r"numba\..*", ""),
    "no_cfunc_wrapper": (r"numba\..*", ""),
    "CPUCodegen": (r"numba\..*", ""),
    "CACHE_DIR": (r"numba\..*", ""),
    "CACHE_DIR|rtsys": (r"numba\..*", ""),
    "DISABLE_JIT": (r"numba\..*", ""),
}
OURS = {"CACHE_DIR", "DISABLE_JIT"}
"""Without them our own cache is still in use."""
UNCACHED = {"CACHE_DIR|rtsys"}
"""Without both, nobody can tell numba where to keep what it compiles: beside the sources it would outlive them."""
RENAME = """
import re, sys
from importlib.machinery import PathFinder, SourceFileLoader

name, modules, before = sys.argv[1:]
word = re.compile((f"(?<!{{}})" * bool(before)).format(")(?<!".join(before.split("|"))) + rf"\\b({name})\\b")
renamed = []

def other(match):
    return f"OTHER_{match[0]}" if match[0].isupper() else f"{match[0]}_of_another_numba"

class Loader(SourceFileLoader):
    def get_code(self, module):
        text, times = word.subn(other, self.get_source(module))
        if not times:
            return super().get_code(module)
        renamed.append(module)
        return compile(text, self.path, "exec", dont_inherit=True)

class Finder:
    @staticmethod
    def find_spec(module, path=None, target=None):
        if not re.fullmatch(modules, module):
            return None
        spec = PathFinder.find_spec(module, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = Loader(module, spec.origin)
        return spec

if name:
    sys.meta_path.insert(0, Finder)
import numba
from alphoton.generators import jit
from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.cli import main
assert bool(renamed) == bool(name)
from alphoton.generators.kinematics import photon_momentum
ours = isinstance(getattr(photon_momentum, "_cache", None), jit._Kept)
print(ours, EventSource(ProcessCard.load("padme")).chunk(0, 300).events["GenPart"]["energy"].tolist())
sys.argv[1:] = ["xsec", "padme", "--json"]
sys.exit(main())
"""


def run(cache: Path, name: str) -> tuple[str, str]:
    """Whether our cache is in use, and the numbers."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "ALPHOTON_CACHE": "off"}
    command = [sys.executable, "-c", RENAME, name, *NAMES.get(name, ("", ""))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-3000:]
    ours, _, numbers = done.stdout.partition(" ")
    return ours, numbers


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> str:
    cache = tmp_path_factory.mktemp("as_it_is")
    ours, shown = run(cache, "")
    assert ours == "True"  # the negative control
    assert list(cache.rglob("*.nbc"))
    assert not list(cache.rglob("*.nbi"))
    return shown


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("others")


@pytest.mark.parametrize("name", NAMES)
def test_without_one_name(tmp_path: Path, common: Path, numbers: str, name: str) -> None:
    cache = tmp_path if name in OURS | UNCACHED else common  # numba's own need not be filled for each
    ours, shown = run(cache, name)
    assert shown == numbers
    assert ours == str(name in OURS)
    assert bool(list(cache.rglob("*.nbi"))) == (name not in OURS | UNCACHED)


def test_every_private_name_is_tried() -> None:
    """Of numba's, what begins with an underscore or lies below `numba.core` is on the list above."""
    text = Path(jit.__file__).read_text(encoding="utf-8")
    used = {name for line in re.findall(r"from numba\.core\S* import (.+)", text) for name in line.split(", ")}
    used |= {*re.findall(r"(?:made|compiled|entrypoints|result|CodeLibrary|CPUCodegen|config|library)\.(\w+)", text)}
    known = {*NAMES} | {
        "entrypoints",
        "CompileResult",
        "CodeLibrary",
        "library",
        "codegen",
    }  # these hold others, or are in each result
    assert used <= known, used - known
