"""The passages of a file: what a cue sheet says, else its chapters, else the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from include.pipelines.music_library.opening import Opened
from include.pipelines.music_library.passages.chapters import Chapter, chapters_of
from include.pipelines.music_library.passages.cue import FRAMES_PER_S, Sheet, SheetError, Track, parsed
from include.pipelines.music_library.passages.sheets import beside, tracks_of
from include.pipelines.music_library.prepared import Audio, Passage, Remark, Tags

FOREIGN = Remark("cue_sheet", "a cue sheet speaks of times behind the file's end: it is not this file's")


def passages_of(
    path: str, file: Opened, stream: BinaryIO, audio: Audio, tags: Tags, *, look_beside: bool
) -> tuple[tuple[Passage, ...], list[Remark]]:
    """The passages of a file, in their order, and what was passed over on the way there.

    A sheet beside the file comes first, since it is what people mend; then one within the tags, chapters, the file. A
    sheet with a time behind the file's end is the whole disc's in a file with one track: it is passed over.
    """
    remarks: list[Remark] = []
    for tracks, sheet in _sheets(path, tags, remarks, look_beside=look_beside):
        if audio.length_ms is not None and any(_ms(track) > audio.length_ms for track in tracks):
            remarks.append(FOREIGN)
        elif tracks:
            if sheet.without_time:
                remarks.append(Remark("cue_sheet", f"{sheet.without_time} of a cue sheet's tracks have no time"))
            return tuple(_cue_passages(tracks, sheet, audio, tags)), remarks
    found = chapters_of(file, stream)
    chapters = [chapter for chapter in found if _within(chapter, audio)]
    if len(chapters) < len(found):
        remarks.append(Remark("chapters", f"{len(found) - len(chapters)} chapters begin behind the file's end"))
    if chapters:
        return tuple(_chapter_passages(chapters, audio, tags)), remarks
    return (_whole(audio, tags),), remarks


def _sheets(path: str, tags: Tags, remarks: list[Remark], *, look_beside: bool) -> Iterator[tuple[list[Track], Sheet]]:
    if look_beside:
        tracks, sheet, found = beside(path)
        remarks.extend(found)
        if sheet is not None:
            yield tracks, sheet
    if tags.cue_sheet:
        try:
            sheet = parsed(tags.cue_sheet)
            yield tracks_of(sheet, path, own=True)[0], sheet
        except SheetError as fault:
            remarks.append(Remark("cue_sheet", f"the cue sheet within the tags cannot be used: {fault.args[-1]}"))


def _whole(audio: Audio, tags: Tags) -> Passage:
    return Passage(1, "file", 0, audio.length_ms, 0, _sample(audio.length_ms, 1000, audio), tags)


def _ms(track: Track) -> int:
    return round((track.start or 0) * 1000 / FRAMES_PER_S)


def _sample(time: int | None, per_s: int, audio: Audio) -> int | None:
    return None if time is None or not audio.sample_rate else round(time * audio.sample_rate / per_s)


def _cue_passages(tracks: list[Track], sheet: Sheet, audio: Audio, tags: Tags) -> Iterator[Passage]:
    for position, track in enumerate(tracks, 1):
        following = tracks[position] if position < len(tracks) else None
        end_ms = _ms(following) if following else audio.length_ms
        end_sample = _sample(following.start if following else None, FRAMES_PER_S, audio)
        yield Passage(
            position,
            "cue",
            _ms(track),
            end_ms,
            _sample(track.start, FRAMES_PER_S, audio),
            end_sample if following else _sample(audio.length_ms, 1000, audio),
            _cue_tags(track, sheet, tags, alone=len(tracks) == 1),
        )


def _cue_tags(track: Track, sheet: Sheet, tags: Tags, *, alone: bool) -> Tags:
    """The sheet's texts over the file's; a file that is one track keeps what its own tags say."""
    said = {
        "title": track.texts.get("TITLE"),
        "artists": _one(track.texts.get("PERFORMER") or sheet.texts.get("PERFORMER")),
        "album": sheet.texts.get("TITLE"),
        "album_artists": _one(sheet.texts.get("PERFORMER")),
        "date": sheet.texts.get("DATE"),
        "genres": _one(sheet.texts.get("GENRE")),
        "composers": _one(track.texts.get("SONGWRITER")),
        "isrcs": _one(track.texts.get("ISRC")),
        "disc": _number(sheet.texts.get("DISCNUMBER")),
        "discs": _number(sheet.texts.get("TOTALDISCS")),
        "track": track.number,
    }
    new = {name: value for name, value in said.items() if value and not (alone and getattr(tags, name))}
    return replace(tags if alone else _of_the_disc(tags), **new)  # type: ignore[arg-type]


def _of_the_disc(tags: Tags) -> Tags:
    """What the tags of a file with several recordings say of each of them: not its title, nor its ids."""
    return replace(
        tags, title=None, track=None, mb_recording=None, mb_release_track=None, isrcs=(), rating=None, cue_sheet=None
    )


def _one(text: str | None) -> tuple[str, ...]:
    return (text,) if text else ()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _within(chapter: Chapter, audio: Audio) -> bool:
    return audio.length_ms is None or chapter.start_ms < audio.length_ms


def _chapter_passages(chapters: list[Chapter], audio: Audio, tags: Tags) -> Iterator[Passage]:
    for position, chapter in enumerate(chapters, 1):
        following = chapters[position].start_ms if position < len(chapters) else audio.length_ms
        end_ms = chapter.end_ms or following
        if audio.length_ms is not None and end_ms is not None:
            end_ms = min(end_ms, audio.length_ms)
        start = chapter.start_sample
        yield Passage(
            position,
            "chapter",
            chapter.start_ms,
            end_ms,
            _sample(chapter.start_ms, 1000, audio) if start is None else start,
            _sample(end_ms, 1000, audio),
            _chapter_tags(chapter, position, tags, alone=len(chapters) == 1),
        )


def _chapter_tags(chapter: Chapter, position: int, tags: Tags, *, alone: bool) -> Tags:
    if alone:
        return replace(tags, title=chapter.title or tags.title)
    return replace(_of_the_disc(tags), title=chapter.title or None, track=position)
