"""What the commands share: a parser with our exit status, one command of it, and results as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

INVALID = 3  # the exit status of a wrong usage


class Parser(argparse.ArgumentParser):
    """argparse, with our exit status for a wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(INVALID, f"{self.prog}: {message}\n")


def command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], says: str, example: str,
            lang: str | None = "en") -> argparse.ArgumentParser:
    """A command, with its example; `lang` None takes the language of the file."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=says, description=says[0].upper() + says[1:] + ".", epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=run, called=parser.prog)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--lang", choices=("en", "fr"), default=lang,
                        help=f"language (default: {lang or 'that of the file'})")
    return parser


def trust_option(parser: argparse.ArgumentParser) -> None:
    """For commands that load an exercise file."""
    parser.add_argument("--trust", action="store_true", help="run the Python file that the exercise's model names")


def print_json(**facts: Any) -> None:
    """One line; what is None is left out."""
    print(json.dumps({k: v for k, v in facts.items() if v is not None}, ensure_ascii=False))
