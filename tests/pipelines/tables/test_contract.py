from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import SetupError
from include.pipelines.tables.contract import Merge, read_contract
from include.pipelines.tables.schema import create_statement
from include.settings import PROJECT_ROOT
from tests.pipelines.tables.conftest import ARTICLES

SAMPLES = PROJECT_ROOT / "include" / "samples" / "tables"


def write(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_contract_is_valid() -> None:
    assert read_contract(SAMPLES / "artikel.yaml").table == "erp.artikel"


def test_key_columns_are_required_and_filled_and_the_rest_is_as_it_says(tmp_path: Path) -> None:
    contract = read_contract(write(tmp_path, ARTICLES))
    article, title, _ = contract.contract.columns
    assert (article.required, article.nullable, title.required, title.nullable) == (True, False, False, True)
    assert (contract.merge, contract.scope, contract.target.key) == (Merge.REPLACE, None, ("article",))


def test_the_table_is_derived_with_scope_and_key(tmp_path: Path) -> None:
    contract = read_contract(write(tmp_path, ARTICLES + "scope: shop\n"))
    assert create_statement(contract.target).split("\n") == [
        'CREATE TABLE IF NOT EXISTS "erp"."articles" (',
        '    "shop" text COLLATE "C" NOT NULL,',
        '    "article" text COLLATE "C" NOT NULL,',
        '    "title" text,',
        '    "price" numeric,',
        '    "source_line" bigint NOT NULL,',
        '    PRIMARY KEY ("shop", "article")',
        ")",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: text", "type: string", ("line 6: columns.title.type", "'identifier', 'text'")),
        ("type: text", "kind: text", ("line 6: columns.title.kind", "no key of a contract", "type, aliases, family")),
        ("table: erp", "tabel: erp", ("line 2: tabel", "no key of a contract", "allowed are", "table")),
        ("erp.articles", "articles", ("line 2: table", "schema.name")),
        ("erp.articles", "Erp.Articles", ("line 2: table", "small letters")),
        ("erp.articles", "commerce.orders", ("line 2: table", "not for tables of contracts")),
        ("erp.articles", "pg_catalog.pg_class", ("line 2: table", "not for tables of contracts")),
        ("[article]", "[artikel]", ("line 3: key names 'artikel'", "allowed are article, title, price")),
        ("[article]", "[article, article]", ("line 3: key", "twice")),
        ("key: [article]", "merge: upsert", ("line 3: merge", "without a key")),
        ("key: [article]", "merge: add", ("line 3: merge", "'replace', 'upsert' or 'append'")),
        ("key: [article]", "scope: title", ("line 3: scope", "a column of the file")),
        ("key: [article]", "decimal: point", ("line 3: decimal", "'dot' or 'comma'")),
        ("key: [article]", "max_deleted_percent: 101", ("line 3: max_deleted_percent", "100")),
        ("type: text", "type: text, minimum: 1", ("line 6: columns.title", "minimum and maximum are for")),
        ("type: text", "type: date, allowed: [a]", ("line 6: columns.title", "allowed is for")),
        ("type: text", "type: text, family: Price", ("line 6: columns.title.family", "one star")),
        ("title:", "source_line:", ("source_line", "each load fills itself")),
        ("title:", "Title:", ("columns.Title", "small letters")),
    ],
)
def test_what_is_wrong_is_named_with_line_key_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(SetupError) as caught:
        read_contract(write(tmp_path, ARTICLES.replace(old, new)))
    message = str(caught.value)
    assert "c.yaml" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("text", "words"), [("[a", "not YAML"), ("- a\n", "no mapping"), ("", "table: Field required")]
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        read_contract(write(tmp_path, text))


def test_a_missing_contract_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="contract infer"):
        read_contract(tmp_path / "none.yaml")
