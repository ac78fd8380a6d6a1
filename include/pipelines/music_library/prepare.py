"""One audio file becomes rows: the function that the tree engine calls in its workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from include.errors import FileError
from include.pipelines.music_library.audio.lengths import properties
from include.pipelines.music_library.audio.payload import audio_hash
from include.pipelines.music_library.opening import FAULTS, Opened, opened, reading
from include.pipelines.music_library.options import Options
from include.pipelines.music_library.passages.passages import passages_of
from include.pipelines.music_library.prepared import Audio, PreparedFile, Remark
from include.pipelines.music_library.tags.columns import columns


def prepare(path: str | Path, options: Options = Options()) -> PreparedFile:  # noqa: B008
    """Reads one file's audio, tags and passages; no database, no state, the same result every time.

    Raises:
        FileError: the file is none that can be read; its message says what was found. Files that only swell or hang
            are the caller's to stop: it gives each file a time and a memory limit.
    """
    name = str(path)
    with reading(name) as stream:
        try:
            return _prepared(name, stream, options)
        except FAULTS as fault:
            raise FileError(
                f"{name} cannot be read: its parser ended in {type(fault).__name__}.",
                "Copy the file again from where it came from.",
            ) from fault


def _prepared(name: str, stream: BinaryIO, options: Options) -> PreparedFile:
    file = opened(stream, name)
    tags = columns(file.layers, options)
    audio = _audio(file, stream, options)
    if file.audio is None and audio.sample_rate is None and not any(layer.values for layer in file.layers):
        raise FileError(
            f"{name} has neither audio nor tags that can be read as {audio.format}: {file.fault}.",
            "Copy the file again from where it came from.",
        )
    passages, passed = passages_of(name, file, stream, audio, tags, look_beside=options.sheets)
    return PreparedFile(name, audio, tags, passages, (*_remarks(file, audio, tags.repaired), *passed))


def _audio(file: Opened, stream: BinaryIO, options: Options) -> Audio:
    return replace(properties(file, stream), audio_hash=audio_hash(file, stream, options.audio_hash))


def _remarks(file: Opened, audio: Audio, encoding: str | None) -> tuple[Remark, ...]:
    found = []
    if file.fault and audio.sample_rate is None:
        found.append(Remark("no_audio", f"only tags could be read; the audio ended in {file.fault}"))
    elif file.fault:
        found.append(Remark("mended", f"rate and length were read where mutagen ended in {file.fault}"))
    if encoding:
        found.append(Remark("encoding", f"texts declared as Latin-1 were read as {encoding}"))
    return tuple(found)
