"""A music library: files with their passages, the songs, artists and albums these are, and the links between them."""

from include.migrations.steps import Migration

# How many rows of one natural key have a MusicBrainz id decides what a row without one is: the only such row, or, with
# none or several, itself. Asked when it is read, so that no order of files and no two workers at once can miss it, and
# so that an id which makes a name ambiguous later parts again what it had brought together.
CURRENT = """
CREATE VIEW music.{one}_identities AS
SELECT {one}_id, natural_key, mbid, coalesce(
    CASE WHEN mbid IS NULL THEN (
        SELECT known.{one}_id FROM music.{one}s AS known
        WHERE known.natural_key = {one}s.natural_key AND known.mbid IS NOT NULL AND NOT EXISTS (
            SELECT FROM music.{one}s AS other
            WHERE other.natural_key = known.natural_key AND other.mbid IS NOT NULL
                AND other.{one}_id <> known.{one}_id
        )
    ) END,
    {one}_id
) AS current_id
FROM music.{one}s
"""

# The rows that stand for themselves and that a passage speaks of.
ENTITIES = """
CREATE VIEW music.current_{one}s AS
SELECT {one}s.*
FROM music.{one}s AS {one}s
WHERE EXISTS (
    SELECT FROM music.{one}_identities AS identity
    JOIN music.passage_{one}s AS link ON link.{one}_id = identity.{one}_id
    WHERE identity.natural_key = {one}s.natural_key AND identity.current_id = {one}s.{one}_id
) OR EXISTS (
    SELECT FROM music.passage_{one}s AS link
    WHERE link.{one}_id = {one}s.{one}_id AND {one}s.mbid IS NOT NULL
)
"""

KINDS = ("artist", "album", "song")

MIGRATION = Migration(
    number=14,
    name="music",
    forward=(
        "CREATE SCHEMA music",
        # Of one natural key there is at most one row without a MusicBrainz id, and one for each id.
        """
        CREATE TABLE music.artists (
            artist_id uuid PRIMARY KEY,
            name text NOT NULL,
            natural_key text COLLATE "C" NOT NULL,
            mbid uuid,
            sort_name text
        )
        """,
        # `credit`: the album artists as the tags have them. `natural_key` names the folder where there are none.
        """
        CREATE TABLE music.albums (
            album_id uuid PRIMARY KEY,
            title text NOT NULL,
            natural_key text COLLATE "C" NOT NULL,
            mbid uuid,
            credit text,
            date text,
            compilation boolean NOT NULL,
            mb_release_group uuid
        )
        """,
        """
        CREATE TABLE music.songs (
            song_id uuid PRIMARY KEY,
            title text,
            natural_key text COLLATE "C" NOT NULL,
            mbid uuid,
            credit text
        )
        """,
        "CREATE INDEX artists_by_key ON music.artists (natural_key)",
        "CREATE INDEX albums_by_key ON music.albums (natural_key)",
        "CREATE INDEX songs_by_key ON music.songs (natural_key)",
        # `path` is relative to the library, NFC. `audio_hash` is of the audio without tags, by which a file is known.
        # `missing_since`: not found by a scan any more, and kept.
        """
        CREATE TABLE music.files (
            file_id uuid PRIMARY KEY,
            library text COLLATE "C" NOT NULL,
            path text COLLATE "C" NOT NULL,
            format text NOT NULL,
            length_ms bigint,
            sample_rate bigint,
            channels integer,
            bitrate bigint,
            audio_hash text COLLATE "C",
            pictures integer NOT NULL,
            missing_since timestamptz,
            UNIQUE (library, path)
        )
        """,
        "CREATE INDEX files_by_audio ON music.files (library, audio_hash)",
        # `origin`: file, cue, chapter. `amplitude` and `flavour` (a vector of any length) come from who measures them;
        # a scan leaves them as they are while the passage's bounds stay.
        """
        CREATE TABLE music.passages (
            passage_id uuid PRIMARY KEY,
            file_id uuid NOT NULL REFERENCES music.files ON DELETE CASCADE,
            position integer NOT NULL,
            origin text NOT NULL,
            start_ms bigint NOT NULL,
            end_ms bigint,
            start_sample bigint,
            end_sample bigint,
            title text,
            date text,
            genres text[] NOT NULL,
            rating double precision,
            amplitude real,
            flavour real[],
            UNIQUE (file_id, position)
        )
        """,
        """
        CREATE TABLE music.passage_songs (
            passage_id uuid NOT NULL REFERENCES music.passages ON DELETE CASCADE,
            file_id uuid NOT NULL,
            song_id uuid NOT NULL REFERENCES music.songs,
            PRIMARY KEY (passage_id, song_id)
        )
        """,
        """
        CREATE TABLE music.passage_albums (
            passage_id uuid NOT NULL REFERENCES music.passages ON DELETE CASCADE,
            file_id uuid NOT NULL,
            album_id uuid NOT NULL REFERENCES music.albums,
            disc integer,
            track integer,
            PRIMARY KEY (passage_id, album_id)
        )
        """,
        # `role`: artist, album_artist, composer; `place` counts from 1 within the role.
        """
        CREATE TABLE music.passage_artists (
            passage_id uuid NOT NULL REFERENCES music.passages ON DELETE CASCADE,
            file_id uuid NOT NULL,
            role text COLLATE "C" NOT NULL,
            place integer NOT NULL,
            artist_id uuid NOT NULL REFERENCES music.artists,
            PRIMARY KEY (passage_id, role, place)
        )
        """,
        *(
            f"CREATE INDEX passage_{one}s_by_{end} ON music.passage_{one}s ({end}_id)"
            for one in KINDS
            for end in (one, "file")
        ),
        *(CURRENT.format(one=one) for one in KINDS),
        *(ENTITIES.format(one=one) for one in KINDS),
        # A passage with its file, song, album and the artists as one text.
        """
        CREATE VIEW music.current_passages AS
        SELECT
            passages.*, files.library, files.path, files.format, files.sample_rate,
            song.current_id AS song_id, album.current_id AS album_id, placed.disc, placed.track,
            (
                SELECT string_agg(artists.name, '; ' ORDER BY credit.place)
                FROM music.passage_artists AS credit
                JOIN music.artist_identities AS identity USING (artist_id)
                JOIN music.artists AS artists ON artists.artist_id = identity.current_id
                WHERE credit.passage_id = passages.passage_id AND credit.role = 'artist'
            ) AS artists
        FROM music.passages AS passages
        JOIN music.files AS files USING (file_id)
        LEFT JOIN music.passage_songs AS sung USING (passage_id)
        LEFT JOIN music.song_identities AS song ON song.song_id = sung.song_id
        LEFT JOIN music.passage_albums AS placed USING (passage_id)
        LEFT JOIN music.album_identities AS album ON album.album_id = placed.album_id
        """,
        # Who is credited on which song and album, by the passages that say so.
        """
        CREATE VIEW music.song_artists AS
        SELECT song.current_id AS song_id, artist.current_id AS artist_id, credit.role, min(credit.place) AS place
        FROM music.passage_artists AS credit
        JOIN music.artist_identities AS artist USING (artist_id)
        JOIN music.passage_songs AS sung USING (passage_id)
        JOIN music.song_identities AS song ON song.song_id = sung.song_id
        WHERE credit.role <> 'album_artist'
        GROUP BY song.current_id, artist.current_id, credit.role
        """,
        """
        CREATE VIEW music.album_artists AS
        SELECT album.current_id AS album_id, artist.current_id AS artist_id, min(credit.place) AS place
        FROM music.passage_artists AS credit
        JOIN music.artist_identities AS artist USING (artist_id)
        JOIN music.passage_albums AS placed USING (passage_id)
        JOIN music.album_identities AS album ON album.album_id = placed.album_id
        WHERE credit.role = 'album_artist'
        GROUP BY album.current_id, artist.current_id
        """,
    ),
    back=("DROP SCHEMA music CASCADE",),
)
