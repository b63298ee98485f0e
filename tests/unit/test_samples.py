"""The sample sheets and templates are what samples/README.md says they are."""

import csv
import re
import runpy
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import jinja2
import jinja2.meta
import openpyxl
import phonenumbers
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
TEMPLATES = sorted((ROOT / "templates").glob("*.txt"))

# openpyxl says that it would lose the data bars on saving; these tests only read.
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported:UserWarning")


def build(folder: Path) -> Path:
    folder.mkdir()
    runpy.run_path(str(SAMPLES / "build.py"))["main"]([str(folder)])
    return folder


def archive_parts(path: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(i.filename, i.date_time, archive.read(i)) for i in archive.infolist()]


@pytest.fixture(scope="module")
def values() -> Iterator[Workbook]:
    book = openpyxl.load_workbook(SAMPLES / "shop.xlsx", data_only=True)
    yield book
    book.close()


@pytest.fixture(scope="module")
def formulas() -> Iterator[Workbook]:
    book = openpyxl.load_workbook(SAMPLES / "shop.xlsx")
    yield book
    book.close()


def contacts() -> list[dict[str, str]]:
    with (SAMPLES / "contacts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def variables(headers: list[str]) -> set[str]:
    return {re.sub(r"[^0-9a-z]+", "_", header.lower()).strip("_") for header in headers}


def header_of(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for cell in sheet[3]]


def visible(value: object) -> str:
    """Write what cannot be seen as U+XXXX, the way the README does; a plain space stays."""
    return "".join(
        f"U+{ord(char):04X}"
        if char in "\u00a0\u2011" or unicodedata.category(char) in ("Cc", "Cf")
        else char
        for char in str(value)
    )


def damage_table() -> list[tuple[str, str, str]]:
    text = (SAMPLES / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| .+ \| (C\d+) \|(?: `(.+)`)? \| (\S+) \|$", text, re.MULTILINE)
    return [(cell, shown, outcome) for cell, shown, outcome in rows]


def test_building_again_gives_the_kept_csv_byte_for_byte(tmp_path: Path) -> None:
    built = build(tmp_path / "built")
    kept = (SAMPLES / "contacts.csv").read_bytes()
    assert (built / "contacts.csv").read_bytes() == kept


def test_building_again_gives_every_part_of_the_kept_workbook_byte_for_byte(tmp_path: Path) -> None:
    # Parts, not the archive: how they are compressed is up to the zlib Python was built with.
    built = build(tmp_path / "built")
    assert archive_parts(built / "shop.xlsx") == archive_parts(SAMPLES / "shop.xlsx")


def test_building_twice_gives_identical_workbooks(tmp_path: Path) -> None:
    first, second = build(tmp_path / "first"), build(tmp_path / "second")
    assert (first / "shop.xlsx").read_bytes() == (second / "shop.xlsx").read_bytes()


def test_every_number_in_the_contacts_is_a_valid_mobile_number_and_occurs_once() -> None:
    mobile = (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    numbers = [phonenumbers.parse(row["Mobile"]) for row in contacts()]
    for number in numbers:
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) in mobile
    written = {phonenumbers.format_number(n, phonenumbers.PhoneNumberFormat.E164) for n in numbers}
    assert len(written) == len(numbers) == 40


def test_contacts_have_no_blank_cell_and_add_up() -> None:
    for row in contacts():
        assert all(row.values())
        date.fromisoformat(row["Due date"])
        left = float(row["Amount due"]) - float(row["Paid"])
        assert f"{left:.2f}" == row["Balance"]


def test_the_shop_opens_on_customers_with_a_merged_title_and_an_empty_line(
    values: Workbook,
) -> None:
    sheet = values["Customers"]
    assert values.sheetnames == ["Customers", "Stock", "Lists"]
    assert values.active is sheet
    assert "A1:M1" in {str(area) for area in sheet.merged_cells.ranges}
    assert sheet["A1"].value == "Lotus Home & Garden: customers, November 2026"
    assert all(cell.value is None for cell in sheet[2])
    assert header_of(sheet)[:3] == ["No.", "Name", "Mobile"]


def test_the_shop_has_sixty_people_between_its_empty_rows(values: Workbook) -> None:
    sheet = values["Customers"]
    empty = [
        row[0].row for row in sheet.iter_rows(min_row=4) if all(cell.value is None for cell in row)
    ]
    assert sheet.max_row == 67
    assert empty == [28, 49, 50, 67]
    assert [c.value for c in sheet["A"][3:] if c.value is not None] == list(range(1, 61))
    assert sheet["C67"].border.bottom.style == "dotted"


def test_the_shop_has_the_parts_a_rewrite_would_lose(formulas: Workbook) -> None:
    customers = formulas["Customers"]
    comment = customers["C30"].comment
    assert customers.auto_filter.ref == "A3:M66"
    assert customers.freeze_panes == "C4"
    assert customers.column_dimensions["K"].hidden
    assert comment is not None
    assert comment.author == "Iris Bloom"
    assert len(customers.conditional_formatting) == 3
    assert [str(rule.sqref) for rule in customers.data_validations.dataValidation] == ["J4:J67"]
    assert formulas["Lists"].sheet_state == "hidden"
    assert set(formulas.defined_names) == {"SmsChoices", "OldPhoneBook"}
    assert formulas.properties.creator == "Iris Bloom"
    with zipfile.ZipFile(SAMPLES / "shop.xlsx") as archive:
        assert b"charts/chart1.xml" in archive.read("xl/drawings/_rels/drawing2.xml.rels")
        picture = Image.open(BytesIO(archive.read("xl/media/image1.png")))
        picture.load()
    assert picture.size == (48, 48)
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0)


def test_every_formula_keeps_the_value_it_had(values: Workbook, formulas: Workbook) -> None:
    count = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    count += 1
                    assert values[sheet.title][cell.coordinate].value is not None
    assert count == 60 + 2 + 2 * 11 + 1
    for row_number in (4, 6, 7, 53):
        amount, paid, balance = (
            values["Customers"][f"{letter}{row_number}"].value for letter in "GHI"
        )
        assert balance == amount - paid


def test_texts_that_look_like_formulas_are_texts(formulas: Workbook) -> None:
    sheet = formulas["Customers"]
    notes = [sheet[cell] for cell in ("L17", "L20", "L40", "L54")]
    assert [str(note.value)[0] for note in notes] == ["-", "=", "@", "+"]
    assert all(note.data_type == "s" for note in notes)


def test_the_readme_shows_each_damaged_cell_as_it_is(values: Workbook) -> None:
    sheet = values["Customers"]
    table = damage_table()
    assert len(table) == 30
    for cell, shown, outcome in table:
        value = sheet[cell].value
        assert visible("" if value is None else value) == shown, cell
        if outcome.startswith("+"):
            assert phonenumbers.is_valid_number(phonenumbers.parse(outcome)), cell
        else:
            assert outcome in ("INVALID", "DUPLICATE"), cell


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_uses_only_columns_that_both_samples_have(path: Path, values: Workbook) -> None:
    environment = jinja2.Environment()
    used = jinja2.meta.find_undeclared_variables(environment.parse(path.read_text("utf-8")))
    assert used <= variables(header_of(values["Customers"]))
    assert used <= variables(list(contacts()[0]))


def test_the_greeting_is_one_plain_part_without_blanks_to_fill() -> None:
    text = (ROOT / "templates" / "greeting.txt").read_text("utf-8").rstrip("\n")
    assert text.isascii()
    assert not set(text) & set("{}[]\\^~|`\n")
    assert len(text) <= 160
