"""Who is the same: natural keys of artists, albums and songs, and ids that follow from them.

An id is computed, not drawn: two workers that meet one artist at the same moment give it the same id. With a
MusicBrainz id it follows from that alone, without one from the natural key.
"""

from __future__ import annotations

import re
import unicodedata
import uuid

# Namespace of all ids of a music library.
NAMESPACE = uuid.UUID("9b0dbf1c-6f5e-5d0e-8a7b-4f2f3a0f7c11")

# What parts the pieces of a key; no text holds it, since blanks are folded.
PART = "\x1f"

# Signs that look and mean the same in titles, typed or typeset.
ALIKE = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "…": "..."})  # noqa: RUF001

# Folders that hold one disc of an album: "CD1", "Disc 2", "disk 03 - Live".
DISC_FOLDER = re.compile(r"(cd|dis[ck]|vinyl|side)[\s._-]*(\d{1,2}|[a-d])\b.*", re.IGNORECASE)


def normal(text: str) -> str:
    """A text as keys compare it: NFC, without regard to case, blanks folded, typographic signs as typed ones."""
    folded = unicodedata.normalize("NFC", text).translate(ALIKE).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def artist_key(name: str) -> str:
    """The natural key of an artist: its name."""
    return normal(name)


def song_key(title: str | None, artists: tuple[str, ...], audio: str) -> str:
    """The natural key of a song: title and artists. One that lacks either is only the same as its own audio."""
    if not title or not artists:
        return PART.join(("audio", audio))
    return PART.join(("song", normal(title), *sorted(map(normal, artists))))


def album_key(title: str, artists: tuple[str, ...], folder: str) -> str:
    """The natural key of an album: title and album artists; without these the folder that its discs lie in.

    Two albums called "Greatest Hits" are thus two, and a compilation whose files name no album artist is one.
    """
    if artists:
        return PART.join(("album", normal(title), *sorted(map(normal, artists))))
    return PART.join(("folder", normal(title), album_folder(folder)))


def album_folder(folder: str) -> str:
    """The folder of an album: that of the file, or the one above where it is a disc's ("CD1")."""
    parts = unicodedata.normalize("NFC", folder).split("/")
    if len(parts) > 1 and DISC_FOLDER.fullmatch(parts[-1]):
        parts.pop()
    return "/".join(parts)


def identity(kind: str, mbid: str | None, key: str) -> uuid.UUID:
    """The id of an artist, album or song: by its MusicBrainz id, else by its natural key."""
    return uuid.uuid5(NAMESPACE, PART.join((kind, "mbid", mbid) if mbid else (kind, "key", key)))


def path_key(path: str) -> str:
    """A path within a library as the database holds it: NFC, bytes that are no UTF-8 as escapes."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def file_identity(library: str, path: str, again: int = 0) -> uuid.UUID:
    """The id of a file that is new at this path; `again` counts files that came to it after one was moved away."""
    return uuid.uuid5(NAMESPACE, PART.join(("file", library, path, str(again))))


def passage_identity(file_id: uuid.UUID, position: int) -> uuid.UUID:
    """The id of a file's passage by its position (1-based)."""
    return uuid.uuid5(file_id, str(position))
