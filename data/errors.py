"""What is told to a person in one message. The command line turns wrong input into exit code 2, a failed cluster into 1."""

from __future__ import annotations

from typing import Any

from alphoton.data.printable import one_line


class InputError(ValueError):
    """Something a person gave (an argument, a file) cannot be used. The message says what, where and what would do.

    Several problems are several lines. Keys, values and names in them cannot begin a line, or steer a terminal.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = [one_line(problem) for problem in problems]
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> Any:
        return type(self), tuple(self.problems)


class CardError(InputError):
    """One or more problems in a card, all reported together, each as `file:line: dotted.path: message`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)

    def __reduce__(self) -> Any:
        return type(self), (self.problems,)


class CardWarning(UserWarning):
    """A card can be used as it is, but holds what is hardly meant: `file:line: dotted.path: message`."""


class CacheWarning(UserWarning):
    """A folder that is to save time is not used, for others can write to it."""


class ClusterError(RuntimeError):
    """The machines that were to do the work do not: they are not there, or not any more, or have other versions."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
