"""Makes the commerce samples: `python -m include.samples.generate FOLDER`.

The same bytes every time, on every machine; the files under include/samples/commerce are what it makes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from include.errors import UsageError
from include.samples import harbour_books, nordic_lamps, tiny_teas

STORES = (harbour_books, nordic_lamps, tiny_teas)


def lay_out(folder: Path) -> list[Path]:
    """Writes every sample delivery to <folder>/<store>/<YYYY-MM-DD>/ and returns the files' paths.

    Files of the same name are replaced, others are left alone.
    """
    written = []
    for store in STORES:
        for day, name, content in store.files():
            path = folder / store.STORE / day.isoformat() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
    return written


def main(arguments: list[str]) -> None:
    """Lays the samples out in the one folder that is named."""
    if len(arguments) != 1:
        raise UsageError(
            f"{len(arguments)} arguments, one was expected.", "Call: python -m include.samples.generate FOLDER"
        )
    written = lay_out(Path(arguments[0]))
    size = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} files, {size:,} bytes in {arguments[0]}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
