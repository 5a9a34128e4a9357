"""Identifiers: public examples pass, every single wrong character is found, padding round-trips."""

import csv
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph import identifiers as ids

USCC_BODY = st.text(st.sampled_from(ids._USCC_ALPHABET), min_size=17, max_size=17)
DIGITS_14 = st.text(st.sampled_from("0123456789"), min_size=14, max_size=14)
LEI_BODY = st.text(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=18, max_size=18)


def replaced(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


@pytest.mark.parametrize(
    "code", ["91350100M000100Y43", "91430111355525404W", "91440300676666021L", "913302040933533733"]
)
def test_public_credit_codes_pass(code: str) -> None:
    assert ids.uscc(f" {code.lower()}\u3000") == code


@given(USCC_BODY, st.integers(0, 17), st.sampled_from(ids._USCC_ALPHABET))
def test_a_wrong_character_of_a_credit_code_is_found(body: str, place: int, character: str) -> None:
    code = body + ids.uscc_check_digit(body)
    assert ids.uscc(code) == code
    wrong = replaced(code, place, character)
    if wrong != code:
        with pytest.raises(ValueError, match="check digit"):
            ids.uscc(wrong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 characters"),
        ("9143011135552540", "16 characters"),
        ("91430111355525404I", "never used"),
        ("91430111355525404X", "check digit is W"),
    ],
)
def test_why_a_credit_code_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ids.uscc(text)


@pytest.mark.parametrize("code", ["5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394", "7ZW8QJWVPR4P1J1KQY45"])
def test_public_leis_pass(code: str) -> None:
    assert ids.lei(code.lower()) == code


@given(LEI_BODY, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
@example("WX0NSAPQ7VIS950000", 14, "E")
def test_a_wrong_character_of_an_lei_is_found(body: str, place: int, character: str) -> None:
    code = body + ids.lei_check_digits(body)
    assert ids.lei(code) == code
    assert int("".join(str(int(c, 36)) for c in code)) % 97 == 1
    wrong = replaced(code, place, character)
    # a letter counts as two digits, so MOD 97-10 does not promise to find one in place of a digit
    if wrong != code and character.isdigit() == code[place].isdigit():
        with pytest.raises(ValueError, match="check digits"):
            ids.lei(wrong)


@pytest.mark.parametrize("text", ["", "5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1RXX", "恒瑞医药"])
def test_what_is_no_lei(text: str) -> None:
    with pytest.raises(ValueError, match="not 18 letters or digits"):
        ids.lei(text)


@pytest.mark.parametrize("number", ["330214000048633", "430111000344649", "440301103504817"])
def test_public_registration_numbers_pass(number: str) -> None:
    assert ids.registration_id(f"\t{number} ") == number


@given(DIGITS_14, st.integers(0, 14), st.sampled_from("0123456789"))
def test_a_wrong_digit_of_a_registration_number_is_found(body: str, place: int, digit: str) -> None:
    number = body + ids.registration_check_digit(body)
    assert ids.registration_id(number) == number
    wrong = replaced(number, place, digit)
    if wrong != number:
        with pytest.raises(ValueError, match="check digit"):
            ids.registration_id(wrong)


@pytest.mark.parametrize("text", ["企合渝总80077", "2011-04-06", "22010702000578X", ""])
def test_what_is_no_registration_number(text: str) -> None:
    with pytest.raises(ValueError, match="neither 15 nor 13 digits"):
        ids.registration_id(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("601318", "601318.SH"),
        ("600276.SH", "600276.SH"),
        ("SH600276", "600276.SH"),
        ("sh.600276", "600276.SH"),
        ("600276.XSHG", "600276.SH"),
        ("６００２７６", "600276.SH"),
        ("688722", "688722.SH"),
        ("900901", "900901.SH"),
        ("000001", "000001.SZ"),
        ("001216", "001216.SZ"),
        ("301079", "301079.SZ"),
        ("200002", "200002.SZ"),
        ("430047", "430047.BJ"),
        ("832000", "832000.BJ"),
        ("873169", "873169.BJ"),
        ("920002", "920002.BJ"),
    ],
)
def test_listing_codes(text: str, code: str) -> None:
    assert ids.listing_code(text) == code


@given(st.sampled_from(["60", "68", "00", "30", "20", "43", "83", "87", "88", "92"]), st.integers(0, 9999))
def test_lost_zeros_come_back(prefix: str, rest: int) -> None:
    digits = f"{prefix}{rest:04d}"
    code = ids.listing_code(digits)
    assert (
        ids.listing_code(int(digits), pad=True)
        == ids.listing_code(digits.lstrip("0") or "0", pad=True)
        == code
    )
    assert ids.listing_code(code) == ids.listing_code(f"{code[-2:]}{digits}") == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1", "leading zeros"),
        ("510300", "belongs to no share"),
        ("600276.SZ", "belongs to SH"),
        ("SZ600276", "belongs to SH"),
        ("00700.HK", "not up to six digits"),
        ("1234567", "not up to six digits"),
        ("", "not up to six digits"),
    ],
)
def test_why_a_listing_code_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ids.listing_code(text)


@given(st.text(min_size=1).filter(lambda text: ids._compact(text) != ""), st.text(min_size=8))
def test_salted_identifiers_join_and_tell_nothing(value: str, salt: str) -> None:
    hashed = ids.salted(value, salt)
    assert hashed == ids.salted(f" {value}\n", salt.encode())
    assert hashed != ids.salted(value, f"{salt}x")
    assert len(hashed) == 32


def test_a_short_salt_or_an_empty_identifier_is_refused() -> None:
    with pytest.raises(ValueError, match="protects nobody"):
        ids.salted("x", "short")
    with pytest.raises(ValueError, match="empty identifier"):
        ids.salted(" \u200b", "long enough")


def refused(parse: object, values: list[str]) -> list[str]:
    assert callable(parse)

    def fails(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return True
        return False

    return [value for value in values if fails(value)]


def column(path: Path, name: str) -> list[str | None]:
    book = openpyxl.load_workbook(path, read_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    place = next(rows).index(name)
    values = [row[place] for row in rows]
    book.close()
    return [None if value is None else str(value) for value in values]


@pytest.mark.real
def test_the_real_registry_s_identifiers(shared_data: Path) -> None:
    registry = shared_data / "graph/registry_deals/registry_10k.xlsx"
    codes = column(registry, "统一信用代码")
    assert len(codes) == 10_000
    assert codes.count(None) == 119
    assert len(refused(ids.uscc, [code for code in codes if code])) == 24
    numbers = [number for number in column(registry, "工商注册id") if number]
    assert len(numbers) == 9_438
    assert len(refused(ids.registration_id, numbers)) == 37


@pytest.mark.real
def test_the_real_stock_codes_lost_their_zeros(shared_data: Path) -> None:
    with (shared_data / "graph/ashare_import/stock.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    lost = refused(ids.listing_code, codes)
    assert len(lost) / len(codes) == pytest.approx(0.41, abs=0.1)
    exchanges = Counter(ids.listing_code(code, pad=True)[-2:] for code in codes)
    assert exchanges.keys() == {"SH", "SZ"}
