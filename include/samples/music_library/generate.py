"""Makes the sample library: `python -m include.samples.music_library.generate FOLDER [FILES]`.

The same bytes every time, on every machine. With a number of files it makes a large library instead, of as many kinds
of tags, artists that come again and again, and the sample's defects among them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from include.errors import UsageError
from include.samples.music_library import containers
from include.samples.music_library.cases import Case, cases, flac, id3, m4a, texts

# Not in a large library: sheets, whose files have other names there, and the file that no other reader comes back from.
LEFT_OUT = (".cue", "circles.mpc")

# Of a large library: artists, albums of each, and after how many files one with a defect comes.
ARTISTS = 200
ALBUMS = 8
DEFECT_EVERY = 20


def lay_out(folder: Path, files: int | None = None) -> list[Path]:
    """Writes the sample library, or a large one of so many files, and returns the files' paths.

    Files of the same name are replaced, others are left alone.
    """
    written = []
    for name, content in cases() if files is None else large(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def large(files: int) -> Iterator[Case]:
    """So many files: names with their folders, and contents."""
    defects = [(name, content) for name, content in cases() if not name.endswith(LEFT_OUT)]
    for number in range(files):
        if number % DEFECT_EVERY == DEFECT_EVERY - 1:
            name, content = defects[number // DEFECT_EVERY % len(defects)]
            yield f"defects/{number:06}-{Path(name).name}", content
        else:
            yield _ordinary(number)


def _ordinary(number: int) -> Case:
    artist, album = f"Ensemble {number % ARTISTS}", f"Volume {number // ARTISTS % ALBUMS}"
    track, title = number // (ARTISTS * ALBUMS) + 1, f"Piece {number}"
    folder = f"{artist}/{album}/{track:02}"
    kind = number % 4
    if kind == 0:
        said = {"TITLE": title, "ARTIST": artist, "ALBUM": album, "ALBUMARTIST": artist, "TRACKNUMBER": str(track)}
        return f"{folder}.flac", flac(number, **said)
    if kind == 1:
        return f"{folder}.m4a", m4a(number, title=[title], artist=[artist], album=[album], trkn=[(track, 0)])
    if kind == 2:
        said = {"TITLE": title, "ARTIST": artist, "ALBUM": album}
        return f"{folder}.opus", containers.opus(50, [f"{name}={text}" for name, text in said.items()], number)
    tag = id3(*texts(1, TIT2=title, TPE1=artist, TALB=album, TRCK=str(track)), version=3)
    return f"{folder}.mp3", tag + containers.mp3(40, number)


def main(arguments: list[str]) -> None:
    """Lays the library out in the folder that is named."""
    if len(arguments) not in (1, 2) or not all(number.isdigit() for number in arguments[1:]):
        raise UsageError(
            "A folder was expected, and a number of files where the library is to be large.",
            "Call: python -m include.samples.music_library.generate FOLDER [FILES]",
        )
    written = lay_out(Path(arguments[0]), int(arguments[1]) if len(arguments) == 2 else None)
    size = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} files, {size:,} bytes in {arguments[0]}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
