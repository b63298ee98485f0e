"""Text files: encodings, delimiters, quotes, odd rows; what the text says, who stays out."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from corpus.making import ANNA, BEN, CARL, DORA, Case, all_rows, delimited, text

HI = "Hi {{ name }}"
TWO = all_rows(2, ANNA, BEN)
SHEET = f"Name,Mobile\nAnna,{ANNA}\nBen,{BEN}\n"
NAMES = {2: "Hi Anna", 3: "Hi Ben"}
UMLAUTS = f"Name,Mobile\nJürgen Groß,{ANNA}\nZoë,{BEN}\n"
UMLAUT_TEXTS = {2: "Hi Jürgen Groß", 3: "Hi Zoë"}
WORLD = f"Name;Mobile\n李明;{ANNA}\nŁukasz;{BEN}\n"
WORLD_TEXTS = {2: "Hi 李明", 3: "Hi Łukasz"}


def marked(content: str, encoding: str, mark: bytes) -> bytes:
    """Text with a byte order mark before it."""
    return mark + content.encode(encoding)


def simple(name: str, content: str | bytes, texts: dict[int, str], file: str) -> Case:
    """Two contacts in rows 2 and 3."""
    return Case(name=name, sheet=text(content, file), template=HI, sent=TWO, texts=texts)


def cases() -> Iterator[Case]:
    """Encodings × files, delimiters, words that stay text, and everything else by name."""
    le, be = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
    yield simple("UTF-8", UMLAUTS, UMLAUT_TEXTS, "c.csv")
    yield simple("UTF-8 with mark", UMLAUTS.encode("utf-8-sig"), UMLAUT_TEXTS, "c.csv")
    yield simple("UTF-8, other scripts", WORLD, WORLD_TEXTS, "c.csv")
    yield simple("UTF-16 LE", marked(WORLD, "utf-16-le", le), WORLD_TEXTS, "c.csv")
    yield simple("UTF-16 BE", marked(WORLD, "utf-16-be", be), WORLD_TEXTS, "c.csv")
    unicode_text = marked(WORLD.replace(";", "\t").replace("\n", "\r\n"), "utf-16-le", le)
    yield simple("Excel's Unicode Text", unicode_text, WORLD_TEXTS, "c.txt")
    for ends, end in (("CR LF", "\r\n"), ("CR only", "\r"), ("LF", "\n")):
        yield simple(f"line ends {ends}", SHEET.replace("\n", end), NAMES, "c.csv")
        yield simple(f"{ends}, none at the end", SHEET.strip().replace("\n", end), NAMES, "c.csv")
    yield simple("CR in UTF-16", marked(SHEET.replace("\n", "\r"), "utf-16-le", le), NAMES, "c.csv")
    for called, delimiter in (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|")):
        for file in ("c.csv", "c.txt"):
            content = SHEET.replace(",", delimiter)
            yield simple(f"{called} in {file}", content, NAMES, file)
        yield Case(
            name=f"sep= line, {called}",
            sheet=text(f"sep={delimiter}\r\n" + SHEET.replace(",", delimiter)),
            template=HI,
            sent={3: ANNA, 4: BEN},
            texts={3: "Hi Anna", 4: "Hi Ben"},
            described=("header in row 2",),
        )
    yield simple("tab in c.tsv", SHEET.replace(",", "\t"), NAMES, "c.tsv")
    for word in ("NA", "N/A", "nan", "NaN", "null", "NULL", "None", "#N/A", "TRUE", "inf"):
        yield Case(
            name=f"the word {word} stays text",
            sheet=delimited(("Name", "Mobile"), (word, ANNA)),
            template=HI,
            sent={2: ANNA},
            texts={2: f"Hi {word}"},
        )
    for typed in ("007", "5.0", "1e5", "1,234.50", "2026-01-05", "15%", "+5", "$12", "=A1"):
        yield Case(
            name=f"{typed} stays as typed",
            sheet=delimited(("Name", "Mobile"), (typed, ANNA)),
            template=HI,
            sent={2: ANNA},
            texts={2: f"Hi {typed}"},
        )
    yield from ENCODED
    yield from ROWS
    yield from PEOPLE


ENCODED = (
    Case(
        name="Windows-1252, and that is said",
        sheet=text(UMLAUTS, encoding="cp1252"),
        template=HI,
        sent=TWO,
        texts=UMLAUT_TEXTS,
        notices={"Windows-1252": 0},
        described=("Windows-1252",),
    ),
    Case(
        name="a German Excel's CSV: sep=, semicolons, Windows-1252, CR LF",
        sheet=text(
            f"sep=;\r\nName;Betrag;Handy\r\nJörg;12,50 €;{ANNA}\r\n;;\r\n", encoding="cp1252"
        ),
        template="{{ name }} {{ betrag }}",
        sent={3: ANNA},
        texts={3: "Jörg 12,50 €"},
        notices={"Windows-1252": 0},
    ),
    Case(
        name="Windows-1252 far down the file",
        sheet=text(
            SHEET.encode() + b",\n" * 3000 + f"Renée,{CARL}\n".encode("cp1252"),
        ),
        template=HI,
        sent=TWO | {3004: CARL},
        texts={3004: "Hi Renée"},
        notices={"Windows-1252": 0},
    ),
    Case(
        name="plain ASCII raises no remark about its encoding",
        sheet=text(SHEET),
        sent=TWO,
        silent=("UTF-8", "Windows"),
    ),
)

ROWS = (
    Case(
        name="newlines and delimiters in quotes",
        sheet=text(f'Mobile,Note\n{ANNA},"a, ""b""\nc"\n{BEN},"d\r\n\r\ne"\n{CARL},f\n'),
        template="{{ note }}",
        sent=all_rows(2, ANNA, BEN, CARL),
        texts={2: 'a, "b"\nc', 4: "f"},
    ),
    Case(
        name="header cells with line breaks",
        sheet=text(f'"Mobile\nphone","First\r\nname"\n{ANNA},Anna\n'),
        template="Hi {{ first_name }}",
        sent={2: ANNA},
        texts={2: "Hi Anna"},
    ),
    Case(
        name="a quote in the middle of a cell",
        sheet=text(f'Mobile,Note\n{ANNA},a 5" pipe\n{BEN},b\n'),
        template="{{ note }}",
        sent=TWO,
        texts={2: 'a 5" pipe', 3: "b"},
    ),
    Case(
        name="short rows",
        sheet=text(f"Mobile,Name,City\n{ANNA}\n{BEN},Ben\n{CARL},Carl,Ipoh\n"),
        template='{{ name | default("you") }} {{ city | default("-") }}',
        sent=all_rows(2, ANNA, BEN, CARL),
        texts={2: "you -", 3: "Ben -", 4: "Carl Ipoh"},
    ),
    Case(
        name="rows that are too long",
        sheet=text(f"Mobile,Name\n{ANNA},Lee, Anna\n{BEN},Ben\n{CARL},Carl,,\n"),
        sent=all_rows(2, ANNA, BEN, CARL),
        notices={"more cells than the header": 1},
    ),
    Case(
        name="trailing empty columns",
        sheet=text(f"Mobile,Name,,,,\n{ANNA},Anna,,,,\n{BEN},Ben,,,,\n"),
        template=HI,
        sent=TWO,
        texts=NAMES,
        silent=("more cells",),
    ),
    Case(
        name="trailing empty rows",
        sheet=text(f"Mobile;Name;City\n{ANNA};Anna;X\n{BEN};Ben;Y\n" + ";;\n" * 1000),
        sent=TWO,
    ),
    Case(
        name="blank lines and rows of spaces between",
        sheet=text(f"Mobile,Name\n\n{ANNA},Anna\n,\n  , \n{BEN},Ben\n\n"),
        template=HI,
        sent={3: ANNA, 6: BEN},
        texts={3: "Hi Anna", 6: "Hi Ben"},
    ),
    Case(
        name="title lines above the header",
        sheet=text(f"Customers of May\nexported 2026-05-01\n\nMobile,Name\n{ANNA},Anna\n"),
        template=HI,
        sent={5: ANNA},
        texts={5: "Hi Anna"},
        described=("header in row 4",),
    ),
    Case(
        name="a title padded to the sheet's width, with a hotline in it",
        sheet=text(f"Members (hotline +65 6212 3456),,\n,,\nName,Mobile,City\nAnna,{ANNA},X\n"),
        template=HI,
        sent={4: ANNA},
        texts={4: "Hi Anna"},
        described=("header in row 3",),
    ),
    Case(
        name="title lines above a header that names no phone",
        sheet=text(f"Members\n\nWho,Reach at\nAnna,{ANNA}\nBen,{BEN}\n"),
        template="Hi {{ who }}",
        sent={4: ANNA, 5: BEN},
        texts={4: "Hi Anna", 5: "Hi Ben"},
        described=("header in row 3", "chosen by what stands in it"),
    ),
    Case(
        name="one column only",
        sheet=text(f"Mobile\n{ANNA}\n{BEN}\n"),
        sent=TWO,
    ),
    Case(
        name="commas in the cells of a semicolon file",
        sheet=text(f"Mobile;Amount;Note\n{ANNA};12,50;a, b, c\n{BEN};1,00;d, e, f\n"),
        template="{{ amount }} {{ note }}",
        sent=TWO,
        texts={2: "12,50 a, b, c", 3: "1,00 d, e, f"},
    ),
    Case(
        name="semicolons and pipes in the cells of a comma file",
        sheet=text(f"Mobile,Note,City\n{ANNA},a;b;c|d,X\n{BEN},e;f;g|h,Y\n"),
        template="{{ note }}",
        sent=TWO,
        texts={2: "a;b;c|d", 3: "e;f;g|h"},
    ),
    Case(
        name="every cell in quotes, spaces around",
        sheet=text(f'"Mobile","Name"\n" {ANNA} ","  Anna "\n"{BEN}","Ben"\n'),
        template=HI,
        sent=TWO,
        texts=NAMES,
    ),
    Case(name="a header without rows", sheet=text("Name,Mobile\n"), sent={}),
    Case(
        name="a total below the contacts is no contact",
        sheet=text(f"Name,Mobile,Due\nAnna,{ANNA},5\nBen,{BEN},6\nTotal,,11\n"),
        sent=TWO,
        kept={4: ("INVALID", '"Mobile" (B)', "missing")},
    ),
)

PEOPLE = (
    Case(
        name="the same number, written in three ways",
        sheet=delimited(
            ("Name", "Mobile"), ("Anna", "9123 4567"), ("Ann", "+6591234567"), ("A", "006591234567")
        ),
        country="SG",
        sent={2: ANNA},
        kept={3: ("DUPLICATE", "row 2"), 4: ("DUPLICATE", "row 2")},
    ),
    Case(
        name="an opt-out column",
        sheet=delimited(
            ("Mobile", "Opt out"), (ANNA, "no"), (BEN, "YES"), (CARL, ""), (DORA, "since May")
        ),
        sent={2: ANNA, 4: CARL},
        kept={3: ("OPTED_OUT", "opt-out"), 5: ("OPTED_OUT", "opt-out")},
        described=('opt-out column "Opt out" (B)',),
    ),
    Case(
        name="Unsubscribed with TRUE and FALSE",
        sheet=delimited(("Mobile", "Unsubscribed"), (ANNA, "FALSE"), (BEN, "TRUE"), (CARL, "0")),
        sent={2: ANNA, 4: CARL},
        kept={3: ("OPTED_OUT",)},
    ),
    Case(
        name="Do not text with crosses",
        sheet=delimited(("Mobile", "Do not text"), (ANNA, ""), (BEN, "x"), (CARL, "-")),
        sent={2: ANNA, 4: CARL},
        kept={3: ("OPTED_OUT",)},
    ),
    Case(
        name="a consent column",
        sheet=delimited(
            ("Mobile", "Consent"), (ANNA, "Yes"), (BEN, "No"), (CARL, "2026-01-05"), (DORA, "?!")
        ),
        sent={2: ANNA, 4: CARL},
        kept={3: ("OPTED_OUT",), 5: ("OPTED_OUT",)},
    ),
    Case(
        name="an opt-out counts for all rows with that number",
        sheet=delimited(("Mobile", "Opt out"), (ANNA, ""), (BEN, ""), ("+65 9123 4567", "yes")),
        sent={3: BEN},
        kept={2: ("OPTED_OUT", "row 4"), 4: ("OPTED_OUT",)},
    ),
    Case(
        name="a row with a bad number does not hold up the others",
        sheet=delimited(("Mobile", "Name"), ("12", "A"), (BEN, "B"), ("", "C"), (DORA, "D")),
        country="SG",
        sent={3: BEN, 5: DORA},
        kept={2: ("INVALID", '"Mobile" (A)', "too short"), 4: ("INVALID", "missing")},
    ),
    Case(
        name="a blank cell that the text needs",
        sheet=delimited(("Mobile", "Name"), (ANNA, ""), (BEN, "Ben")),
        template=HI,
        sent={3: BEN},
        kept={2: ("INVALID", '"Name"', "blank")},
    ),
    Case(
        name="rows with texts of their own",
        sheet=delimited(("Mobile", "Message"), (ANNA, "Hi {{ you }}"), (BEN, "")),
        template="Hello",
        text_column="Message",
        sent=TWO,
        texts={2: "Hi {{ you }}", 3: "Hello"},
    ),
    Case(
        name="rows that an earlier run has sent",
        sheet=delimited(
            ("Mobile", "umid", "status", "run"), (ANNA, "u-1", "QUEUED", "r1"), (BEN, "", "", "")
        ),
        sent={3: BEN},
        kept={2: ("ALREADY_SENT", "r1")},
    ),
)
