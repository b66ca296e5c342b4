"""The command `alphoton`: signals are watched before anything else is imported."""

from __future__ import annotations

from alphoton.data.signals import watch


def main() -> None:
    """Run the command line."""
    watch(lambda: "nothing was written")
    from alphoton.workflows.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
