"""Dates and numbers as a sheet shows them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from corpus.making import Styled

SHOWN: tuple[tuple[Any, str], ...] = (
    (5, "5"),
    (5.0, "5"),
    (0, "0"),
    (819.1900000000001, "819.19"),
    (0.1 + 0.2, "0.3"),
    (-12.5, "-12.5"),
    (1000000, "1000000"),
    (12345678901, "12345678901"),
    ("007", "007"),
    ("  Anna  ", "Anna"),
    ("1,234.50", "1,234.50"),
    (True, "TRUE"),
    (False, "FALSE"),
    (Styled(5, "0.00"), "5.00"),
    (Styled(-5, "0.00"), "-5.00"),
    (Styled(819.1900000000001, "0.00"), "819.19"),
    (Styled(2.675, "0.0"), "2.7"),
    (Styled(0.15, "0%"), "15%"),
    (Styled(0.125, "0.0%"), "12.5%"),
    (Styled(42, "00000"), "00042"),
    (Styled(1234567.5, "#,##0.00"), "1,234,567.50"),
    (Styled(1234, "#,##0"), "1,234"),
    (Styled(12.5, '"S$"0.00'), "S$12.50"),
    (Styled(1234.5, '#,##0.00" kg"'), "1,234.50 kg"),
    (Styled(12.5, '0.00" EUR"'), "12.50 EUR"),
    (Styled(3, '0" pieces"'), "3 pieces"),
    (date(2026, 11, 30), "2026-11-30"),
    (Styled(date(2026, 11, 30), "dd/mm/yyyy"), "2026-11-30"),
    (Styled(date(2026, 1, 5), "d mmm yy"), "2026-01-05"),
    (Styled(date(2026, 1, 5), "mm-dd-yy"), "2026-01-05"),
    (Styled(46000, "yyyy-mm-dd"), "2025-12-09"),
    (datetime(2026, 11, 30, 9, 5), "2026-11-30 09:05"),
    (Styled(datetime(2026, 11, 30, 18, 30), "d/m/yyyy h:mm AM/PM"), "2026-11-30 18:30"),
    (time(9, 5), "09:05"),
)
"""Value → how it stands in a text."""
