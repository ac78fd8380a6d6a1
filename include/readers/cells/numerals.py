"""Whole and decimal numbers, exactly or not at all: no float is ever involved.

Scientific notation is refused: a spreadsheet that writes 3.65E+11 has dropped the other digits, and programs write
numbers of this size in full.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import DECIMAL_PRECISION, DECIMAL_SCALE
from include.readers.cells.inspection import BLANKS, NO_TEXT, TextColumn, scatter, to_mask, trimmed
from include.readers.cells.reading import Flaw, Reading
from include.readers.cells.shapes import describe_shape
from include.readers.cells.steps import FEW_ONE_IN, cast_whole, read_in_steps
from include.readers.choices import DecimalForm

DECIMAL = pa.decimal128(DECIMAL_PRECISION, DECIMAL_SCALE)
INTEGER = pa.int64()
# The digits of the largest int64, which has 19.
INTEGER_DIGITS = 19
WIDE_INTEGER = pa.decimal128(INTEGER_DIGITS, 0)
LARGEST, SMALLEST = pa.scalar(2**63 - 1, WIDE_INTEGER), pa.scalar(-(2**63), WIDE_INTEGER)

POINT = {DecimalForm.DOT: ".", DecimalForm.COMMA: ","}
GROUP_SIGNS = {DecimalForm.DOT: ",", DecimalForm.COMMA: "."}
# Thousands signs in both forms: blank, no-break, thin and narrow no-break space, both apostrophes.
COMMON_GROUP_SIGNS = (" ", "\xa0", "\u2009", "\u202f", "'", "\u2019")

CURRENCY_SIGNS = r"(?:(?:US|CA|AU|NZ|HK) ?|[ACR])?\$|[€£¥₹₽₺₩₪₫₴₱฿]|kr\.?|zł|Kč|Ft|lei|Fr\.?"
# ISO 4217, currencies in use.
CURRENCY_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK "
    "LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
    "OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF "
    "YER ZAR ZMW ZWG"
)
CURRENCIES = pa.array(CURRENCY_CODES.split())
# Codes are compared afterwards: 160 alternatives take RE2 3 ms to compile, each time.
MONEY = f"(?:{CURRENCY_SIGNS}|[A-Z]{{3}})"

# So many cells are looked at one by one (2 us each) before Arrow compiles a pattern for them.
FEW_CELLS = 256

MINUS = "\u2212"
SIGNS = ("open", "lead", "inner", "trail", "close")
# Programs guard a cell that begins with a sign by an apostrophe, lest a spreadsheet take it for a formula.
GUARDED = "'-"
SINGLE_SIGN = rf"^(?:\(\)|[-+{MINUS}]?|{GUARDED})$"

SCIENTIFIC = re.compile(r"[-+]?[0-9]*[.,]?[0-9]+[eE][-+]?[0-9]+")
NOT_FINITE = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)


def figures_pattern(form: DecimalForm) -> str:
    """How digits with thousands signs stand before the decimals."""
    groups = "|".join(f"(?:{re.escape(sign)}[0-9]{{3}})+" for sign in (GROUP_SIGNS[form], *COMMON_GROUP_SIGNS))
    return rf"(?:[1-9][0-9]{{0,2}}(?:{groups})|[0-9]*)"


def number_pattern(form: DecimalForm, money: bool) -> str:
    """How a number is spelled in full, for RE2 and `re` alike, anchored at both ends.

    Groups `open`, `lead`, `inner`, `trail`, `close` hold brackets and signs, `before` and `after` currencies (signs, or
    any three capital letters), `whole` the digits before the decimals with their thousands signs, `decimals` the
    decimal sign and what follows.
    """
    blank = f"[{BLANKS}]*"
    worth = f"{MONEY}?" if money else ""
    return (
        rf"^(?P<open>\()?{blank}(?P<lead>{GUARDED}|[-+{MINUS}])?{blank}(?P<before>{worth}){blank}(?P<inner>[-+{MINUS}])?"
        rf"(?P<whole>{figures_pattern(form)})(?P<decimals>[{POINT[form]}][0-9]*)?"
        rf"{blank}(?P<after>{worth}){blank}(?P<trail>[-+{MINUS}])?(?P<close>\))?$"
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What whole and decimal numbers differ in. `decimals` is how many may be other than 0."""

    type: pa.DataType
    money: bool
    whole_digits: int
    decimals: int

    def plain(self, form: DecimalForm) -> str:
        """What certainly casts once its decimal sign is a dot."""
        digits = f"^-?[0-9]{{1,{min(self.whole_digits, 18) or 1}}}"
        return f"{digits}(?:[{POINT[form]}][0-9]{{1,{self.decimals}}})?$" if self.decimals else f"{digits}$"


INTEGERS = _Kind(INTEGER, money=False, whole_digits=INTEGER_DIGITS, decimals=0)


@cache
def _decimals(precision: int, scale: int) -> _Kind:
    return _Kind(pa.decimal128(precision, scale), money=True, whole_digits=precision - scale, decimals=scale)


def read_integers(column: TextColumn, reading: Reading) -> pa.Int64Array:
    """Whole numbers in the file's decimal form; null for what is none or does not fit 64 bits."""
    return _read(column, reading.decimal, INTEGERS)


def read_decimals(column: TextColumn, reading: Reading) -> pa.Decimal128Array:
    """decimal128 of the column's digits in the file's decimal form; null for what is no number or had to be rounded."""
    return _read(column, reading.decimal, _decimals(reading.precision, reading.scale))


def _read(column: TextColumn, form: DecimalForm, kind: _Kind) -> pa.Array:
    whole = _cast_all(column, form, kind)
    if whole is None:
        whole = _cast_but_few(column, form, kind)
    return _in_steps(column, form, kind) if whole is None else whole


def _in_steps(column: TextColumn, form: DecimalForm, kind: _Kind) -> pa.Array:
    steps = ((kind.plain(form), lambda cells: _dotted(cells, form).cast(kind.type)),)
    return read_in_steps(trimmed(column), steps, lambda cells: _spelled(cells, form, kind), kind.type)


def _cast_all(column: TextColumn, form: DecimalForm, kind: _Kind) -> pa.Array | None:
    # Arrow reads hexadecimal integers and exponents, which stand above the digit 9 in ASCII.
    if column.highest > ord("9") or (form is DecimalForm.COMMA and column.holds(".")):
        return None
    return cast_whole(_dotted(column.cells, form), kind.type)


def _cast_but_few(column: TextColumn, form: DecimalForm, kind: _Kind) -> pa.Array | None:
    """The cast of a column but for a few cells, which are read by themselves; None where they are not so few.

    A column that is sound but for some words would else pay for a pattern over all of its cells.
    """
    odd = column.above(ord("9"))
    if not 0 < odd.sum() * FEW_ONE_IN <= len(odd) or (form is DecimalForm.COMMA and column.holds(".")):
        return None
    mask = to_mask(odd)
    values = cast_whole(_dotted(pc.if_else(mask, NO_TEXT, column.cells), form), kind.type)
    if values is None:
        return None
    found = _spelled(trimmed(TextColumn(column.cells.filter(mask))), form, kind)
    return values if found.null_count == len(found) else scatter(values, mask, found)


def _dotted(cells: pa.StringArray, form: DecimalForm) -> pa.StringArray:
    return pc.replace_substring(cells, ",", ".") if form is DecimalForm.COMMA else cells


def _none_is_number(cells: pa.StringArray, form: DecimalForm, kind: _Kind) -> bool:
    """Whether a look at cells, if few, shows that `_spelled` has nothing to find: its patterns take 1 ms to compile.

    False says nothing.
    """
    may_be = _compiled(form, kind.money).match
    return len(cells) <= FEW_CELLS and not any(may_be(text) for text in cells.to_pylist() if text is not None)


def _spelled(cells: pa.StringArray, form: DecimalForm, kind: _Kind) -> pa.Array:
    """Numbers with thousands signs, currency, brackets or other signs; null for what is none."""
    if _none_is_number(cells, form, kind):
        return pa.nulls(len(cells), kind.type)
    fields = pc.extract_regex(cells, number_pattern(form, kind.money))
    sign = {name: _field(fields, name) for name in SIGNS}
    minus = pc.or_(pc.equal(sign["open"], "("), _any_is(sign, ("-", MINUS, GUARDED)))
    digits = pc.utf8_ltrim(pc.replace_substring_regex(_field(fields, "whole"), "[^0-9]", ""), characters="0")
    decimals = pc.utf8_rtrim(pc.utf8_slice_codeunits(_field(fields, "decimals"), 1), characters="0")
    fits = pc.and_(pc.and_(_is_number(fields, sign), _is_money(fields)), _fits(digits, decimals, kind))
    text = pc.binary_join_element_wise(pc.if_else(minus, "-0", "0"), digits, ".", pc.utf8_rpad(decimals, 1, "0"), "")
    return _bounded(pc.if_else(fits, text, pa.scalar(None, pa.string())), kind)


def _field(fields: pa.StructArray, name: str) -> pa.StringArray:
    return pc.fill_null(pc.struct_field(fields, name), "")


def _any_is(sign: dict[str, pa.StringArray], values: tuple[str, ...]) -> pa.BooleanArray:
    wanted = pa.array(values)
    lead, inner, trail = (pc.is_in(sign[name], value_set=wanted) for name in ("lead", "inner", "trail"))
    return pc.or_(pc.or_(lead, inner), trail)


def _is_number(fields: pa.StructArray, sign: dict[str, pa.StringArray]) -> pa.BooleanArray:
    """At least one digit, at most one sign, brackets in pairs."""
    figures = pc.binary_join_element_wise(_field(fields, "whole"), _field(fields, "decimals"), "")
    signs = pc.binary_join_element_wise(*sign.values(), "")
    return pc.and_(pc.match_substring_regex(figures, "[0-9]"), pc.match_substring_regex(signs, SINGLE_SIGN))


def _is_money(fields: pa.StructArray) -> pa.BooleanArray:
    """Three capital letters beside a number are a currency's code."""
    before, after = (_field(fields, name) for name in ("before", "after"))
    known = [pc.or_(pc.is_in(text, value_set=CURRENCIES), pc.invert(_is_code(text))) for text in (before, after)]
    return pc.and_(*known)


def _is_code(text: pa.StringArray) -> pa.BooleanArray:
    return pc.match_substring_regex(text, "^[A-Z]{3}$")


def _fits(digits: pa.StringArray, decimals: pa.StringArray, kind: _Kind) -> pa.BooleanArray:
    return pc.and_(
        pc.less_equal(pc.binary_length(digits), kind.whole_digits),
        pc.less_equal(pc.binary_length(decimals), kind.decimals),
    )


def _bounded(text: pa.StringArray, kind: _Kind) -> pa.Array:
    if kind.type != INTEGER:
        return text.cast(kind.type)
    wide = text.cast(WIDE_INTEGER)
    held = pc.and_(pc.less_equal(wide, LARGEST), pc.greater_equal(wide, SMALLEST))
    return pc.if_else(held, wide, pa.scalar(None, WIDE_INTEGER)).cast(INTEGER)


def explain_integer(text: str, reading: Reading) -> Flaw:
    """Why `read_integers` left the cell out."""
    return _explain(text, reading.decimal, INTEGERS) or Flaw("not_an_integer", f"not a whole number: {_shape(text)}")


def explain_decimal(text: str, reading: Reading) -> Flaw:
    """Why `read_decimals` left the cell out."""
    kind = _decimals(reading.precision, reading.scale)
    return _explain(text, reading.decimal, kind) or Flaw("not_a_number", f"not a number: {_shape(text)}")


def _shape(text: str) -> str:
    return describe_shape(text.strip(BLANKS))


def _explain(text: str, form: DecimalForm, kind: _Kind) -> Flaw | None:
    """The flaw of a cell that is a number in some way; None where it is none in the file's form."""
    number = text.strip(BLANKS)
    if SCIENTIFIC.fullmatch(number):
        return Flaw("scientific_notation", f"in scientific notation, which leaves digits out: {_shape(text)}")
    if NOT_FINITE.fullmatch(number):
        return Flaw("not_finite", f"not a finite number: {_shape(text)}")
    found = _compiled(form, kind.money).fullmatch(number)
    if found is None or not re.search("[0-9]", number) or not _is_known_money(found):
        return None
    return _explain_size(found["whole"], (found["decimals"] or "")[1:].rstrip("0"), kind)


def _is_known_money(found: re.Match[str]) -> bool:
    codes = (text for text in (found["before"], found["after"]) if re.fullmatch("[A-Z]{3}", text))
    return all(code in CURRENCY_CODES.split() for code in codes)


@cache
def _compiled(form: DecimalForm, money: bool) -> re.Pattern[str]:
    return re.compile(number_pattern(form, money))


def _explain_size(whole: str, decimals: str, kind: _Kind) -> Flaw | None:
    digits = len(re.sub("[^0-9]", "", whole).lstrip("0"))
    if len(decimals) > kind.decimals:
        code = "too_many_decimals" if kind.decimals else "not_an_integer"
        return Flaw(code, f"too many decimals: {len(decimals)}, expected at most {kind.decimals}")
    if digits < kind.whole_digits:
        return None
    return Flaw("out_of_range", f"too large: {digits} digits before the decimals")
