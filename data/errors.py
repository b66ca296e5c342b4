"""What is told to a person in one message. The command line turns wrong input into exit code 2, a failed cluster into 1."""

from __future__ import annotations


class InputError(ValueError):
    """Something a person gave (an argument, a file) cannot be used. The message says what, where and what would do."""


class CardError(InputError):
    """One or more problems in a card, all reported together, each as `file:line: dotted.path: message`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class CardWarning(UserWarning):
    """A card can be used as it is, but holds what is hardly meant: `file:line: dotted.path: message`."""


class CacheWarning(UserWarning):
    """A folder that is to save time is not used, for others can write to it."""


class ClusterError(RuntimeError):
    """The machines that were to do the work do not: they are not there, or not any more, or have other versions."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
