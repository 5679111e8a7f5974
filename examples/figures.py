"""Draws every figure of the examples again, into examples/figures, where they are kept and compared.

    python examples/figures.py [DIRECTORY]

Look at what has changed before it is committed: tests/test_examples.py compares words, boxes and wires with these.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> None:
    for script in sorted(HERE.glob("*.py")):
        if script.name == Path(__file__).name:
            continue
        with tempfile.TemporaryDirectory() as work:
            import_module(script.stem).main(Path(work))
            kept = folder / script.stem
            kept.mkdir(parents=True, exist_ok=True)
            for old in kept.glob("*.svg"):
                old.unlink()
            for figure in sorted(Path(work).glob("*.svg")):
                (kept / figure.name).write_bytes(figure.read_bytes())
                print(kept / figure.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "figures")
