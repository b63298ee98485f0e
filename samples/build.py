"""Make the two sample sheets, the same bytes every time.

    python samples/build.py [FOLDER]

writes `contacts.csv` (a clean list) and `shop.xlsx` (a workbook as a shop keeps it, its phone
numbers damaged in every way met so far; README.md lists them) into FOLDER, by default this one.

Everybody in them is invented. The numbers are valid ones with a telling pattern (`9000 0123`);
no such number is reserved for examples in Singapore, so send these sheets to the simulator only.

Two runs on one machine give identical files. Between machines every part inside the workbook
stays the same byte for byte as long as XlsxWriter does (`constraints.txt` pins it); only how the
parts are compressed is the choice of the zlib that Python was built with.
"""

from __future__ import annotations

import csv
import struct
import sys
import zlib
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

HERE = Path(__file__).resolve().parent
MADE = datetime(2026, 11, 2, 9, 0)
SHOP = "Lotus Home & Garden"

GREEN, PALE, LINE = "#1F5C4A", "#E4F0EA", "#C9D8D1"
MONEY = '"S$"#,##0.00'

HEADER_ROW = 3  # as Excel counts: a title above it, then an empty line
HEADERS = {  # header → column width in characters
    "No.": 5,
    "Name": 25,
    "Mobile": 23,
    "E-mail": 30,
    "Last visit": 11,
    "Due date": 11,
    "Amount due": 13,
    "Paid": 12,
    "Balance": 12,
    "SMS?": 8,
    "Member ID": 11,
    "Note": 30,
    "Own text": 52,
}
MONEY_HEADERS = ("Amount due", "Paid", "Balance")
COLUMN = {header: number for number, header in enumerate(HEADERS)}


class Quoted(str):
    """A text somebody typed with an apostrophe before it, which Excel keeps out of the text."""


class OldBook(str):
    """A number looked up in the hidden sheet: a formula, and the result it last had."""


class Customer(NamedTuple):
    """One line of the shop's sheet; `mobile` is a number where Excel took it for one."""

    name: str
    mobile: str | int
    amount: float | None = None
    paid: float = 0.0
    sms: str = "yes"
    note: str = ""
    own: str = ""


# `None` is a line left empty between two groups of customers.
CUSTOMERS: list[Customer | None] = [
    Customer("Fern Tan", "+65 9000 0101", 819.1900000000002),
    Customer("Basil Lim", "+6590000102", 245.50, 245.50),
    Customer("JASMINE ONG", 90000103, 64.35000000000001, note="prefers mornings"),
    Customer("Olive Goh", 6590000104, 1280.00, 500.00, note="pays by instalments"),
    Customer("Clementine Ng", "90000105", 38.90),
    Customer("Forrest Chua", "6590000106.0", 412.75, 100.00),
    Customer(
        "Heather Koh",
        "+65 8100 0107",
        own="Dear Heather, your “Moon Orchid” has arrived – we’ll keep it until 30\u00a0Nov. "
        "Lotus Home & Garden",
    ),
    Customer("Rowan Teo", "6.590000108E9", 157.20, note="number came from the old till"),
    Customer("Hazel Wong", "6.59E+09", 96.00, note="number lost in an export"),
    Customer("Poppy Seah", "'90000110", 73.45),
    Customer("陈小兰", "+65 9000 0111", 310.00, 10.00, note="Mandarin, please"),
    Customer("Sage Pillai", "9000 0112", 55.00, 55.00, sms="STOP", note="replied STOP on 3 Oct"),
    Customer("Willow Yeo", " +65-9000-0113 ", 349.1500000000001),
    Customer("Ivy Sim", "9000–0114", 21.80, note="-10% voucher"),
    Customer("Ash Rahman", "8100\u20110115", 188.00, 88.00),
    Customer("முல்லை குமார்", "+65 9000 0116", 142.60),
    Customer("Dahlia Chew", "0065 9000 0117", 67.25, note="=SUM of both receipts"),
    Customer("Bay Laurel", "+44 (0)7400 000118", 930.40, 400.00, note="in London till March"),
    Customer("Reed Ho", "９０００ ０１１９", 12.50),
    Customer("ياسمين الزهراء", "٩٠٠٠٠١٢٠", 275.00),
    Customer("Lily Foo", "\u202a+65 9000 0121\u202c", 44.10, note="copied from her contact card"),
    Customer("", "+65 9000 0122", 89.90, note="name to be asked"),
    Customer("Linden Kwok", "9000\u200b0123", 505.05, 5.05),
    Customer("มะลิ ดอกไม้", "+66 80 000 0124", 198.00, note="ships to Bangkok"),
    None,
    Customer("Bryony Lau", "tel:+65-9000-0125", 26.70),
    Customer("Alder Singh", "9000 0126 / 8100 0126", 330.00, note="his and hers"),
    Customer("Myrtle Quek", "call wife", 120.00),
    Customer("Cliff Meadows", "9000 01", 18.00, note="last digits missing"),
    Customer("Marigold Tay", "", 75.60, note="e-mail only"),
    Customer("Δάφνη Ανθού", "+30 694 000 0130", 260.80, 60.80),
    Customer("Heath Bogaars", "9000 0131 x12", 640.00, note="office line, through the desk"),
    Customer("Peony Leong", OldBook("+65 9000 0132"), 99.00),
    Customer("Juniper Ang", OldBook("#N/A"), 58.40, note="not in the old book either"),
    Customer("fern tan", 90000101, 40.00, note="second order"),
    Customer("Zoë Blümlein", "+49 171 3920035", 415.30, 415.30),
    Customer("Petal Chong 🌻", "+65 9000 0136", 33.30, note="@petal.and.stem"),
    Customer("Bramble Neo", "+65\u00a09000\u00a00137", 720.00, 360.00),
    Customer("Clover Ibrahim", "(65) 9000 0138", 81.00, sms="no"),
    Customer("Tansy Low", "9000.0139", 14.90, sms=""),
    Customer("Rosemary Lee", "81000140", 226.00, note="trade customer"),
    Customer("Moss Aziz", "90000141\n", 60.00, own="Moss, your 6 bags of compost are ready."),
    Customer(
        "Chloé Lavande",
        "+33 6 10 00 01 42",
        145.00,
        note="en français",
        own="Chère Chloé, votre commande est prête. À bientôt ! Lotus Home & Garden",
    ),
    Customer("Thorn Bala", "+91 90000 00143", 380.00, 80.00),
    Customer("Lavender Toh", Quoted("+65 8100 0144"), 52.15),
    None,
    None,
    Customer("Orchid Mohamed", "+60 12-000 0145", 210.00, 110.00, note="Johor branch"),
    Customer("Lee, Rosemary", "0065-8100-0140", 226.00, note="is this the same one?"),
    Customer("Cedar Phua", "8100 0147", 17.00, 20.00, note="3.00 to give back"),
    Customer("Violet Gan", "+61 491 570 156", 92.30, note="+1 guest at the workshop"),
    Customer(
        "Elm Sandhu",
        "9000 0149",
        own="Elm, thank you for 10 years with us! Your gift: €20 off anything green in November. "
        "Show {TENYEARS} at the till of either shop, or type it in the box “voucher” when you "
        "order at home. One gift a household.",
    ),
    Customer("Saffron D'Cruz", "+65 8100 0150", 68.00),
    Customer("Birch Tham", "+62 812-0000-0151", 154.00, 54.00),
    Customer("Daisy Chia", "90000152", 29.95, own="🌼 Daisy, your daisies are here!"),
    Customer("桜井 つばき", "+81 90-1000-0153", 470.00),
    Customer("Flora Menon", 81000154, 36.00, sms="stop"),
    Customer("Aspen Boey", "+852 5100 0155", 205.00),
    Customer("", "9000 0156", None, note="walk-in"),
    Customer("Camellia Poh", "8100 0157", 111.10, 11.10),
    Customer("Palm Gopal", "+65 9000 0158", 1999.00, 999.00, note="two planters, on order"),
    Customer("Ginger Soh", "90000159", 7.50, sms="Yes"),
    Customer("Jade Rajan", "+65 9000 0160", 134.00),
]

STOCK = [  # code, item, on hand, order below, price
    ("PL-01", "Moon orchid", 18, 12, 38.90),
    ("PL-02", "Peace lily", 25, 10, 24.50),
    ("PL-03", "Money plant", 7, 15, 12.80),
    ("PL-04", "Bird of paradise", 4, 3, 89.00),
    ("PL-05", "Desert rose", 9, 10, 29.90),
    ("PO-01", "Clay pot, 20 cm", 60, 40, 9.20),
    ("PO-02", "Glazed planter, 45 cm", 6, 8, 64.00),
    ("SO-01", "Potting mix, 10 l", 112, 50, 7.90),
    ("SO-02", "Orchid bark, 3 l", 31, 20, 11.40),
    ("TO-01", "Watering can", 14, 6, 22.00),
    ("TO-02", "Secateurs", 3, 5, 34.60),
]

CONTACT_HEADERS = ("Name", "Mobile", "City", "Amount due", "Paid", "Balance", "Due date")
CONTACTS = """
Fern Tan|+65 9000 0201|Singapore|120.00|0
Basil Lim|+65 9000 0202|Singapore|89.90|89.90
Jasmine Ong|+65 8100 0203|Singapore|1250.00|500.00
Olive Goh|+65 9000 0204|Singapore|64.35|0
Clementine Ng|+65 8100 0205|Singapore|38.90|0
Forrest Chua|+65 9000 0206|Singapore|412.75|100.00
Heather Koh|+65 9000 0207|Singapore|75.00|0
Rowan Teo|+65 8100 0208|Singapore|157.20|57.20
Hazel Wong|+65 9000 0209|Singapore|96.00|0
Poppy Seah|+65 9000 0210|Singapore|73.45|73.45
陈小兰|+65 9000 0211|Singapore|310.00|10.00
Sage Pillai|+65 8100 0212|Singapore|55.00|0
Willow Yeo|+65 9000 0213|Singapore|349.15|0
Ivy Sim|+65 9000 0214|Singapore|21.80|0
Ash Rahman|+60 12-000 0215|Johor Bahru|188.00|88.00
Linden Kwok|+65 8100 0216|Singapore|505.05|5.05
Dahlia Chew|+65 9000 0217|Singapore|67.25|0
Bay Laurel|+44 7400 000218|London|930.40|400.00
Reed Ho|+65 9000 0219|Singapore|12.50|12.50
Lily Foo|+65 8100 0220|Singapore|44.10|0
Bryony Lau|+65 9000 0221|Singapore|26.70|0
Alder Singh|+65 9000 0222|Singapore|330.00|0
Myrtle Quek|+65 8100 0223|Singapore|120.00|20.00
Cliff Meadows|+61 491 570 156|Perth|18.00|0
Marigold Tay|+65 9000 0225|Singapore|75.60|0
"Sim, Peony"|+65 9000 0226|Singapore|99.00|49.50
Juniper Ang|+65 8100 0227|Singapore|58.40|0
Zoë Blümlein|+49 171 3920028|Hamburg|415.30|415.30
Petal Chong|+65 9000 0229|Singapore|33.30|0
Bramble Neo|+65 9000 0230|Singapore|720.00|360.00
Clover Ibrahim|+60 12-000 0231|Melaka|81.00|0
Tansy Low|+65 8100 0232|Singapore|14.90|0
Rosemary Lee|+65 9000 0233|Singapore|226.00|0
Moss Aziz|+62 812-0000-0234|Batam|60.00|0
Thorn Bala|+91 90000 00235|Chennai|380.00|80.00
Lavender Toh|+65 9000 0236|Singapore|52.15|0
Orchid Mohamed|+65 8100 0237|Singapore|210.00|110.00
Cedar Phua|+65 9000 0238|Singapore|17.00|20.00
Violet Gan|+852 5100 0239|Hong Kong|92.30|0
Elm Sandhu|+65 9000 0240|Singapore|148.00|0
"""


def write_contacts(path: Path) -> None:
    """Write the clean list: UTF-8 without a mark, commas, one line a contact."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(CONTACT_HEADERS)
        for number, line in enumerate(csv.reader(CONTACTS.split("\n")[1:-1], delimiter="|")):
            name, mobile, city, amount, paid = line
            balance = float(amount) - float(paid)
            money = [f"{value:.2f}" for value in (float(amount), float(paid), balance)]
            out.writerow([name, mobile, city, *money, due_date(number).isoformat()])


def due_date(number: int) -> date:
    """Bills are due in the middle of the month or at its end."""
    return date(2026, 11, 15 if number % 4 == 0 else 30)


def write_shop(path: Path) -> None:
    """Write the shop's workbook: Customers, Stock, and the hidden Lists."""
    # xlsxwriter dates every part of the archive 1980-01-01, as Excel does.
    with xlsxwriter.Workbook(path, {"in_memory": True, "strings_to_urls": False}) as book:
        book.set_properties(
            {
                "title": f"{SHOP}: customers",
                "subject": "Customer list",
                "author": "Iris Bloom",
                "manager": "Forsythia Green",
                "company": SHOP,
                "keywords": "customers, stock",
                "created": MADE,
            }
        )
        book.set_custom_property("Branch", "Tiong Bahru")
        customers = book.add_worksheet("Customers")
        stock = book.add_worksheet("Stock")
        lists = book.add_worksheet("Lists")
        write_lists(book, lists)
        last_row = write_customers(book, customers)
        dress_customers(book, customers, last_row)
        write_stock(book, stock)
        customers.activate()


def write_customers(book: Workbook, sheet: Worksheet) -> int:
    """Fill the first sheet and return its last customer's row as Excel counts rows."""
    edge = {"bottom": 4, "bottom_color": LINE, "valign": "top"}
    plain = book.add_format(edge)
    number = book.add_format({**edge, "font_color": "#808080", "align": "center"})
    text = book.add_format({**edge, "num_format": "@"})
    quoted = book.add_format({**edge, "num_format": "@", "quote_prefix": True})
    phone = book.add_format({**edge, "num_format": "0", "align": "left"})
    day = book.add_format({**edge, "num_format": "dd mmm yyyy", "align": "left"})
    money = book.add_format({**edge, "num_format": MONEY})
    sum_of = book.add_format({**edge, "num_format": MONEY, "bold": True})
    centred = book.add_format({**edge, "align": "center"})
    wrapped = book.add_format({**edge, "text_wrap": True})
    link = book.add_format({**edge, "font_color": "#0563C1", "underline": 1})
    formats = (number, plain, text, plain, day, day, money, money, sum_of, centred) + (plain,) * 2

    write_heading(book, sheet)
    count = 0
    row = HEADER_ROW - 1  # as xlsxwriter counts, from 0
    for customer in CUSTOMERS:
        row += 1
        if customer is None:
            continue
        count += 1
        sheet.write_number(row, COLUMN["No."], count, number)
        write_text(sheet, row, "Name", customer.name, plain)
        write_mobile(sheet, row, customer.mobile, phone, quoted, text)
        if email := email_of(customer.name):
            sheet.write_url(row, COLUMN["E-mail"], f"mailto:{email}", link, email)
        else:
            sheet.write_blank(row, COLUMN["E-mail"], None, plain)
        seen = date(2026, 10, 31) - timedelta(days=count * 37 % 240)
        sheet.write_datetime(row, COLUMN["Last visit"], seen, day)
        write_money(sheet, row, customer, count, (day, money, sum_of))
        write_text(sheet, row, "SMS?", customer.sms, centred)
        write_text(sheet, row, "Member ID", f"LH-{1000 + 7 * count}", plain)
        write_text(sheet, row, "Note", customer.note, plain)
        write_text(sheet, row, "Own text", customer.own, wrapped)
        if len(customer.own) > HEADERS["Own text"]:
            sheet.set_row(row, 15 * (len(customer.own) // HEADERS["Own text"] + 1))
    # A line made ready for the next customer: its cells have formats and nothing else.
    for column, cell_format in enumerate((*formats, wrapped)):
        sheet.write_blank(row + 1, column, None, cell_format)
    return row + 1


def write_heading(book: Workbook, sheet: Worksheet) -> None:
    """Write the merged title with the logo on it, and the header after an empty line."""
    title = book.add_format(
        {
            "bold": True,
            "font_size": 18,
            "font_color": "white",
            "bg_color": GREEN,
            "valign": "vcenter",
            "indent": 6,
        }
    )
    head = {
        "bold": True,
        "font_color": GREEN,
        "bg_color": PALE,
        "bottom": 2,
        "bottom_color": GREEN,
        "valign": "vcenter",
    }
    header = book.add_format(head)
    centred = book.add_format({**head, "align": "center"})
    right = book.add_format({**head, "align": "right"})
    aligned = {"No.": centred, "SMS?": centred, **dict.fromkeys(MONEY_HEADERS, right)}
    sheet.set_row(0, 42)
    sheet.merge_range(0, 0, 0, len(HEADERS) - 1, f"{SHOP}: customers, November 2026", title)
    sheet.insert_image(
        0,
        0,
        "logo.png",
        {
            "image_data": BytesIO(logo_png()),
            "x_offset": 6,
            "y_offset": 4,
            "object_position": 2,
            "description": f"{SHOP}: a lotus",
        },
    )
    sheet.set_row(HEADER_ROW - 1, 24)
    for column, (name, width) in enumerate(HEADERS.items()):
        sheet.set_column(column, column, width, None, {"hidden": name == "Member ID"})
        sheet.write_string(HEADER_ROW - 1, column, name, aligned.get(name, header))


def write_text(sheet: Worksheet, row: int, header: str, text: str, cell_format: Format) -> None:
    """Write a text as it stands, `=` and all; an empty one leaves a formatted, blank cell."""
    if text:
        sheet.write_string(row, COLUMN[header], text, cell_format)
    else:
        sheet.write_blank(row, COLUMN[header], None, cell_format)


def write_mobile(
    sheet: Worksheet, row: int, mobile: str | int, phone: Format, quoted: Format, text: Format
) -> None:
    """Write a phone number the way it got into the sheet."""
    if isinstance(mobile, int):
        sheet.write_number(row, COLUMN["Mobile"], mobile, phone)
    elif isinstance(mobile, OldBook):
        formula = f"=VLOOKUP(B{row + 1},OldPhoneBook,2,FALSE)"
        sheet.write_formula(row, COLUMN["Mobile"], formula, text, str(mobile))
    else:
        cell_format = quoted if isinstance(mobile, Quoted) else text
        write_text(sheet, row, "Mobile", str(mobile), cell_format)


def write_money(
    sheet: Worksheet, row: int, customer: Customer, count: int, formats: tuple[Format, ...]
) -> None:
    """Write what is owed until when, what was paid, and their difference as a formula."""
    day, money, sum_of = formats
    if customer.amount is None:
        sheet.write_blank(row, COLUMN["Due date"], None, day)
        sheet.write_blank(row, COLUMN["Amount due"], None, money)
    else:
        sheet.write_datetime(row, COLUMN["Due date"], due_date(count), day)
        sheet.write_number(row, COLUMN["Amount due"], customer.amount, money)
    sheet.write_number(row, COLUMN["Paid"], customer.paid, money)
    balance = (customer.amount or 0.0) - customer.paid
    sheet.write_formula(row, COLUMN["Balance"], f"=G{row + 1}-H{row + 1}", sum_of, balance)


def email_of(name: str) -> str:
    """Return an address at a domain that nobody owns, or nothing for a name not in ASCII."""
    words = name.lower().replace(",", "").replace("'", "").split()
    return ".".join(words) + "@example.com" if words and name.isascii() else ""


def dress_customers(book: Workbook, sheet: Worksheet, last_row: int) -> None:
    """Add what surrounds the data: filter, panes, colours by value, choices, a comment, print."""
    first = HEADER_ROW + 1
    last_column = len(HEADERS) - 1
    sheet.freeze_panes(HEADER_ROW, 2)
    sheet.autofilter(HEADER_ROW - 1, 0, last_row - 1, last_column)
    sheet.data_validation(
        f"J{first}:J{last_row + 1}",
        {
            "validate": "list",
            "source": "=SmsChoices",
            "error_type": "warning",
            "error_title": "SMS?",
            "error_message": "yes, no, or STOP if the customer asked us to stop.",
        },
    )
    stopped = book.add_format({"font_color": "#9A9A9A", "italic": True})
    large = book.add_format({"font_color": "#9C0006", "bg_color": "#FFC7CE"})
    sheet.conditional_format(
        f"A{first}:M{last_row}",
        {"type": "formula", "criteria": f'=UPPER($J{first})="STOP"', "format": stopped},
    )
    sheet.conditional_format(
        f"I{first}:I{last_row}", {"type": "cell", "criteria": ">", "value": 500, "format": large}
    )
    sheet.conditional_format(
        f"G{first}:G{last_row}", {"type": "data_bar", "bar_color": "#9CCBB7", "bar_solid": True}
    )
    sheet.write_comment(
        f"C{row_of('Alder Singh')}",
        "Iris: the first is his, the second his wife's. Ask which one to use.",
        {"author": "Iris Bloom", "x_scale": 1.4, "y_scale": 0.7},
    )
    sheet.ignore_errors({"number_stored_as_text": f"C{first}:C{last_row}"})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADER_ROW - 1)
    sheet.set_footer("&L&A&CPage &P of &N&RConfidential")


def row_of(name: str) -> int:
    """Return the row, as Excel counts, of the customer of this name."""
    names = [customer.name if customer else None for customer in CUSTOMERS]
    return HEADER_ROW + 1 + names.index(name)


def write_stock(book: Workbook, sheet: Worksheet) -> None:
    """Fill the second sheet: the stock, its value by formulas, and a chart of it."""
    style = {"bold": True, "bg_color": PALE, "font_color": GREEN, "bottom": 2}
    left, right = book.add_format(style), book.add_format({**style, "align": "right"})
    centred = book.add_format({"align": "center"})
    middle = book.add_format({**style, "align": "center"})
    heads = (left, left, right, right, right, right, middle)
    money = book.add_format({"num_format": MONEY})
    total = book.add_format({"num_format": MONEY, "bold": True, "top": 1})
    bold = book.add_format({"bold": True, "top": 1})
    order = book.add_format({"font_color": "#9C5700", "bg_color": "#FFEB9C"})
    titles = ("Code", "Item", "On hand", "Order below", "Price", "Value", "To do")
    for column, (title, width) in enumerate(zip(titles, (9, 24, 9, 12, 11, 13, 9), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, heads[column])
    for row, (code, item, on_hand, low, price) in enumerate(STOCK, start=1):
        sheet.write_row(row, 0, (code, item, on_hand, low))
        sheet.write_number(row, 4, price, money)
        sheet.write_formula(row, 5, f"=C{row + 1}*E{row + 1}", money, on_hand * price)
        todo = "order" if on_hand < low else "ok"
        sheet.write_formula(row, 6, f'=IF(C{row + 1}<D{row + 1},"order","ok")', centred, todo)
    end = len(STOCK)
    sheet.write_string(end + 1, 0, "Total", bold)
    for column in range(1, 5):
        sheet.write_blank(end + 1, column, None, bold)
    value = sum(on_hand * price for _, _, on_hand, _, price in STOCK)
    sheet.write_formula(end + 1, 5, f"=SUM(F2:F{end + 1})", total, value)
    sheet.conditional_format(
        f"G2:G{end + 1}", {"type": "cell", "criteria": "==", "value": '"order"', "format": order}
    )
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Value",
            "categories": ["Stock", 1, 1, end, 1],
            "values": ["Stock", 1, 5, end, 5],
            "fill": {"color": GREEN},
            "gap": 60,
        }
    )
    chart.set_title({"name": "Stock value, S$", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True}})
    chart.set_size({"width": 520, "height": 340})
    sheet.insert_chart("I2", chart)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)


def write_lists(book: Workbook, sheet: Worksheet) -> None:
    """Fill the hidden sheet: the choices of a column, and the numbers of the old phone book."""
    sheet.write_column(0, 0, ("SMS?", "yes", "no", "STOP"))
    sheet.write_row(0, 2, ("Old book", "Mobile"))
    found = [c for c in CUSTOMERS if c and isinstance(c.mobile, OldBook) and c.mobile != "#N/A"]
    for row, customer in enumerate(found, start=1):
        sheet.write_string(row, 2, customer.name)
        sheet.write_string(row, 3, str(customer.mobile))
    sheet.hide()
    book.define_name("SmsChoices", "=Lists!$A$2:$A$4")
    book.define_name("OldPhoneBook", f"=Lists!$C$2:$D${len(found) + 1}")


# A petal is an ellipse: its middle, the direction it points in, half its length, half its width.
# The picture is 48 by 48; a leaf, then the petals from the back to the front.
LEAF, OUTER, INNER, FRONT = (126, 190, 146), (226, 132, 160), (240, 170, 190), (251, 214, 224)
PETALS = (
    ((24.0, 39.0), (1.0, 0.0), 20.0, 4.5, LEAF),
    ((12.5, 28.5), (0.8, 0.6), 12.5, 5.0, OUTER),
    ((35.5, 28.5), (-0.8, 0.6), 12.5, 5.0, OUTER),
    ((17.0, 23.0), (0.384615, 0.923077), 14.5, 5.5, INNER),
    ((31.0, 23.0), (-0.384615, 0.923077), 14.5, 5.5, INNER),
    ((24.0, 21.5), (0.0, 1.0), 17.0, 6.5, FRONT),
)


def logo_png(size: int = 48, fine: int = 4) -> bytes:
    """Draw the lotus, `size` pixels square, each the mean of `fine` x `fine` points.

    Drawn and packed here rather than by a library, so that its bytes are the same everywhere:
    plain arithmetic, and image data that is not compressed (the workbook's archive does that).
    """
    lines = bytearray()
    for y in range(size):
        lines.append(0)  # PNG filter type 0: the line as it is
        for x in range(size):
            points = [
                colour_at(x + (2 * i + 1) / (2 * fine), y + (2 * j + 1) / (2 * fine))
                for i in range(fine)
                for j in range(fine)
            ]
            inside = [point for point in points if point is not None]
            mean = [sum(part) // len(inside) for part in zip(*inside, strict=True)] or [0, 0, 0]
            lines += bytes((*mean, 255 * len(inside) // len(points)))
    stored = struct.pack("<BBBHH", 0x78, 0x01, 1, len(lines), len(lines) ^ 0xFFFF)
    data = stored + lines + struct.pack(">I", zlib.adler32(lines))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)),
        (b"IDAT", data),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def colour_at(x: float, y: float) -> tuple[int, int, int] | None:
    """Return the colour of the front petal that covers a point, if any does."""
    for (middle_x, middle_y), (along_x, along_y), length, width, colour in reversed(PETALS):
        dx, dy = x - middle_x, y - middle_y
        along = (dx * along_x + dy * along_y) / length
        across = (dx * along_y - dy * along_x) / width
        if along * along + across * across <= 1:
            return colour
    return None


def main(arguments: list[str]) -> None:
    """Write both files into the folder named, or beside this script."""
    folder = Path(arguments[0]) if arguments else HERE
    write_contacts(folder / "contacts.csv")
    write_shop(folder / "shop.xlsx")


if __name__ == "__main__":
    main(sys.argv[1:])
