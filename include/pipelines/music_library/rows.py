"""Rows of songs, artists, albums, files, passages and links, from prepared files."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import pyarrow as pa

from include.pipelines.music_library import keys
from include.pipelines.music_library.options import Options
from include.pipelines.music_library.prepared import Passage, PreparedFile, Tags
from include.pipelines.music_library.tags.artists import artists_in


class Artist(NamedTuple):
    """An artist as files name it. Files that know its MusicBrainz id and files that do not make two rows of one key."""

    artist_id: uuid.UUID
    name: str
    natural_key: str
    mbid: str | None
    sort_name: str | None


class Album(NamedTuple):
    """An album as files name it; `credit` is its album artists' names as they stand in the tags."""

    album_id: uuid.UUID
    title: str
    natural_key: str
    mbid: str | None
    credit: str | None
    date: str | None
    compilation: bool
    mb_release_group: str | None


class Song(NamedTuple):
    """A recording as files name it."""

    song_id: uuid.UUID
    title: str | None
    natural_key: str
    mbid: str | None
    credit: str | None


class FileRow(NamedTuple):
    """A file of a library: where it lies and how its audio is."""

    file_id: uuid.UUID
    library: str
    path: str
    format: str
    length_ms: int | None
    sample_rate: int | None
    channels: int | None
    bitrate: int | None
    audio_hash: str | None
    pictures: int


class PassageRow(NamedTuple):
    """A passage of a file, with what is said of it alone."""

    passage_id: uuid.UUID
    file_id: uuid.UUID
    position: int
    origin: str
    start_ms: int
    end_ms: int | None
    start_sample: int | None
    end_sample: int | None
    title: str | None
    date: str | None
    genres: list[str]
    rating: float | None


class PassageSong(NamedTuple):
    """Which song a passage is."""

    passage_id: uuid.UUID
    file_id: uuid.UUID
    song_id: uuid.UUID


class PassageAlbum(NamedTuple):
    """Where on which album a passage stands."""

    passage_id: uuid.UUID
    file_id: uuid.UUID
    album_id: uuid.UUID
    disc: int | None
    track: int | None


class PassageArtist(NamedTuple):
    """Who is credited on a passage, in which role (artist, album_artist, composer), at which place (1-based)."""

    passage_id: uuid.UUID
    file_id: uuid.UUID
    role: str
    place: int
    artist_id: uuid.UUID


Row = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """Rows by table, in the order in which they are written; a row is there once, by its key (its dict's key)."""

    artists: dict[Any, Artist] = field(default_factory=dict)
    albums: dict[Any, Album] = field(default_factory=dict)
    songs: dict[Any, Song] = field(default_factory=dict)
    files: dict[Any, FileRow] = field(default_factory=dict)
    passages: dict[Any, PassageRow] = field(default_factory=dict)
    passage_songs: dict[Any, PassageSong] = field(default_factory=dict)
    passage_albums: dict[Any, PassageAlbum] = field(default_factory=dict)
    passage_artists: dict[Any, PassageArtist] = field(default_factory=dict)

    def tables(self) -> dict[str, pa.Table]:
        """The rows as Arrow tables by name of table, in order of their keys."""
        return {table.name: _table(self.sorted(table.name), TYPES[table.name]) for table in fields(self)}

    def sorted(self, table: str) -> list[Any]:
        """The rows of a table in the order of its key: the order in which all workers lock them."""
        rows = getattr(self, table)
        return [rows[key] for key in sorted(rows)]


def merged_artist(old: Artist, new: Artist) -> Artist:
    """One row of two with one id: the lesser name by code points, so that the order of files does not matter."""
    return old._replace(name=min(old.name, new.name), sort_name=_least(old.sort_name, new.sort_name))


def merged_album(old: Album, new: Album) -> Album:
    """One row of two with one id: the lesser texts, the earlier date, a compilation if one says so."""
    return old._replace(
        title=min(old.title, new.title),
        natural_key=min(old.natural_key, new.natural_key),
        credit=_least(old.credit, new.credit),
        date=_least(old.date, new.date),
        compilation=old.compilation or new.compilation,
        mb_release_group=_least(old.mb_release_group, new.mb_release_group),
    )


def merged_song(old: Song, new: Song) -> Song:
    """One row of two with one id: the lesser texts."""
    title, credit = _least(old.title, new.title), _least(old.credit, new.credit)
    return old._replace(title=title, credit=credit, natural_key=min(old.natural_key, new.natural_key))


def _least(one: str | None, other: str | None) -> str | None:
    return min((text for text in (one, other) if text is not None), default=None)


@dataclass(slots=True)
class RowsOf:
    """Collects the rows of a batch of files.

    Args:
        library: the library's name.
        options: how it is read.
        file_ids: ids of files that the database knows already, by path key; others get a new one.
    """

    library: str
    options: Options = field(default_factory=Options)
    file_ids: Mapping[str, uuid.UUID] = field(default_factory=dict)
    rows: Rows = field(default_factory=Rows)

    def add(self, path: str, file: PreparedFile) -> uuid.UUID:
        """Adds the rows of a file that lies at this path within the library; returns its id."""
        key = keys.path_key(path)
        file_id = self.file_ids.get(key) or keys.file_identity(self.library, key)
        audio = file.audio
        self.rows.files[self.library, key] = FileRow(
            file_id,
            self.library,
            key,
            audio.format,
            audio.length_ms,
            audio.sample_rate,
            audio.channels,
            audio.bitrate,
            audio.audio_hash,
            file.tags.pictures,
        )
        folder = key.rpartition("/")[0]
        for passage in file.passages:
            self._passage(file_id, passage, folder, f"{audio.audio_hash}{keys.PART}{passage.position}")
        return file_id

    def _passage(self, file_id: uuid.UUID, passage: Passage, folder: str, audio: str) -> None:
        passage_id = keys.passage_identity(file_id, passage.position)
        tags = passage.tags
        self.rows.passages[passage_id] = _passage_row(passage_id, file_id, passage)
        names, ids = self._credits(tags.artist_names or tags.artists, tags.mb_artists)
        self._link_artists(passage_id, file_id, "artist", names, ids, tags.artist_sort)
        self._link_song(passage_id, file_id, tags, names, audio)
        self._link_album(passage_id, file_id, tags, folder)
        composers, none = self._credits(tags.composers, ())
        self._link_artists(passage_id, file_id, "composer", composers, none, None)

    def _credits(self, values: tuple[str, ...], mbids: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Artists and their MusicBrainz ids; none of these where there are not as many as artists."""
        names = artists_in(values, len(mbids), self.options)
        return names, mbids if len(mbids) == len(names) else ()

    def _link_artists(
        self,
        passage_id: uuid.UUID,
        file_id: uuid.UUID,
        role: str,
        names: tuple[str, ...],
        mbids: tuple[str, ...],
        sort_name: str | None,
    ) -> None:
        for place, name in enumerate(names, 1):
            mbid = mbids[place - 1] if mbids else None
            artist_id = self._artist(name, mbid, sort_name if len(names) == 1 else None)
            link = PassageArtist(passage_id, file_id, role, place, artist_id)
            self.rows.passage_artists[passage_id, role, place] = link

    def _artist(self, name: str, mbid: str | None, sort_name: str | None) -> uuid.UUID:
        key = keys.artist_key(name)
        artist_id = keys.identity("artist", mbid, key)
        _put(self.rows.artists, artist_id, Artist(artist_id, name, key, mbid, sort_name), merged_artist)
        return artist_id

    def _link_song(
        self, passage_id: uuid.UUID, file_id: uuid.UUID, tags: Tags, names: tuple[str, ...], audio: str
    ) -> None:
        key = keys.song_key(tags.title, names, audio)
        song_id = keys.identity("song", tags.mb_recording, key)
        song = Song(song_id, tags.title, key, tags.mb_recording, _credit(tags.artists))
        _put(self.rows.songs, song_id, song, merged_song)
        self.rows.passage_songs[passage_id, song_id] = PassageSong(passage_id, file_id, song_id)

    def _link_album(self, passage_id: uuid.UUID, file_id: uuid.UUID, tags: Tags, folder: str) -> None:
        if not tags.album:
            return
        names, ids = self._credits(tags.album_artists, tags.mb_album_artists)
        various = any(keys.normal(name) in self.options.various_artists for name in names)
        key = keys.album_key(tags.album, () if various else names, folder)
        album_id = keys.identity("album", tags.mb_album, key)
        compilation = bool(tags.compilation) or various
        credit = _credit(tags.album_artists)
        album = Album(album_id, tags.album, key, tags.mb_album, credit, tags.date, compilation, tags.mb_release_group)
        _put(self.rows.albums, album_id, album, merged_album)
        link = PassageAlbum(passage_id, file_id, album_id, tags.disc, tags.track)
        self.rows.passage_albums[passage_id, album_id] = link
        self._link_artists(passage_id, file_id, "album_artist", names, ids, tags.album_artist_sort)


def _passage_row(passage_id: uuid.UUID, file_id: uuid.UUID, passage: Passage) -> PassageRow:
    return PassageRow(
        passage_id,
        file_id,
        passage.position,
        passage.origin,
        passage.start_ms,
        passage.end_ms,
        passage.start_sample,
        passage.end_sample,
        passage.tags.title,
        passage.tags.date,
        list(passage.tags.genres),
        passage.tags.rating,
    )


def _credit(values: tuple[str, ...]) -> str | None:
    return "; ".join(values) or None


def _put(rows: dict[Any, Any], key: uuid.UUID, row: Any, merge: Callable[[Any, Any], Any]) -> None:
    rows[key] = merge(rows[key], row) if key in rows else row


# Arrow's types by table, in the order of the rows' fields; ids are texts there.
_TEXT, _INT, _FLAG = pa.string(), pa.int64(), pa.bool_()
TYPES: dict[str, dict[str, pa.DataType]] = {
    "artists": dict.fromkeys(Artist._fields, _TEXT),
    "albums": {name: _FLAG if name == "compilation" else _TEXT for name in Album._fields},
    "songs": dict.fromkeys(Song._fields, _TEXT),
    "files": {
        name: _INT if name in ("length_ms", "sample_rate", "channels", "bitrate", "pictures") else _TEXT
        for name in FileRow._fields
    },
    "passages": {
        name: {"genres": pa.list_(_TEXT), "rating": pa.float64()}.get(
            name, _INT if name.startswith(("start", "end")) or name == "position" else _TEXT
        )
        for name in PassageRow._fields
    },
    "passage_songs": dict.fromkeys(PassageSong._fields, _TEXT),
    "passage_albums": {name: _INT if name in ("disc", "track") else _TEXT for name in PassageAlbum._fields},
    "passage_artists": {name: _INT if name == "place" else _TEXT for name in PassageArtist._fields},
}


def _table(rows: Iterable[Row], types: dict[str, pa.DataType]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    arrays = [
        pa.array([str(value) if isinstance(value, uuid.UUID) else value for value in column], kind)
        for column, kind in zip(columns, types.values(), strict=True)
    ]
    return pa.table(arrays, names=list(types))
