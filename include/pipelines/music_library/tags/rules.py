"""From tags to columns: which name of which kind of tag fills a column, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass

# The owner of MusicBrainz' recording ids in ID3.
MUSICBRAINZ = "ufid:http://musicbrainz.org"

# What iTunes' free-form names of MP4 begin with.
FREE = "----:com.apple.iTunes:"


@dataclass(frozen=True, slots=True)
class Rule:
    """What fills one column: names by kind of tag; the first that is there wins, also over those of later tags."""

    column: str
    id3: tuple[str, ...] = ()
    vorbis: tuple[str, ...] = ()
    ape: tuple[str, ...] = ()
    mp4: tuple[str, ...] = ()
    asf: tuple[str, ...] = ()
    info: tuple[str, ...] = ()
    aiff: tuple[str, ...] = ()


def _free(*names: str) -> tuple[str, ...]:
    return tuple(FREE + name for name in names)


RULES: tuple[Rule, ...] = (
    Rule("title", ("tit2",), ("title",), ("title",), ("©nam",), ("title",), ("inam", "titl"), ("name",)),
    Rule("artists", ("tpe1",), ("artist",), ("artist",), ("©ART",), ("author",), ("iart",), ("auth",)),
    Rule(
        "artist_names",
        ("txxx:artists",),
        ("artists",),
        ("artists",),
        _free("ARTISTS"),
        ("wm/artists",),
    ),
    Rule("album", ("talb",), ("album",), ("album",), ("©alb",), ("wm/albumtitle",), ("iprd",)),
    Rule(
        "album_artists",
        ("tpe2", "txxx:album artist", "txxx:albumartist", "txxx:album_artist"),
        ("albumartist", "album artist", "album_artist"),
        ("album artist", "albumartist", "album_artist"),
        ("aART", *_free("ALBUM ARTIST", "ALBUMARTIST")),
        ("wm/albumartist", "albumartist"),
    ),
    Rule(
        "track",
        ("trck",),
        ("tracknumber", "track"),
        ("track", "tracknumber"),
        ("trkn",),
        ("wm/tracknumber", "wm/track"),
        ("itrk", "iprt", "trck"),
    ),
    Rule("disc", ("tpos",), ("discnumber", "disc"), ("disc", "discnumber"), ("disk",), ("wm/partofset",)),
    Rule(
        "tracks",
        ("txxx:totaltracks", "txxx:tracktotal"),
        ("tracktotal", "totaltracks"),
        ("tracktotal", "totaltracks"),
        _free("TOTALTRACKS", "TRACKTOTAL"),
        ("totaltracks", "tracktotal"),
    ),
    Rule(
        "discs",
        ("txxx:totaldiscs", "txxx:disctotal"),
        ("disctotal", "totaldiscs"),
        ("disctotal", "totaldiscs"),
        _free("TOTALDISCS", "DISCTOTAL"),
        ("totaldiscs", "disctotal", "foobar2000/totaldiscs"),
    ),
    Rule(
        "date",
        ("tdrc", "tyer", "tdrl", "txxx:date", "txxx:year"),
        ("date", "year"),
        ("year", "date"),
        ("©day",),
        ("wm/year", "date"),
        ("icrd",),
    ),
    Rule(
        "original_date",
        ("tdor", "tory", "txxx:originaldate", "txxx:originalyear"),
        ("originaldate", "originalyear"),
        ("originaldate", "originalyear"),
        _free("ORIGINALDATE", "ORIGINALYEAR"),
        ("wm/originalreleasetime", "wm/originalreleaseyear"),
    ),
    Rule("genres", ("tcon",), ("genre",), ("genre",), ("©gen", "gnre"), ("wm/genre",), ("ignr",)),
    Rule("composers", ("tcom",), ("composer",), ("composer",), ("©wrt",), ("wm/composer",), ("imus",)),
    Rule(
        "compilation",
        ("tcmp", "txxx:compilation"),
        ("compilation", "itunescompilation"),
        ("compilation", "itunescompilation"),
        ("cpil", *_free("COMPILATION")),
        ("wm/iscompilation", "compilation"),
    ),
    Rule("artist_sort", ("tsop",), ("artistsort",), ("artistsort",), ("soar",), ("wm/artistsortorder",)),
    Rule(
        "album_artist_sort",
        ("tso2", "txxx:albumartistsort"),
        ("albumartistsort",),
        ("albumartistsort",),
        ("soaa",),
        ("wm/albumartistsortorder",),
    ),
    Rule(
        "mb_recording",
        (MUSICBRAINZ, "txxx:musicbrainz track id", "txxx:musicbrainz_trackid"),
        ("musicbrainz_trackid",),
        ("musicbrainz_trackid",),
        _free("MusicBrainz Track Id"),
        ("musicbrainz/track id",),
    ),
    Rule(
        "mb_release_track",
        ("txxx:musicbrainz release track id",),
        ("musicbrainz_releasetrackid",),
        ("musicbrainz_releasetrackid",),
        _free("MusicBrainz Release Track Id"),
        ("musicbrainz/release track id",),
    ),
    Rule(
        "mb_album",
        ("txxx:musicbrainz album id",),
        ("musicbrainz_albumid",),
        ("musicbrainz_albumid",),
        _free("MusicBrainz Album Id"),
        ("musicbrainz/album id",),
    ),
    Rule(
        "mb_artists",
        ("txxx:musicbrainz artist id",),
        ("musicbrainz_artistid",),
        ("musicbrainz_artistid",),
        _free("MusicBrainz Artist Id"),
        ("musicbrainz/artist id",),
    ),
    Rule(
        "mb_album_artists",
        ("txxx:musicbrainz album artist id",),
        ("musicbrainz_albumartistid",),
        ("musicbrainz_albumartistid",),
        _free("MusicBrainz Album Artist Id"),
        ("musicbrainz/album artist id",),
    ),
    Rule(
        "mb_release_group",
        ("txxx:musicbrainz release group id",),
        ("musicbrainz_releasegroupid",),
        ("musicbrainz_releasegroupid",),
        _free("MusicBrainz Release Group Id"),
        ("musicbrainz/release group id",),
    ),
    Rule("isrcs", ("tsrc",), ("isrc",), ("isrc",), _free("ISRC"), ("wm/isrc",)),
    Rule("cue_sheet", ("txxx:cuesheet",), ("cuesheet",), ("cuesheet",), _free("CUESHEET", "cuesheet"), ("cuesheet",)),
)

KINDS = ("id3", "vorbis", "ape", "mp4", "asf", "info", "aiff")

# The rules by kind of tag and name: the column, and the name's place among those that are asked for it.
NAMES: dict[str, dict[str, tuple[str, int]]] = {
    kind: {name: (rule.column, place) for rule in RULES for place, name in enumerate(getattr(rule, kind))}
    for kind in KINDS
}
