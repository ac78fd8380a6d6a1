"""Schema `documents`: what articles say, in chunks that a search finds, with their labels and vectors."""

from psycopg import Connection
from psycopg.rows import TupleRow

from include.migrations.steps import Migration

# The configurations of PostgreSQL 18. A generated column's expression may not look one up by name, since the name could
# come to mean another one; so each is written out.
CONFIGURATIONS = (
    "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "estonian", "finnish", "french", "german",
    "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "portuguese",
    "romanian", "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish",
)  # fmt: skip

BRANCHES = "\n".join(
    f"WHEN '{name}' THEN to_tsvector('pg_catalog.{name}'::regconfig, words)" for name in CONFIGURATIONS
)

LEXEMES = f"""
    CREATE FUNCTION documents.lexemes(configuration text, words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
    AS $$ SELECT CASE configuration {BRANCHES} ELSE to_tsvector('pg_catalog.simple'::regconfig, words) END $$
"""

VECTORS = """
    CREATE TABLE IF NOT EXISTS documents.vectors (
        chunk_id bigint NOT NULL,
        model text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL,
        file text COLLATE "C" NOT NULL,
        embedding vector NOT NULL,
        PRIMARY KEY (model, chunk_id)
    )
"""


def ensure_vectors(connection: Connection[TupleRow]) -> bool:
    """Makes the table of vectors where pgvector is installed in the server, and returns whether it is there.

    A server without pgvector serves the other pipelines: the migration passes there, and the documents' load asks
    again.
    """
    if not connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone():
        return False
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute(VECTORS)
    connection.execute("CREATE INDEX IF NOT EXISTS vectors_file ON documents.vectors (source, file)")
    return True


def _vectors(connection: Connection[TupleRow]) -> None:
    ensure_vectors(connection)


MIGRATION = Migration(
    number=13,
    name="documents",
    forward=(
        "CREATE SCHEMA IF NOT EXISTS documents",
        LEXEMES,
        # `document_id` begins SHA-256 of source, file and name; `name` is the dump's id, else the file. `characters`
        # and `chunks` are what joined chunks must come to; `notes` say what was mended while it was read.
        """
        CREATE TABLE documents.documents (
            document_id bigint PRIMARY KEY,
            source text COLLATE "C" NOT NULL,
            file text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            title text,
            format text NOT NULL,
            encoding text NOT NULL,
            language text,
            sha256 text COLLATE "C" NOT NULL,
            characters integer NOT NULL,
            chunks integer NOT NULL,
            metadata jsonb,
            notes text[] NOT NULL
        )
        """,
        # `start_byte` and `end_byte` count the UTF-8 of the file's text (of the document's, where the file holds it in
        # another form: HTML, JSON). `context` is title and headings, which are embedded and indexed with the text;
        # `words` what is indexed in their stead where scripts write no spaces. Labels come with the labeller's name and
        # its confidence. What only an endpoint makes (concept, question, answer, negatives) is NULL without one.
        """
        CREATE TABLE documents.chunks (
            chunk_id bigint PRIMARY KEY,
            document_id bigint NOT NULL,
            source text COLLATE "C" NOT NULL,
            file text COLLATE "C" NOT NULL,
            ordinal integer NOT NULL,
            episode integer NOT NULL,
            start_byte bigint NOT NULL,
            end_byte bigint NOT NULL,
            text text NOT NULL,
            context text,
            language text,
            configuration text COLLATE "C" NOT NULL,
            words text,
            sha256 text COLLATE "C" NOT NULL,
            labeller text,
            task text,
            task_confidence real,
            modifier text,
            modifier_confidence real,
            domain text,
            domain_confidence real,
            length integer NOT NULL,
            density real,
            redundancy real,
            coherence real,
            concept text,
            question text,
            answer text,
            soft_negatives text[],
            hard_negatives text[],
            lexemes tsvector GENERATED ALWAYS AS (
                documents.lexemes(configuration, coalesce(words, coalesce(context, '') || E'\\n' || text))
            ) STORED
        )
        """,
        "CREATE INDEX chunks_lexemes ON documents.chunks USING gin (lexemes)",
        "CREATE INDEX chunks_document ON documents.chunks (document_id, ordinal)",
        "CREATE INDEX chunks_file ON documents.chunks (source, file)",
        "CREATE INDEX documents_file ON documents.documents (source, file)",
        # What weighs terms: counted after loads, over all chunks of a configuration. A term that is not here yet is
        # counted when it is asked for.
        """
        CREATE TABLE documents.statistics (
            configuration text COLLATE "C" PRIMARY KEY,
            chunks bigint NOT NULL,
            mean_lexemes double precision NOT NULL
        )
        """,
        """
        CREATE TABLE documents.terms (
            configuration text COLLATE "C" NOT NULL,
            lexeme text COLLATE "C" NOT NULL,
            chunks bigint NOT NULL,
            PRIMARY KEY (configuration, lexeme)
        )
        """,
        _vectors,
    ),
    # The extension stays: other schemas may use it.
    back=(
        "DROP TABLE IF EXISTS documents.vectors",
        "DROP TABLE documents.terms, documents.statistics, documents.chunks, documents.documents",
        "DROP FUNCTION documents.lexemes",
        "DROP SCHEMA documents",
    ),
    postgres_only=True,
)
