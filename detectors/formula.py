"""Resolution formulas in detector cards: arithmetic as text, read through a whitelist, never run as Python."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from dataclasses import dataclass, field
from functools import reduce
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alphoton.data.errors import InputError

MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, MAX_EXPONENT = 500, 50, 200, 64

_OPERATORS: dict[type[ast.AST], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}
_FUNCTIONS: dict[str, np.ufunc] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "abs": np.absolute,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arctan": np.arctan,
    "hypot": np.hypot,
    "min": np.minimum,
    "minimum": np.minimum,
    "max": np.maximum,
    "maximum": np.maximum,
}
# No quotes, brackets, colons or letters beyond ASCII, which Python would fold into ASCII names.
_FOREIGN = re.compile(r"[^A-Za-z0-9_ .,()*/+-]")


@dataclass(frozen=True)
class Formula:
    """A formula such as `hypot(0.02 / sqrt(energy), 0.011)` of the variables in `names`; `str` gives its text back.

    Allowed are numbers, the variables, `pi`, `+ - * / **`, parentheses, and sqrt, exp, log, log10, abs, sin, cos, tan,
    arctan of one argument, and hypot (the sum in quadrature), min, minimum, max, maximum of two or more. All is
    computed in float64. Raises `InputError`, with the column, for anything else.
    """

    text: str
    names: tuple[str, ...] = ("energy", "theta", "phi")
    variables: frozenset[str] = field(init=False, repr=False, compare=False)
    """The variables that the formula depends on."""
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = self._parse()
        self._check(tree)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        object.__setattr__(self, "variables", used.intersection(self.names))
        object.__setattr__(self, "_tree", tree)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Formula], tuple[str, tuple[str, ...]]]:
        return type(self), (self.text, self.names)  # whoever unpickles it checks it again

    def __call__(self, **variables: ArrayLike) -> NDArray[np.float64]:
        """The formula at `variables`, broadcast together; the result has their common shape.

        Where it is undefined or overflows the result is NaN or infinite. Raises `ValueError` for a variable that is
        missing or unknown.
        """
        self._check_variables(variables)
        values = {name: np.asarray(value, dtype=np.float64) for name, value in variables.items()}
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
        with np.errstate(all="ignore"):
            result = _value(self._tree, values | {"pi": np.array(np.pi)})
        return np.broadcast_to(result, shape).copy()

    def evaluate_resolution(self, **variables: ArrayLike) -> NDArray[np.float64]:
        """As a call, but raises `InputError` at the first point where the result is not finite or is negative."""
        result = self(**variables)
        bad = ~(np.isfinite(result) & (result >= 0))
        if bad.any():
            first = np.argmax(bad)
            point = {name: np.broadcast_to(value, bad.shape).flat[first] for name, value in variables.items()}
            at = ", ".join(f"{name} = {value:g}" for name, value in point.items())
            raise InputError(
                f"formula {self.text!r} gives {result.flat[first]:g} at {at or 'every point'}; "
                "a resolution is finite and not negative"
            )
        return result

    def _parse(self) -> ast.expr:
        if not isinstance(self.text, str):
            raise InputError(f"a formula is text, got {self.text!r}")
        if len(self.text) > MAX_CHARACTERS:
            raise InputError(f"a formula has at most {MAX_CHARACTERS} characters, this one has {len(self.text)}")
        source = self.text.strip()
        if not source:
            raise InputError("the formula is empty")
        if foreign := _FOREIGN.search(source):
            self._refuse(f"the character {foreign[0]!r}", foreign.start())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # Python only warns about spellings such as `1if`
                return ast.parse(source, mode="eval").body
        except SyntaxError as error:
            offset = error.offset - 1 if error.offset else len(source)  # Python says 0 where the text breaks off
            raise InputError(f"{self._place(offset)}: not a formula: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError):
            raise InputError(f"formula {self.text!r} is nested too deeply") from None

    def _check(self, tree: ast.expr) -> None:
        expressions = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
        if expressions > MAX_NODES:
            raise InputError(f"formula {self.text!r} has {expressions} terms, at most {MAX_NODES} are allowed")
        self._check_node(tree, depth=1)

    def _check_node(self, node: ast.expr, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._refuse(f"nesting of more than {MAX_DEPTH} levels", node.col_offset)
        if isinstance(node, ast.Constant):
            self._check_number(node)
        elif isinstance(node, ast.Name):
            if node.id not in (*self.names, "pi"):
                self._refuse(f"{node.id!r}", node.col_offset)
        else:
            self._check_operation(node)
            for operand in _operands(node):
                self._check_node(operand, depth + 1)

    def _check_number(self, node: ast.Constant) -> None:
        if not isinstance(node.value, int | float) or isinstance(node.value, bool):
            self._refuse(f"{node.value!r}", node.col_offset)
        if node.value > sys.float_info.max:  # exact also for an integer that no float can hold
            self._refuse(f"a number above {sys.float_info.max:.2g}", node.col_offset)

    def _check_operation(self, node: ast.expr) -> None:
        function = _function(node)
        if function is None:
            self._refuse(f"{ast.get_source_segment(self.text.strip(), node)!r}", node.col_offset)
        if isinstance(node, ast.Call):
            count = len(node.args)
            if (function.nin == 1) != (count == 1) or count == 0:
                due = "one argument" if function.nin == 1 else "two or more arguments"
                raise InputError(f"{self._place(node.col_offset)}: {ast.unparse(node.func)} takes {due}, got {count}")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _size(node.right) > MAX_EXPONENT:
            self._refuse(f"an exponent above {MAX_EXPONENT}", node.right.col_offset)

    def _check_variables(self, given: dict[str, ArrayLike]) -> None:
        if missing := sorted(self.variables - given.keys()):
            raise ValueError(f"formula {self.text!r} needs {', '.join(missing)}")
        if unknown := sorted(given.keys() - set(self.names)):
            raise ValueError(f"formula {self.text!r} is one of {', '.join(self.names)}, not of {', '.join(unknown)}")

    def _place(self, offset: int) -> str:
        """The formula and a column, counted from 1 in the text as given."""
        return f"formula {self.text!r}, column {len(self.text) - len(self.text.lstrip()) + offset + 1}"

    def _refuse(self, what: str, offset: int) -> NoReturn:
        raise InputError(
            f"{self._place(offset)}: {what} is not allowed; allowed are numbers, {', '.join(self.names)}, pi, "
            f"+ - * / **, parentheses, {', '.join(_FUNCTIONS)}"
        )


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return node.args
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _function(node: ast.expr) -> np.ufunc | None:
    """The numpy function of a call or an operator, None where it is not on the list."""
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _FUNCTIONS.get(name)
        case ast.UnaryOp(op=op) | ast.BinOp(op=op):
            return _OPERATORS.get(type(op))
    return None


def _size(node: ast.expr) -> float:
    """The magnitude of a constant behind any signs, 0 for anything else."""
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return abs(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else 0


def _value(node: ast.expr, variables: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The value of a checked tree. Numbers become numpy's before any arithmetic: no integer of a million digits."""
    if isinstance(node, ast.Constant):
        return np.array(node.value, dtype=np.float64)
    if isinstance(node, ast.Name):
        return variables[node.id]
    function = _function(node)
    assert function is not None
    operands = [_value(operand, variables) for operand in _operands(node)]
    return function(operands[0]) if function.nin == 1 else reduce(function, operands)
