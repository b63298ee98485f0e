"""Phone cells, each in a sheet of its own: what is sent, or words of the reason why not."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.making import Case, Maker, Styled, by_openpyxl, by_xlsxwriter, delimited

SG, GB, US = "+6591234567", "+447911123456", "+12025550123"
LOST, TWO, MISSING = "digits were lost", "two phone numbers", "missing"

TYPED: list[tuple[str | None, str, str]] = [
    # as people write them at home
    *(
        ("SG", cell, SG)
        for cell in ("91234567", "9123 4567", "9123-4567", "9123.4567", "9123 4567 ")
    ),
    *(
        ("SG", cell, SG)
        for cell in ("(65) 9123 4567", "65 9123 4567", "6591234567", "+65-9123-4567")
    ),
    *(("SG", cell, SG) for cell in ("(+65) 9123 4567", "+(65) 9123 4567", "+65.9123.4567")),
    *(
        ("GB", cell, GB)
        for cell in ("07911 123456", "07911-123-456", "(07911) 123456", "447911123456")
    ),
    *(("US", cell, US) for cell in ("(202) 555-0123", "202.555.0123", "1 (202) 555-0123")),
    *(("US", cell, US) for cell in ("12025550123", "+1-202-555-0123", "1-202-555-0123")),
    ("DE", "0151/12345678", "+4915112345678"),
    ("DE", "0151 / 123 456 78", "+4915112345678"),
    ("FR", "06.12.34.56.78", "+33612345678"),
    ("FR", "06 12 34 56 78", "+33612345678"),
    ("NL", "06-12345678", "+31612345678"),
    ("BE", "0470/12.34.56", "+32470123456"),
    ("ES", "612 34 56 78", "+34612345678"),
    ("IT", "312 345 6789", "+393123456789"),
    ("CH", "078 123 45 67", "+41781234567"),
    ("PL", "512-345-678", "+48512345678"),
    ("RU", "8 (912) 345-67-89", "+79123456789"),
    ("TR", "(0501) 234 56 78", "+905012345678"),
    ("IN", "98765 43210", "+919876543210"),
    ("IN", "+91-98765-43210", "+919876543210"),
    ("ID", "0812-3456-7890", "+6281234567890"),
    ("MY", "012-345 6789", "+60123456789"),
    ("CN", "138 0013 8000", "+8613800138000"),
    ("JP", "０９０－１２３４－５６７８", "+819012345678"),
    ("KR", "010-2000-0000", "+821020000000"),
    ("AE", "٠٥٠١٢٣٤٥٦٧", "+971501234567"),
    ("BR", "(11) 96123-4567", "+5511961234567"),
    ("AR", "011 15-2345-6789", "+5491123456789"),
    # abroad, seen from home
    ("SG", "+44 7911 123456", GB),
    ("GB", "+65 9123 4567", SG),
    ("US", "011 65 9123 4567", SG),
    ("AU", "0011 44 7911 123456", GB),
    ("TH", "001 44 7911 123456", GB),
    # 00 and a number in America, or 001, which is dialled there, and one in Singapore
    ("HK", "001 65 8212 3456", "write it with +"),
    ("SG", "0016582123456", "write it with +"),
    # without a country
    (None, "6591234567", SG),
    (None, "65 9123 4567", SG),
    (None, "+6591234567", SG),
    (None, "006591234567", SG),
    (None, "91234567", "--country"),
    (None, "07911123456", "--country"),
    # 00 and (0)
    ("SG", "0065 9123 4567", SG),
    ("SG", "00 65 9123 4567", SG),
    ("GB", "00447911123456", GB),
    ("GB", "+44 (0)7911 123456", GB),
    ("GB", "+44(0)7911123456", GB),
    ("GB", "0044 (0) 7911 123456", GB),
    ("GB", "+44 07911 123456", GB),
    ("DE", "+49 (0) 151 12345678", "+4915112345678"),
    ("FR", "+33 (0)6 12 34 56 78", "+33612345678"),
    # as spreadsheet programs leave them
    ("SG", "6591234567.0", SG),
    ("SG", "91234567.0", SG),
    (None, "6591234567.0", SG),
    ("SG", "6.591234567E9", SG),
    ("SG", "6.591234567E+09", SG),
    ("SG", "6,591234567E+09", SG),
    ("SG", "6.59E+09", LOST),
    ("GB", "4.479E+11", LOST),
    ("US", "1.23457E+11", LOST),
    (None, "6,59E+09", LOST),
    ("SG", "'91234567", SG),
    ("SG", "'+65 9123 4567", SG),
    ("SG", "\N{RIGHT SINGLE QUOTATION MARK}91234567", SG),
    ("GB", '="07911123456"', GB),
    ("GB", "7912345678", "+447912345678"),
    ("FR", "612345678", "+33612345678"),
    ("AU", "412345678", "+61412345678"),
    ("CI", "712345678", "+2250712345678"),
    ("CI", "0712345678", "+2250712345678"),
    ("CG", "61234567", "+242061234567"),
    # the country code in front, and its + lost, where that could be an area code at home too
    ("DE", "4915112345678", "+4915112345678"),
    ("DE", "49 151 12345678", "+4915112345678"),
    ("ID", "62812345678", "+62812345678"),
    ("ID", "6281234567890", "+6281234567890"),
    ("XK", "38343201234", "+38343201234"),
    ("AT", "436641234567", "+436641234567"),
    ("IT", "393123456789", "+393123456789"),
    ("IN", "919876543210", "+919876543210"),
    ("SG", "-91234502", "negative"),
    # dashes, spaces, digits and invisible characters of every kind
    *(("SG", f"9123{dash}4567", SG) for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"),
    *(("SG", f"+65{space}9123{space}4567", SG) for space in "\u00a0\u2007\u2009\u202f\u3000\t"),
    ("SG", "\u202a+6591234567\u202c", SG),
    ("SG", "\u200e+65 9123 4567\u200f", SG),
    ("SG", "\u200b91234567\u200b", SG),
    ("SG", "\ufeff91234567", SG),
    ("SG", "9123\u200d4567", SG),
    ("SG", "+65\u00ad91234567", SG),
    ("SG", "＋６５　９１２３　４５６７", SG),
    ("IN", "९८७६५४३२१०", "+919876543210"),
    ("SG", "tel:+6591234567", SG),
    ("SG", "tel:+65-9123-4567", SG),
    ("SG", "Tel: 9123 4567", SG),
    # what no text can be sent to
    *(("SG", f"6212 3456 {more}", "extension") for more in ("ext 12", "ext. 12", "x12", "#12")),
    ("US", "202-555-0123 extension 9", "extension"),
    ("SG", "tel:+6562123456;ext=12", "extension"),
    *(
        ("SG", cell, "letters")
        for cell in ("n/a", "none", "9123456O", "9123 4567 (wife)", "call me")
    ),
    ("US", "1-800-FLOWERS", "letters"),
    *(("SG", f"9123 4567{between}9876 5432", TWO) for between in (" / ", ", ", "; ", " & ", "\n")),
    *(("SG", f"9123 4567{between}9876 5432", TWO) for between in (" or ", " and ", " ::: ")),
    ("SG", "+6591234567 +6598765432", TWO),
    ("SG", "91234567 98765432", TWO),
    ("SG", "9123 4567 - 9876 5432", TWO),
    *(("SG", cell, MISSING) for cell in ("", "   ", "-", "--", "\u2013", "'", "\u00a0")),
    ("SG", "9123456", "too short"),
    ("SG", "912345678901", "too long"),
    ("SG", "999", "too short"),
    ("SG", "+999 1234 5678", "country code"),
    ("SG", "21234567", "no such number"),
    ("GB", "+44 7911 12345", "no such number"),
    ("SG", "9123*4567", "sign *"),
    *(("SG", cell, "date") for cell in ("31/12/2025", "31.12.2025", "31-12-2025")),
    ("DK", "31-12-2025", "date"),
]

FIXED: list[tuple[str, str, str]] = [
    ("SG", "6212 3456", "+6562123456"),
    ("GB", "020 7946 0958", "+442079460958"),
    ("DE", "030/123456", "+4930123456"),
    ("FR", "01 42 68 53 00", "+33142685300"),
]

STORED: list[tuple[str | None, object, str]] = [
    ("SG", 6591234567, SG),
    ("SG", 91234567, SG),
    (None, 6591234567.0, SG),
    ("GB", 7911123456, GB),
    ("CI", 712345678, "+2250712345678"),
    ("DE", 4915112345678, "+4915112345678"),
    ("DE", 15112345678, "+4915112345678"),
    ("SG", Styled(6591234567, "0.00"), SG),
    ("SG", Styled(6591234567, "#,##0"), SG),
    ("SG", Styled(6591234567, "0.00E+00"), SG),
    ("GB", Styled(7911123456, "00000000000"), GB),
    ("GB", Styled(7911123456, "00000 000000"), GB),
    ("US", Styled(2025550123, "(000) 000-0000"), US),
    (None, Styled(6591234567, '"+"0'), SG),
    (None, Styled(6591234567, '"+"00 0000 0000'), SG),
    ("SG", "'91234567", SG),
    ("SG", 91234567.5, "fraction"),
    ("SG", -91234502, "negative"),
    ("SG", True, "TRUE or FALSE"),
    ("SG", 6.59e20, "too long"),
    ("SG", Styled(46000, "dd/mm/yyyy"), "date"),
    ("SG", "#REF!", "#REF!"),
    ("SG", "6.59E+09", LOST),
    # a CSV with the short form, opened in Excel: the digits are gone for good
    ("SG", Styled(6590000000, "0.00E+00"), LOST),
    ("GB", Styled(447912000000, "0.00E+00"), LOST),
]


def cases() -> Iterator[Case]:
    """A sheet of one contact for every cell."""
    for country, cell, expected in TYPED:
        sheet = delimited(("Name", "Mobile"), ("Anna", cell))
        name = f"cell, {country or 'no country'}: {cell!a}"
        yield _case(name, sheet, country, expected)
    for country, cell, expected in FIXED:
        yield Case(
            name=f"fixed line, {country}: {cell}",
            sheet=delimited(("Name", "Mobile"), ("Anna", cell), ("Ben", "+6591234567")),
            country=country,
            sent={2: expected, 3: SG},
            notices={"fixed-line": 1},
        )
    for country, value, expected in STORED:
        rows = ("Name", "Mobile"), ("Anna", value)
        shown = f"{country or 'no country'}: {value!r}"
        yield _case(f"openpyxl, {shown}", by_openpyxl(*rows), country, expected)
        if value != "#REF!":  # which xlsxwriter writes as a text
            yield _case(f"xlsxwriter, {shown}", by_xlsxwriter(*rows), country, expected)


def _case(name: str, sheet: Maker, country: str | None, expected: str) -> Case:
    if expected.startswith("+"):
        return Case(name=name, sheet=sheet, country=country, sent={2: expected}, silent=("fixed",))
    return Case(
        name=name, sheet=sheet, country=country, kept={2: ("INVALID", '"Mobile" (B)', expected)}
    )
