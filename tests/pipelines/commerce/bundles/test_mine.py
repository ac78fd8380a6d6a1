"""The mining against a brute-force reference on small baskets, and against mlxtend on real ones."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from include.pipelines.commerce.bundles.mine import LINES, OFFERS, Fate, Mined, engine, mine, take_lines
from include.settings import BundleSettings
from tests.conftest import ROOT

LOOSE = BundleSettings(min_count=1, min_confidence=0, min_lift=0, top=100_000)
SHARED = Path(os.environ.get("LONGSHORE_SHARED_DATA", ROOT.parent / "shared" / "data"))

Baskets = list[list[str]]
# Variants -> support count, confidences, lift, score.
Measured = dict[tuple[str, ...], tuple[int, tuple[float, ...], float, float]]


def lines(rows: Iterable[tuple[int, str | None, Fate]]) -> list[pa.RecordBatch]:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, LINES, strict=True)], LINES
    ).to_batches()


def mined(baskets: Baskets, settings: BundleSettings = LOOSE, offers: list[dict[str, Any]] | None = None) -> Mined:
    rows = [(number, variant, Fate.USED) for number, basket in enumerate(baskets) for variant in basket]
    return mined_lines(rows, settings, offers)


def mined_lines(
    rows: list[tuple[int, str | None, Fate]],
    settings: BundleSettings = LOOSE,
    offers: list[dict[str, Any]] | None = None,
) -> Mined:
    with engine() as database:
        take_lines(database, lines(rows))
        result = mine(database, pa.Table.from_pylist(offers or [], OFFERS), settings)
    assert result.balanced
    return result


def measured(result: Mined) -> Measured:
    found = {}
    for row in result.bundles.to_pylist():
        variants = tuple(filter(None, (row["variant_a"], row["variant_b"], row["variant_c"])))
        confidences = tuple(row[f"confidence_{name}"] for name in "abc"[: len(variants)])
        assert row["support"] == row["support_count"] / row["baskets"]
        found[variants] = (row["support_count"], confidences, row["lift"], row["score"])
    return found


def by_brute_force(baskets: Baskets, settings: BundleSettings) -> list[tuple[tuple[str, ...], Any]]:
    """Every combination of every basket, counted one by one, by the definitions."""
    fitting = [basket for basket in map(set, baskets) if 0 < len(basket) <= settings.max_basket_size]
    n = len(fitting)
    counts = Counter(
        bundle for basket in fitting for size in (1, 2, 3) for bundle in combinations(sorted(basket), size)
    )
    found = []
    for bundle, count in counts.items():
        if not 2 <= len(bundle) <= settings.max_items or count < max(settings.min_count, settings.min_support * n):
            continue
        others = {x: counts[tuple(variant for variant in bundle if variant != x)] for x in bundle}
        confidences = tuple(count / others[x] for x in bundle)
        by_chance = max(others[x] * counts[x,] for x in bundle)
        lift, score = count * n / by_chance, count - by_chance / n
        if max(confidences) >= settings.min_confidence and lift >= settings.min_lift:
            found.append((bundle, (count, confidences, lift, score)))
    # A pair stands before the triples that begin with it.
    found.sort(key=lambda one: (-one[1][3], -one[1][2], -one[1][0], *one[0]))
    return found[: settings.top]


small_baskets = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=7), max_size=30)
any_settings = st.builds(
    BundleSettings,
    min_count=st.integers(1, 4),
    min_support=st.sampled_from((0.0, 0.1, 0.25)),
    min_confidence=st.sampled_from((0.0, 0.1, 0.5)),
    min_lift=st.sampled_from((0.0, 1.0, 1.5)),
    top=st.integers(1, 60),
    max_items=st.sampled_from((2, 3)),
    max_basket_size=st.integers(2, 7),
)


@given(small_baskets, any_settings)
@hypothesis_settings(deadline=None, max_examples=60)
def test_bundles_and_their_ranks_are_those_of_counting_every_combination(
    baskets: Baskets, settings: BundleSettings
) -> None:
    assert list(measured(mined(baskets, settings)).items()) == by_brute_force(baskets, settings)


def test_measures_by_hand() -> None:
    baskets = [["tea", "pot"], ["tea", "pot", "cup"], ["tea", "pot", "cup"], ["tea"], ["cup"], ["soap"]]
    found = measured(mined(baskets))
    # pot: 3 of 6 baskets, tea: 4, both 3. With tea 3 of 4 have the pot, with the pot all have tea.
    assert found["pot", "tea"] == (3, (0.75, 1.0), 3 * 6 / 12, 3 - 12 / 6)
    # cup: 3. Others of cup: pot and tea 3; of pot: cup and tea 2; of tea: cup and pot 2.
    assert found["cup", "pot", "tea"] == (2, (2 / 3, 1.0, 1.0), 2 * 6 / 9, 2 - 9 / 6)


def test_a_good_pair_beside_what_everybody_buys_is_no_triple_worth_having() -> None:
    baskets = [["bag", "pot", "tea"]] * 10 + [["bag"]] * 30
    found = measured(mined(baskets, LOOSE.model_copy(update={"min_lift": 1.2})))
    assert set(found) == {("pot", "tea")}


def test_a_variant_counts_once_in_a_basket_however_many_lines_it_has() -> None:
    result = mined([["a", "a", "b"], ["a", "b", "b"]])
    assert measured(result)["a", "b"][0] == 2
    assert (result.lines["lines"], result.lines["repeated"], result.lines["used"]) == (6, 2, 4)


def test_a_basket_over_the_cap_is_left_out_wholly_and_counted() -> None:
    settings = LOOSE.model_copy(update={"max_basket_size": 2})
    result = mined([["a", "b"], ["a", "b", "c"]], settings)
    assert measured(result) == {("a", "b"): (1, (1.0, 1.0), 1.0, 0.0)}
    assert (result.facts["baskets"], result.facts["oversized_baskets"], result.lines["oversized"]) == (1, 1, 3)


def test_every_fate_is_counted_apart_and_only_used_lines_make_baskets() -> None:
    rows = [(1, "a", Fate.USED), (1, "b", Fate.USED)]
    rows += [(number, "a", fate) for number, fate in enumerate(list(Fate)[1:], 2)]
    result = mined_lines([*rows, (9, None, Fate.UNMATCHED)])
    assert measured(result).keys() == {("a", "b")}
    assert result.facts["baskets"] == 1
    expected = {"cancelled": 1, "returned": 1, "excluded": 1, "unmatched": 2, "ambiguous": 1, "used": 2, "lines": 8}
    assert {name: result.lines[name] for name in expected} == expected


def offer(variant: str, **values: Any) -> dict[str, Any]:
    from decimal import Decimal

    price = Decimal(values.pop("price", "1.50"))
    defaults = {"product": variant.upper(), "currency": "EUR", "excluded": False, "stocked": True}
    return {"variant": variant, "price": price, **defaults, **values}


def test_what_is_out_of_stock_is_in_no_bundle_but_counts_as_bought() -> None:
    baskets = [["a", "b", "c"]] * 2 + [["a"]]
    offers = [offer("a"), offer("b"), offer("c", stocked=False)]
    result = mined(baskets, LOOSE, offers)
    assert measured(result).keys() == {("a", "b")}
    assert (result.facts["not_in_stock"], result.facts["baskets"]) == (1, 3)
    unfiltered = mined(baskets, LOOSE.model_copy(update={"require_stock": False}), offers)
    assert ("a", "b", "c") in measured(unfiltered)


def test_an_excluded_variant_is_as_if_nobody_had_bought_it() -> None:
    result = mined([["a", "b", "x"], ["x"]], LOOSE, [offer("x", excluded=True)])
    assert measured(result).keys() == {("a", "b")}
    assert (result.facts["baskets"], result.lines["excluded"]) == (1, 2)


def test_a_bundles_price_is_the_sum_in_one_currency_and_unknown_otherwise() -> None:
    offers = [offer("a"), offer("b", price="2.25"), offer("c", currency="GBP"), {**offer("d"), "price": None}]
    rows = {
        tuple(filter(None, (row["variant_a"], row["variant_b"], row["variant_c"]))): (row["price"], row["currency"])
        for row in mined([["a", "b", "c", "d", "e"]], LOOSE, offers).bundles.to_pylist()
    }
    assert (str(rows["a", "b"][0]), rows["a", "b"][1]) == ("3.7500", "EUR")
    assert rows["a", "c"] == rows["a", "b", "c"] == (None, None)
    assert rows["a", "d"] == (None, "EUR")
    assert rows["a", "e"] == (None, None), "a variant that the catalog lacks"


def test_an_error_of_the_lines_comes_out_as_it_is() -> None:
    def broken() -> Iterable[pa.RecordBatch]:
        yield from lines([(1, "a", Fate.USED)])
        raise LookupError("the server went away")

    with engine() as database, pytest.raises(LookupError, match="went away"):
        take_lines(database, broken())


def test_a_little_memory_gives_the_same_bundles() -> None:
    import random

    draw = random.Random(5)  # noqa: S311 # baskets, not secrets
    baskets = [[f"v{int(draw.paretovariate(0.6)) % 500}" for _ in range(draw.randint(1, 8))] for _ in range(20_000)]
    rows = [(number, variant, Fate.USED) for number, basket in enumerate(baskets) for variant in basket]
    settings = BundleSettings(top=100_000)
    results = []
    for limit_mb in (40, 256):
        with engine(limit_mb) as database:
            take_lines(database, lines(rows))
            results.append(mine(database, OFFERS.empty_table(), settings).bundles)
    assert results[0].num_rows > 100
    assert results[0].equals(results[1])


@pytest.mark.skipif(not (SHARED / "retail-by-day").is_dir(), reason="the shared retail days are not here")
def test_support_confidence_and_lift_are_mlxtends_on_real_baskets() -> None:
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    bought: dict[str, set[str]] = {}
    for path in sorted((SHARED / "retail-by-day").glob("*.csv"))[:12]:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if int(row["Quantity"]) > 0:
                    bought.setdefault(row["InvoiceNo"], set()).add(row["StockCode"])
    baskets = [sorted(basket) for basket in bought.values() if len(basket) <= 30]
    least = 12
    settings = BundleSettings(min_count=least, min_confidence=0, min_lift=0, top=100_000)
    ours = measured(mined(baskets, settings))

    encoder = TransactionEncoder()
    frame = pd.DataFrame.sparse.from_spmatrix(encoder.fit_transform(baskets, sparse=True), columns=encoder.columns_)
    itemsets = fpgrowth(frame, min_support=(least - 0.5) / len(baskets), use_colnames=True, max_len=3)
    bundles = {
        tuple(sorted(items)): support for items, support in itemsets[["itemsets", "support"]].itertuples(index=False)
    }
    theirs = {bundle: support for bundle, support in bundles.items() if len(bundle) > 1}
    assert len(theirs) > 50
    assert any(len(bundle) == 3 for bundle in theirs)
    assert ours.keys() == theirs.keys()
    rules = association_rules(itemsets, metric="confidence", min_threshold=0)
    of_bundle: dict[tuple[str, ...], list[tuple[str, float, float]]] = {}
    for rule in rules.itertuples():
        if len(rule.consequents) == 1:
            bundle = tuple(sorted(rule.antecedents | rule.consequents))
            of_bundle.setdefault(bundle, []).append((min(rule.consequents), rule.confidence, rule.lift))
    for bundle, (count, confidences, lift, _) in ours.items():
        assert count / len(baskets) == pytest.approx(theirs[bundle])
        expected = sorted(of_bundle[bundle])
        assert confidences == pytest.approx([confidence for _, confidence, _ in expected])
        assert lift == pytest.approx(min(one for _, _, one in expected))
