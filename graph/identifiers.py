"""Identifiers of companies and securities: parsed, checked by their own check digits, and written one way.

Every parser returns the normalised identifier or raises ValueError with a sentence that names the value and
what is wrong with it. White space and full-width characters are forgiven; a failed check digit is not.
"""

import hashlib
import hmac
import re
import string
import unicodedata
from typing import Final

_BLANK: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


def _compact(text: str) -> str:
    return _BLANK.sub("", unicodedata.normalize("NFKC", text)).upper()


# --- unified social credit code ----------------------------------------------------------------------------

# GB 32100-2015: digits and letters without I, O, S, V, Z; the weight of place i is 3^i mod 31
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE: Final = {character: value for value, character in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_USCC_LENGTH: Final = 18


def uscc_check_digit(body: str) -> str:
    """Compute the 18th character of a unified social credit code from its first 17 (GB 32100-2015)."""
    total = sum(
        _USCC_VALUE[character] * weight for character, weight in zip(body, _USCC_WEIGHTS, strict=True)
    )
    return _USCC_ALPHABET[-total % 31]


def uscc(text: str) -> str:
    """Normalise a unified social credit code (统一社会信用代码) and verify its check digit.

    Raises:
        ValueError: wrong length, a character outside the alphabet, or a check digit that does not fit.
    """
    code = _compact(text)
    if len(code) != _USCC_LENGTH:
        raise ValueError(f"unified social credit code {text!r} has {len(code)} characters, not 18")
    foreign = sorted(set(code) - _USCC_VALUE.keys())
    if foreign:
        raise ValueError(
            f"unified social credit code {text!r} contains {''.join(foreign)}, never used in one"
        )
    expected = uscc_check_digit(code[:-1])
    if code[-1] != expected:
        raise ValueError(
            f"unified social credit code {text!r} ends in {code[-1]}, its check digit is {expected}"
        )
    return code


# --- registration number -----------------------------------------------------------------------------------

_REGISTRATION: Final = re.compile(r"\d{15}")
_FORMER_REGISTRATION: Final = re.compile(r"\d{13}")


def registration_check_digit(body: str) -> str:
    """Compute the 15th digit of a registration number from its first 14 (ISO 7064 MOD 11,10; GS 15-2006)."""
    product = 10
    for digit in body:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def registration_id(text: str) -> str:
    """Normalise a registration number of the administration for industry and commerce (工商注册号).

    Fifteen digits with a check digit since 2007, thirteen without one before.

    Raises:
        ValueError: another form (a foreign-invested company's 企合渝总01234 among them), or a check digit
            that does not fit.
    """
    number = _compact(text)
    if _FORMER_REGISTRATION.fullmatch(number):
        return number
    if not _REGISTRATION.fullmatch(number):
        raise ValueError(f"registration number {text!r} is neither 15 nor 13 digits")
    expected = registration_check_digit(number[:-1])
    if number[-1] != expected:
        raise ValueError(f"registration number {text!r} ends in {number[-1]}, its check digit is {expected}")
    return number


# --- legal entity identifier -------------------------------------------------------------------------------

_LEI: Final = re.compile(r"[0-9A-Z]{18}\d{2}")
_LETTER_VALUES: Final = {ord(letter): str(value) for value, letter in enumerate(string.ascii_uppercase, 10)}


def lei_check_digits(body: str) -> str:
    """Compute the last two digits of an LEI from its first 18 characters (ISO 17442, ISO 7064 MOD 97-10)."""
    return f"{98 - int(f'{body}00'.translate(_LETTER_VALUES)) % 97:02d}"


def lei(text: str) -> str:
    """Normalise a legal entity identifier and verify its check digits (ISO 17442).

    Raises:
        ValueError: not 18 letters or digits and two digits, or check digits that do not fit.
    """
    code = _compact(text)
    if not code.isascii() or not _LEI.fullmatch(code):
        raise ValueError(f"LEI {text!r} is not 18 letters or digits followed by two digits")
    expected = lei_check_digits(code[:-2])
    if code[-2:] != expected:
        raise ValueError(f"LEI {text!r} ends in {code[-2:]}, its check digits are {expected}")
    return code


# --- exchange codes ----------------------------------------------------------------------------------------

_CODE_LENGTH: Final = 6
_LISTING: Final = re.compile(
    r"(?:(?P<before>SH|SZ|BJ|SSE|SZSE|BSE)[.:]?)?(?P<digits>\d{1,6})(?:[.:](?P<after>SH|SS|SZ|BJ|XSHG|XSHE|BJSE))?"
)
_EXCHANGES: Final = {
    "SSE": "SH",
    "SS": "SH",
    "XSHG": "SH",
    "SZSE": "SZ",
    "XSHE": "SZ",
    "BSE": "BJ",
    "BJSE": "BJ",
}
# the prefix of a share's code names its exchange: A shares, STAR market, B shares; ChiNext; Beijing
_EXCHANGE_OF_PREFIX: Final = {
    "60": "SH",
    "68": "SH",
    "900": "SH",
    "00": "SZ",
    "30": "SZ",
    "20": "SZ",
    "43": "BJ",
    "83": "BJ",
    "87": "BJ",
    "88": "BJ",
    "92": "BJ",
}


def _exchange_of(digits: str) -> str | None:
    return _EXCHANGE_OF_PREFIX.get(digits[:3]) or _EXCHANGE_OF_PREFIX.get(digits[:2])


def listing_code(text: str | int, *, pad: bool = False) -> str:
    """Write a mainland exchange's share code as six digits and an exchange: '601318' is '601318.SH'.

    '600276.SH', 'SH600276' and '600276.XSHG' are understood. With `pad` leading zeros that a spreadsheet lost
    are put back: '1' is '000001.SZ'. Only say so of a column known to have lost them.

    Raises:
        ValueError: not a code, too few digits without `pad`, a prefix of no exchange, or a prefix of another
            exchange than the one written.
    """
    match = _LISTING.fullmatch(_compact(str(text)))
    if match is None or not match["digits"].isascii():
        raise ValueError(f"exchange code {text!r} is not up to six digits with or without an exchange")
    digits = match["digits"].zfill(_CODE_LENGTH) if pad else match["digits"]
    if len(digits) != _CODE_LENGTH:
        raise ValueError(f"exchange code {text!r} has {len(digits)} digits, not 6; were leading zeros lost?")
    exchange = _exchange_of(digits)
    if exchange is None:
        raise ValueError(f"exchange code {text!r}: prefix {digits[:2]} belongs to no share of SH, SZ or BJ")
    for written in filter(None, (match["before"], match["after"])):
        if _EXCHANGES.get(written, written) != exchange:
            raise ValueError(f"exchange code {text!r} says {written}, its prefix belongs to {exchange}")
    return f"{digits}.{exchange}"


# --- identifiers of people ---------------------------------------------------------------------------------

_SALTED_BYTES: Final = 16
_LEAST_SALT: Final = 8


def salted(value: str, salt: str | bytes) -> str:
    """Hash a source's identifier of a person with a secret salt, so that it joins but tells nothing.

    HMAC-SHA-256, the first 128 bits as hexadecimal. A bare digest would not do: a source's identifier may
    itself be a digest of few possibilities (sex and age), which anyone can try out.

    Raises:
        ValueError: an empty value, or a salt shorter than eight bytes.
    """
    secret = salt.encode() if isinstance(salt, str) else salt
    if len(secret) < _LEAST_SALT:
        raise ValueError(f"a salt of {len(secret)} bytes protects nobody; use at least {_LEAST_SALT}")
    compact = _BLANK.sub("", unicodedata.normalize("NFKC", value))
    if not compact:
        raise ValueError(
            "an empty identifier of a person cannot be hashed: it would join everyone without one"
        )
    return hmac.new(secret, compact.encode(), hashlib.sha256).hexdigest()[: 2 * _SALTED_BYTES]
