"""The SQL of the search: BM25 over tsvectors, vectors by pgvector, and both scores fused.

BM25 here counts a chunk's length in different lexemes (`length(tsvector)`), which costs nothing to keep and finds as
much; its idf is ln(1 + (N - n + 0.5) / (n + 0.5)). N, n and the mean length are those of the chunk's own configuration.
"""

from __future__ import annotations

from psycopg import sql

# Saturation of a term's frequency, and how much a chunk's length counts: the values of the literature.
K1 = 1.2
B = 0.75

# Candidates of each kind that are fused, and whose last one is the zero of the vectors' scale.
DEPTH = 200

# Share of the vectors' score in the fused one. Both scores lie between 0 and 1: BM25 as a share of the best chunk's,
# similarity as a share of the way from the 200th chunk's to the best one's. By the eight collections of the benchmark:
# from 0.2 to 0.4 the fused ranking is above BM25's everywhere, at 0.5 no longer in Arabic.
VECTOR_WEIGHT = 0.3

# A term that more than this share of chunks hold finds no candidates of its own, as long as another term does.
COMMON = 0.2

# One row a term of the question in each configuration. One that no chunk held when terms were counted weighs as if one
# did: either a chunk was added since, or it finds nothing.
TERMS = sql.SQL("""
    SELECT statistics.configuration, asked.lexeme, statistics.chunks, statistics.mean_lexemes,
        coalesce(terms.chunks, 1) AS holding
    FROM documents.statistics
    CROSS JOIN LATERAL unnest(documents.lexemes(statistics.configuration, {words})) AS asked
    LEFT JOIN documents.terms
        ON terms.configuration = statistics.configuration AND terms.lexeme = asked.lexeme
""")

# Chunks of one configuration that hold one of its candidate terms. Weights are a JSON object of lexeme to weight, which
# is looked into for each lexeme of a candidate: a join plans to unpack it once a term. A lexeme without positions
# (a stripped tsvector) counts once.
WORDED = sql.SQL("""
    SELECT chunk_id, sum(
        ({weights}::jsonb -> lexeme)::float8 * {k1_1} * frequency
        / (frequency + {k1} * ({not_b} + {b} * length / {mean_lexemes}))
    ) AS bm25
    FROM (
        SELECT chunks.chunk_id, length(chunks.lexemes) AS length, found.lexeme,
            coalesce(cardinality(found.positions), 1)::float8 AS frequency
        FROM documents.chunks CROSS JOIN LATERAL unnest(chunks.lexemes) AS found
        WHERE chunks.configuration = {configuration} AND chunks.lexemes @@ {candidates}::tsquery AND {filter}
            AND {weights}::jsonb ? found.lexeme
    ) AS held
    GROUP BY chunk_id
""")

BM25 = sql.SQL("worded AS ({worded} ORDER BY bm25 DESC, chunk_id LIMIT {depth})")

# An HNSW index gives 40 rows where nothing is said, and fewer where a filter drops some: until the transaction's end it
# looks for as many as are asked, and goes on where they do not suffice.
REACH = """
    SELECT set_config('hnsw.ef_search', %(depth)s, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)
"""

# The cast is the index's expression: vectors of all models lie in one column.
NEAREST = sql.SQL("""
    near AS (
        SELECT chunk_id, 1 - (embedding::vector({dimension}) <=> {vector}::vector({dimension})) AS similarity
        FROM documents.vectors
        WHERE model = {model} AND {vector_filter}
        ORDER BY embedding::vector({dimension}) <=> {vector}::vector({dimension})
        LIMIT {depth}
    )
""")

# Chunks of one list only get their score in the other: similarity is computed, no BM25 is none.
FUSED = sql.SQL("""
    scale AS (SELECT max(similarity) AS top, min(similarity) AS bottom FROM near),
    candidates AS (SELECT chunk_id FROM worded UNION SELECT chunk_id FROM near),
    scored AS (
        SELECT candidates.chunk_id, coalesce(worded.bm25, 0) AS bm25, coalesce(
            near.similarity,
            (
                SELECT 1 - (embedding::vector({dimension}) <=> {vector}::vector({dimension}))
                FROM documents.vectors
                WHERE vectors.chunk_id = candidates.chunk_id AND vectors.model = {model}
            )
        ) AS similarity
        FROM candidates
        LEFT JOIN worded USING (chunk_id)
        LEFT JOIN near USING (chunk_id)
    ),
    fused AS (
        SELECT chunk_id, bm25, similarity,
            (1 - {weight}) * coalesce(bm25 / nullif(max(bm25) OVER (), 0), 0)
            + {weight} * coalesce(greatest(similarity - bottom, 0) / nullif(top - bottom, 0), 0) AS score
        FROM scored CROSS JOIN scale
    )
""")

# The best chunk of each document, best documents first.
HITS = sql.SQL("""
    best AS (
        SELECT DISTINCT ON (chunks.document_id) chunks.document_id, fused.*
        FROM fused JOIN documents.chunks USING (chunk_id)
        ORDER BY chunks.document_id, fused.score DESC, fused.chunk_id
    )
    SELECT documents.source, documents.file, documents.name, documents.title, best.chunk_id, chunks.ordinal,
        chunks.start_byte, chunks.end_byte, chunks.text, chunks.context, chunks.language, chunks.domain,
        best.score, best.bm25, best.similarity
    FROM best
    JOIN documents.chunks USING (chunk_id)
    JOIN documents.documents ON documents.document_id = best.document_id
    ORDER BY best.score DESC, best.chunk_id
    LIMIT {k}
""")

# The fused table where there are no vectors, or no words.
WORDS_ONLY = sql.SQL("""
    fused AS (
        SELECT chunk_id, bm25, NULL::float8 AS similarity, bm25 / max(bm25) OVER () AS score FROM worded
    )
""")
VECTORS_ONLY = sql.SQL("""
    fused AS (SELECT chunk_id, NULL::float8 AS bm25, similarity, similarity AS score FROM near)
""")
