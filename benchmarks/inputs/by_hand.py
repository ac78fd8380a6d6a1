r"""What the loader is held against: the limit of one connection, and the SQL that an expert writes by hand.

The limit is `COPY` of the file's bytes into one unlogged table without key or index, which is what `\copy` does.

The hand-written SQL reaches the loader's end state: the same tables with the same columns, keys and indexes, lines
numbered within their order, in one transaction. It checks nothing, counts nothing, rejects nothing, and knows the file
beforehand: its columns' order, its encoding, that every row is right. It is tuned:

- an unlogged typed staging table, so that each value is parsed once and no log is written; its identity column takes
  numbers from its sequence in thousands;
- the file's bytes go to the server as they are;
- sorts and hashes stay in memory (work_mem and maintenance_work_mem of 512 MB), no JIT for statements that run once;
- the headers of orders come from one sort of the staging table (DISTINCT ON): `GROUP BY` with `min(text)` costs more;
  where the file has the order's cells on its first line only, from those lines without any sort;
- into empty tables: `CREATE TABLE AS` in key order, keys afterwards over rows that are sorted already; tables made in
  the same transaction write no log under wal_level=minimal;
- beside other rows: `INSERT ... SELECT` in key order, with the indexes in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.inputs.shop_exports import ORDERS, PRODUCTS_CURRENT

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# Bytes of one CopyData message.
BLOCK_BYTES = 256 * 1024

SETTINGS = ("work_mem = '512MB'", "maintenance_work_mem = '512MB'", "jit = off")


@dataclass(frozen=True, slots=True)
class HandTable:
    """One table: its columns as expressions, the FROM clause over `staging`, and the key within the upload."""

    values: Mapping[str, str]
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class HandSql:
    """All that is written by hand for one kind of file: the file's columns in order with their types, the tables."""

    columns: Mapping[str, str]
    tables: Mapping[str, HandTable]

    @property
    def definitions(self) -> str:
        """The staging table's columns."""
        return ", ".join(f'"{name}" {kind}' for name, kind in self.columns.items())

    @property
    def names(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns)


KEY = 'text COLLATE "C"'

LINE_NO = "row_number() OVER (PARTITION BY {} ORDER BY line)::integer"

ORDER_LINES = HandSql(
    columns={
        "order_id": KEY,
        "created_at": "timestamptz",
        "currency": "text",
        "financial_status": "text",
        "quantity": "bigint",
        "unit_price": "numeric",
        "discount": "numeric",
        "variant_id": KEY,
        "sku": KEY,
        "line_name": "text",
    },
    tables={
        "orders": HandTable(
            {
                **{name: name for name in ("order_id", "created_at", "currency", "financial_status")},
                "source_part": "0",
                "source_line": "line + 1",
            },
            "(SELECT DISTINCT ON (order_id) order_id, created_at, currency, financial_status, line FROM staging"
            " ORDER BY order_id, line) AS header",
            "order_id",
        ),
        "order_lines": HandTable(
            {
                "order_id": "order_id",
                "line_no": LINE_NO.format("order_id"),
                **{name: name for name in ("quantity", "unit_price", "discount", "variant_id", "sku", "line_name")},
                "source_part": "0",
                "source_line": "line + 1",
            },
            "staging",
            "order_id, line_no",
        ),
    },
)

# Types of the export's columns that are loaded, the rest of the 79 and 57 are text; table column -> header cell.
_ORDER_CELLS = {
    "order_id": ("Name", KEY),
    "created_at": ("Created at", "timestamptz"),
    "currency": ("Currency", "text"),
    "financial_status": ("Financial Status", "text"),
    "fulfillment_status": ("Fulfillment Status", "text"),
    "paid_at": ("Paid at", "timestamptz"),
    "fulfilled_at": ("Fulfilled at", "timestamptz"),
    "cancelled_at": ("Cancelled at", "timestamptz"),
    "subtotal": ("Subtotal", "numeric"),
    "shipping": ("Shipping", "numeric"),
    "taxes": ("Taxes", "numeric"),
    "total": ("Total", "numeric"),
    "discount_code": ("Discount Code", "text"),
    "discount_amount": ("Discount Amount", "numeric"),
    "refunded_amount": ("Refunded Amount", "numeric"),
    "source": ("Source", "text"),
    "tags": ("Tags", "text"),
}
_LINE_CELLS = {
    "quantity": ("Lineitem quantity", "bigint"),
    "unit_price": ("Lineitem price", "numeric"),
    "discount": ("Lineitem discount", "numeric"),
    "sku": ("Lineitem sku", KEY),
    "line_name": ("Lineitem name", "text"),
}
_PRODUCT_CELLS = {
    "title": ("Title", "text"),
    "vendor": ("Vendor", "text"),
    "product_type": ("Type", "text"),
    "tags": ("Tags", "text"),
    "published": ("Published on online store", "boolean"),
    "status": ("Status", "text"),
    "option1_name": ("Option1 name", "text"),
    "option2_name": ("Option2 name", "text"),
    "option3_name": ("Option3 name", "text"),
}
_VARIANT_CELLS = {
    "handle": ("URL handle", KEY),
    "option1_value": ("Option1 value", "text"),
    "option2_value": ("Option2 value", "text"),
    "option3_value": ("Option3 value", "text"),
    "sku": ("SKU", KEY),
    "barcode": ("Barcode", "text"),
    "price": ("Price", "numeric"),
    "compare_at_price": ("Compare-at price", "numeric"),
    "cost": ("Cost per item", "numeric"),
    "inventory_quantity": ("Inventory quantity", "bigint"),
}

Cells = Mapping[str, tuple[str, str]]


def _typed(header: tuple[str, ...], *cells: Cells) -> dict[str, str]:
    known = {name: kind for part in cells for name, kind in part.values()}
    return {name: known.get(name, "text") for name in header}


def _values(cells: Cells, alias: str = "staging") -> dict[str, str]:
    return {column: f'{alias}."{name}"' for column, (name, _kind) in cells.items()}


SHOPIFY_ORDERS = HandSql(
    columns=_typed(ORDERS, _ORDER_CELLS, _LINE_CELLS),
    tables={
        "orders": HandTable(
            {**_values(_ORDER_CELLS), "source_part": "0", "source_line": "line + 1"},
            'staging WHERE "Created at" IS NOT NULL',
            "order_id",
        ),
        "order_lines": HandTable(
            {
                "order_id": '"Name"',
                "line_no": LINE_NO.format('"Name"'),
                **_values(_LINE_CELLS),
                "source_part": "0",
                "source_line": "line + 1",
            },
            "staging",
            "order_id, line_no",
        ),
    },
)

# The product's cells stand on its first row: they are joined to its other rows, which a hash does faster than a window.
SHOPIFY_CATALOG = HandSql(
    columns=_typed(PRODUCTS_CURRENT, _PRODUCT_CELLS, _VARIANT_CELLS),
    tables={
        "catalog": HandTable(
            {
                "variant_id": 'concat_ws(\'/\', staging."URL handle", staging."Option1 value",'
                ' staging."Option2 value", staging."Option3 value") COLLATE "C"',
                **_values(_PRODUCT_CELLS, "product"),
                **_values(_VARIANT_CELLS),
                "source_part": "0",
                "source_line": "staging.line + 1",
            },
            'staging JOIN (SELECT * FROM staging WHERE "Title" IS NOT NULL) AS product USING ("URL handle")',
            "variant_id",
        ),
    },
)


def copy_only(url: str, file: Path, hand: HandSql) -> None:
    """The limit: the bytes into one unlogged table."""
    from include.postgres.session import connect

    with connect(url) as connection, connection.transaction():
        connection.execute(f"CREATE UNLOGGED TABLE hand.limit_rows ({hand.definitions})".encode())
        _copy(connection, "hand.limit_rows", file)


def fill_empty(url: str, file: Path, hand: HandSql, upload_id: str) -> None:
    """The hand-written load into tables that it makes: keys and indexes come last."""
    from include.postgres.session import connect

    with connect(url) as connection, connection.transaction():
        _stage(connection, file, hand)
        for name, table in hand.tables.items():
            shape = _shape(connection, name)
            order = f" ORDER BY {table.key}"
            connection.execute(f"CREATE TABLE hand.{name} AS {_select(table, shape, upload_id)}{order}".encode())
        for name in hand.tables:
            for statement in _index_statements(connection, name):
                connection.execute(statement.encode())
        connection.execute("DROP TABLE staging")


def insert_beside(url: str, file: Path, hand: HandSql, upload_id: str) -> None:
    """The hand-written load into tables that hold other uploads: rows arrive in key order, indexes are in place."""
    from include.postgres.session import connect

    with connect(url) as connection, connection.transaction():
        _stage(connection, file, hand)
        for name, table in hand.tables.items():
            shape = {column: kind for column, kind in _shape(connection, name).items() if column in table.values}
            columns = ", ".join(("upload_id", *shape))
            select = f"{_select(table, shape, upload_id)} ORDER BY {table.key}"
            connection.execute(f"INSERT INTO hand.{name} ({columns}) {select}".encode())
        connection.execute("DROP TABLE staging")


def merge(url: str, file: Path, hand: HandSql, upload_id: str) -> None:
    """The hand-written re-delivery: changed rows are updated, new ones inserted, those that are gone deleted."""
    from include.postgres.session import connect

    with connect(url) as connection, connection.transaction():
        _stage(connection, file, hand)
        for name, table in hand.tables.items():
            connection.execute(_merge(name, table, _shape(connection, name), upload_id).encode())
        connection.execute("DROP TABLE staging")


def make_schema(url: str) -> None:
    """Makes the schema that everything here lies in."""
    from include.postgres.session import connect

    with connect(url) as connection:
        connection.execute("CREATE SCHEMA hand")


def make_tables(connection: Connection[TupleRow]) -> None:
    """Makes empty tables in the schema, in the shape of the loader's."""
    for name in ("orders", "order_lines", "catalog"):
        connection.execute(f"CREATE TABLE hand.{name} (LIKE commerce.{name} INCLUDING ALL)".encode())


def _stage(connection: Connection[TupleRow], file: Path, hand: HandSql) -> None:
    for setting in SETTINGS:
        connection.execute(f"SET LOCAL {setting}".encode())
    connection.execute("SET LOCAL search_path = hand")
    connection.execute(
        "CREATE UNLOGGED TABLE hand.staging"
        f" (line bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000), {hand.definitions})".encode()
    )
    _copy(connection, f"hand.staging ({hand.names})", file)
    connection.execute("ANALYZE staging")


def _copy(connection: Connection[TupleRow], target: str, file: Path) -> None:
    statement = f"COPY {target} FROM STDIN (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy, file.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            copy.write(block)


def _select(table: HandTable, shape: Mapping[str, str], upload_id: str) -> str:
    """The table's rows; columns of the loader's table that the file does not have are null."""
    values = ", ".join(
        f"({table.values[name]})::{kind} AS {name}" if name in table.values else f"NULL::{kind} AS {name}"
        for name, kind in shape.items()
    )
    return f"SELECT '{upload_id}'::uuid AS upload_id, {values} FROM {table.source}"


def _merge(name: str, table: HandTable, shape: Mapping[str, str], upload_id: str) -> str:
    kept = {column: kind for column, kind in shape.items() if column in table.values}
    keys = table.key.split(", ")
    compared = [column for column in kept if column not in keys and not column.startswith("source_")]
    written = [column for column in kept if column not in keys]
    names = ", ".join(kept)
    return (
        f"MERGE INTO hand.{name} AS target USING ({_select(table, kept, upload_id)}) AS new"
        f" ON target.upload_id = '{upload_id}' AND " + " AND ".join(f"target.{key} = new.{key}" for key in keys)
        + f" WHEN MATCHED AND ({_aliased('target', compared)}) IS DISTINCT FROM ({_aliased('new', compared)})"
        f" THEN UPDATE SET {', '.join(f'{column} = new.{column}' for column in written)}"
        f" WHEN NOT MATCHED THEN INSERT (upload_id, {names}) VALUES ('{upload_id}', {_aliased('new', kept)})"
        f" WHEN NOT MATCHED BY SOURCE AND target.upload_id = '{upload_id}' THEN DELETE"
    )  # fmt: skip


def _aliased(alias: str, columns: Mapping[str, str] | list[str]) -> str:
    return ", ".join(f"{alias}.{column}" for column in columns)


def _shape(connection: Connection[TupleRow], table: str) -> dict[str, str]:
    """Columns and types of the loader's table, less the upload's id."""
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attname <> 'upload_id'"
        " ORDER BY attnum",
        [f"commerce.{table}"],
    ).fetchall()
    return {str(name): str(kind) for name, kind in rows}


def _index_statements(connection: Connection[TupleRow], table: str) -> list[str]:
    """The keys and indexes of the loader's table, for the table that was made by hand."""
    rows = connection.execute(
        "SELECT indisprimary, indisunique, pg_get_expr(indpred, indrelid),"
        " (SELECT string_agg(pg_get_indexdef(indexrelid, place, true), ', ' ORDER BY place)"
        " FROM generate_series(1, indnkeyatts) AS place)"
        " FROM pg_index WHERE indrelid = to_regclass(%s) ORDER BY indisprimary DESC, indexrelid",
        [f"commerce.{table}"],
    ).fetchall()
    return [_index(table, *row) for row in rows]


def _index(table: str, primary: bool, unique: bool, predicate: str | None, columns: str) -> str:
    if primary:
        return f"ALTER TABLE hand.{table} ADD PRIMARY KEY ({columns})"
    where = f" WHERE {predicate}" if predicate else ""
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX ON hand.{table} ({columns}){where}"
