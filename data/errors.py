"""The two ways a person's input can be wrong; the command line turns them into exit code 2."""

from __future__ import annotations


class InputError(ValueError):
    """Something a person gave (an argument, a file) cannot be used. The message says what, where and what would do."""


class CardError(InputError):
    """One or more problems in a card, all reported together, each as `file:line: dotted.path: message`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
