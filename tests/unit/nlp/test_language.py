"""Which texts are Chinese."""

from __future__ import annotations

import pytest

from nlp.language import is_chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("甲江重工中标5亿元项目", True),
        ("甲江重工與乙山醫藥簽約", True),
        ("甲江重工收购OpenTech Inc. 30%股权", True),
        ("", True),
        ("2026-03-05 12.3%", True),
        ("The company pledged 3,000,000 shares to the bank.", False),
        ("株式会社雲嶺は本日、株式を担保に差し入れた。", False),
        ("Компания заложила акции", False),
    ],
)
def test_a_text_is_chinese_where_its_characters_are(text, chinese):
    assert is_chinese(text) is chinese
