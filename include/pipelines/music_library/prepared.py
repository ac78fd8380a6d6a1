"""What one audio file becomes before any database: plain, picklable values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audio:
    """How the audio is: `length_ms` in milliseconds, `sample_rate` in Hz, `bitrate` in bits a second.

    Each is None where the file does not say it. `audio_hash` is of the audio alone: the same after the file was moved
    or its tags were changed (see audio/payload.py for what it reads).
    """

    format: str
    length_ms: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bitrate: int | None = None
    audio_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """What the tags of a recording say, by column; texts as they stand there, NFC.

    `artists` are the tag's values ("A feat. B" is one), the persons within are `credits`. `date` may be any text.
    `rating` is in stars, 0 to 5, None where there is none. `repaired`: the encoding that texts declared as Latin-1 were
    in, None where they were right.
    """

    title: str | None = None
    artists: tuple[str, ...] = ()
    artist_names: tuple[str, ...] = ()
    album: str | None = None
    album_artists: tuple[str, ...] = ()
    track: int | None = None
    tracks: int | None = None
    disc: int | None = None
    discs: int | None = None
    date: str | None = None
    original_date: str | None = None
    genres: tuple[str, ...] = ()
    composers: tuple[str, ...] = ()
    compilation: bool | None = None
    artist_sort: str | None = None
    album_artist_sort: str | None = None
    mb_recording: str | None = None
    mb_release_track: str | None = None
    mb_album: str | None = None
    mb_artists: tuple[str, ...] = ()
    mb_album_artists: tuple[str, ...] = ()
    mb_release_group: str | None = None
    isrcs: tuple[str, ...] = ()
    cue_sheet: str | None = None
    rating: float | None = None
    pictures: int = 0
    repaired: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a file that is one recording.

    `start_ms` and `end_ms` count from the file's start; `start_sample` and `end_sample` are the same at the file's
    sample rate, where the source is that exact (a cue sheet's frames are 1/75 s). `end` is None where the file's
    length is unknown. `origin`: file, cue, chapter. `tags` hold for the passage: the file's, with what the sheet says
    over them.
    """

    position: int
    origin: str
    start_ms: int
    end_ms: int | None
    start_sample: int | None
    end_sample: int | None
    tags: Tags


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was mended or left out: a code and a sentence about its shape, never its contents."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file's audio, tags and passages, with what was noteworthy about it."""

    path: str
    audio: Audio
    tags: Tags
    passages: tuple[Passage, ...]
    remarks: tuple[Remark, ...] = ()
