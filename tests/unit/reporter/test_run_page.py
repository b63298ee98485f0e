"""A run's page: its numbers are the run's, it is well-formed, and it tells nothing it must not."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from msgspec.structs import replace

from bulksender.errors import ExitCode, ReportError
from bulksender.model import RowStatus
from bulksender.reporter.page import (
    CountryLine,
    HourLine,
    PageContent,
    ProblemLine,
    VariantLine,
    charts,
    run_page,
    states,
    words,
    write_page,
)

SINGAPORE = CountryLine(
    country="SG",
    name="Singapore",
    messages=804,
    parts=871,
    lowest=0.0412,
    dearest=0.0412,
    amount=35.88,
    currency="SGD",
)
MALAYSIA = CountryLine(
    country="MY",
    messages=301,
    parts=352,
    lowest=0.041,
    dearest=0.05255,
    amount=18.5,
    currency="SGD",
)
NOWHERE = CountryLine(
    country="", messages=2, parts=3, lowest=None, dearest=None, amount=None, currency=None
)
FULL = PageContent(
    title="October reminders",
    period="2026-11",
    run="svzs2fxe86",
    sheet="contacts.xlsx",
    output="contacts-results.xlsx",
    rehearsal=False,
    outcome="1,105 of 1,107 messages were accepted by 8x8.",
    next="bulksender reconcile svzs2fxe86",
    planned_at="2026-11-01T00:58:02Z",
    started_at="2026-11-01T01:00:00+00:00",
    ended_at="2026-11-01T05:03:12Z",
    timezone="Asia/Singapore",
    rows=1253,
    counts={"INVALID": 146, "QUEUED": 1105, "UNKNOWN": 2, "READY": 0},
    parts=1226,
    encodings={"GSM7": 1100, "UCS2": 7},
    batches=2,
    cost=54.38,
    currency="SGD",
    cost_note="by 8x8's price list of 2026-11-01",
    countries=[SINGAPORE, MALAYSIA, NOWHERE],
    hours=[HourLine("2026-11-01 09:00", 1000), HourLine("2026-11-01 12:00", 107)],
    variants=[
        VariantLine("A", 600, {"QUEUED": 600}),
        VariantLine("B", 507, {"QUEUED": 505, "UNKNOWN": 2}),
    ],
    problems=[
        ProblemLine("INVALID", "the number is too short for Singapore", 146, (3, 17)),
        ProblemLine("UNKNOWN", "the answer was lost", 2, (1200, 1201)),
    ],
    more_problems=True,
)
EMPTY = replace(
    FULL,
    **dict.fromkeys(("period", "output", "started_at", "ended_at", "cost", "currency")),
    **dict.fromkeys(("next", "cost_note"), ""),
    **{name: [] for name in ("countries", "hours", "variants", "problems")},
    counts={},
    encodings={},
    rows=0,
    parts=0,
    batches=0,
    more_problems=False,
)


def hours(number: int, most: int = 5000) -> list[HourLine]:
    first = datetime(2026, 10, 30, 9)
    return [
        HourLine(f"{first + timedelta(hours=place):%Y-%m-%d %H:%M}", most * (place + 1) // number)
        for place in range(number)
    ]


def tree(content: PageContent) -> ElementTree.Element:
    """The page's elements: what is not well-formed does not get here."""
    head, _, rest = run_page(content).partition("\n")
    assert head == "<!DOCTYPE html>"
    return ElementTree.fromstring(rest)


def said(element: ElementTree.Element) -> str:
    """All words in an element, with single spaces."""
    return " ".join(" ".join(element.itertext()).split())


def one(root: ElementTree.Element, path: str) -> ElementTree.Element:
    (found,) = root.findall(path)
    return found


def sections(root: ElementTree.Element) -> list[str | None]:
    return [section.get("id") for section in root.iter("section")]


def figure(root: ElementTree.Element, name: str) -> tuple[str | None, str]:
    tile = one(root, f".//*[@data-figure='{name}']")
    return tile.get("data-value"), said(one(tile, "dd[@class='figure']"))


# The numbers


def test_each_states_rows_stand_in_its_cell_and_their_sum_in_the_last() -> None:
    cells = tree(FULL).findall(".//section[@id='states']//td[@data-status]")
    assert {cell.get("data-status"): cell.get("data-rows") for cell in cells} == {
        **{"QUEUED": "1105", "UNKNOWN": "2", "INVALID": "146"},
        "all": "1253",
    }
    assert [said(cell) for cell in cells] == ["1,105", "2", "146", "1,253"]


def test_the_big_figures_count_what_was_accepted_and_what_somebody_should_look_at() -> None:
    counts = {status.value: 1 for status in RowStatus} | {"QUEUED": 1_000_000}
    root = tree(replace(FULL, counts=counts, rows=sum(counts.values())))
    assert figure(root, "accepted") == ("1000004", "1,000,004")
    assert figure(root, "problems") == ("5", "5")
    assert figure(root, "parts") == ("1226", "1,226")
    assert figure(root, "cost") == ("54.38", "SGD 54.38")


def test_a_cost_that_is_not_known_is_no_zero() -> None:
    root = tree(replace(FULL, cost=None, cost_note="8x8's price list could not be read"))
    assert figure(root, "cost") == ("", "not known")
    assert tree(EMPTY).findall(".//*[@data-figure='cost']") == []


def test_countries_stand_with_their_prices_and_a_total_of_those_that_have_one() -> None:
    root = tree(FULL)
    table = one(root, ".//section[@id='countries']//table")
    rows = [[said(cell) for cell in row] for row in table.iter("tr")]
    assert rows == [
        ["Country", "Messages", "SMS parts", "Price a part", "Amount in SGD"],
        ["Singapore SG", "804", "871", "0.04120", "35.88"],
        ["MY", "301", "352", "0.04100 – 0.05255", "18.50"],
        ["Not known", "2", "3", "not known", "not known"],
        ["All", "1,107", "1,226", "", "54.38"],
    ]
    assert "1 country has no known price" in said(one(root, ".//section[@id='countries']"))
    found = one(table, ".//td[@data-dearest][@data-country='MY']")
    assert (found.get("data-lowest"), found.get("data-dearest")) == ("0.041", "0.05255")
    sums = table.findall(".//td[@data-country='all']")
    assert [dict(cell.items()) for cell in sums] == [
        {"class": "number", "data-country": "all", "data-messages": "1107"},
        {"class": "number", "data-country": "all", "data-parts": "1226"},
        {
            **{"class": "number", "data-country": "all"},
            **{"data-amount": "54.38", "data-currency": "SGD"},
        },
    ]


def test_countries_without_any_price_have_no_columns_for_it() -> None:
    table = one(tree(replace(FULL, countries=[NOWHERE])), ".//section[@id='countries']//table")
    rows = [[said(cell) for cell in row] for row in table.iter("tr")]
    assert rows == [
        ["Country", "Messages", "SMS parts"],
        ["Not known", "2", "3"],
        ["All", "2", "3"],
    ]


def test_amounts_in_two_currencies_are_not_added_up() -> None:
    root = tree(replace(FULL, countries=[SINGAPORE, replace(MALAYSIA, currency="USD")]))
    cells = [said(cell) for cell in root.findall(".//td[@data-amount]")]
    assert cells == ["SGD 35.88", "USD 18.50", ""]


def test_hours_and_variants_stand_with_the_very_numbers() -> None:
    root = tree(FULL)
    found = root.findall(".//td[@data-hour]")
    assert [(cell.get("data-hour"), said(cell)) for cell in found] == [
        ("2026-11-01 09:00", "1,000"),
        ("2026-11-01 12:00", "107"),
    ]
    cells = root.findall(".//td[@data-variant][@data-rows]")
    names = ("data-variant", "data-status", "data-rows")
    assert [tuple(cell.get(name) for name in names) for cell in cells] == [
        *(("A", "QUEUED", "600"), ("A", "UNKNOWN", "0")),
        *(("B", "QUEUED", "505"), ("B", "UNKNOWN", "2")),
    ]


def test_problems_name_their_first_rows_and_where_the_rest_is() -> None:
    section = one(tree(FULL), ".//section[@id='problems']")
    words_there = said(section)
    assert "3, 17 and 144 more" in words_there
    assert "1200, 1201" in words_there
    assert "There are more reasons than these." in words_there
    assert "contacts-results.xlsx" in words_there
    cells = section.findall(".//td[@data-problem]")
    assert [(cell.get("data-problem"), cell.get("data-rows")) for cell in cells] == [
        *(("INVALID", "146"), ("UNKNOWN", "2")),
    ]


def test_the_same_content_makes_the_same_page() -> None:
    assert run_page(FULL) == run_page(FULL)


# The words


@pytest.mark.parametrize("status", RowStatus)
def test_every_state_is_explained_and_its_name_fits_a_plot(status: RowStatus) -> None:
    for rehearsal in (False, True):
        state = states.state_of(status, rehearsal)
        assert state.meaning.endswith(".")
        assert 3 < len(state.short) <= 25
        assert state.tone in states.TONES
    assert status.value in said(tree(replace(FULL, counts={status.value: 1})))


def test_a_state_nobody_knows_is_shown_by_its_name() -> None:
    assert "PARKED" in said(one(tree(replace(FULL, counts={"PARKED": 3})), ".//*[@id='states']"))


def test_a_rehearsal_is_said_first_of_all_and_never_claims_that_8x8_accepted_anything() -> None:
    root = tree(replace(FULL, rehearsal=True, outcome="Done.", cost_note="", problems=[]))
    body = said(one(root, "body"))
    assert body.startswith("This was a rehearsal. Nobody was reached.")
    assert said(one(root, "head/title")).startswith("Rehearsal: ")
    assert body.count("8x8") == 1, "only that the simulator took its place"
    assert "Would have cost" in body
    assert "rehearsal" not in said(one(tree(FULL), "body")).lower()


def test_times_are_shown_in_the_campaigns_time_zone() -> None:
    times = one(tree(FULL), ".//section[@id='about']").findall(".//time")
    assert [(each.get("datetime"), said(each)) for each in times] == [
        ("2026-11-01T00:58:02Z", "1 November 2026, 08:58"),
        ("2026-11-01T01:00:00+00:00", "1 November 2026, 09:00"),
        ("2026-11-01T05:03:12Z", "1 November 2026, 13:03"),
    ]
    assert "(4 h 3 min)" in said(tree(FULL))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "/etc", "Europe", "a\0b"])
def test_a_time_zone_that_is_not_known_gives_utc_and_says_so(zone: str) -> None:
    about = said(one(tree(replace(FULL, timezone=zone)), ".//section[@id='about']"))
    assert "Time zone UTC" in about
    assert "1 November 2026, 00:58" in about


def test_a_time_that_cannot_be_read_stands_as_it_came() -> None:
    assert "planned some day" in said(tree(replace(FULL, planned_at="some day")))


@pytest.mark.parametrize(
    ("period", "shown"),
    [
        *(("2026-11", "November 2026"), ("2026-11-01", "1 November 2026")),
        *(("2026-W05", "Week 5 of 2026"), ("2026-13", "2026-13"), ("winter", "winter")),
    ],
)
def test_a_period_is_written_out(period: str, shown: str) -> None:
    assert said(one(tree(replace(FULL, period=period)), ".//*[@data-period]")) == shown


@pytest.mark.parametrize(
    ("rows", "of", "shown"),
    [
        *((0, 9, "0%"), (0, 0, "0%"), (9, 9, "100%"), (1, 3, "33.3%"), (1, 50, "2.0%")),
        *((1, 1_000_000, "< 0.1%"), (999_999, 1_000_000, "> 99.9%")),
    ],
)
def test_a_share_is_neither_none_nor_all_unless_it_is(rows: int, of: int, shown: str) -> None:
    assert words.share(rows, of) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        *((1234.5, "SGD", "SGD 1,234.50"), (0.0412, "USD", "USD 0.0412"), (0.0, "EUR", "EUR 0.00")),
        (2, None, "2.00"),
    ],
)
def test_money_shows_enough_digits(amount: float, currency: str | None, shown: str) -> None:
    assert words.money(amount, currency) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((0, "less than a second"), (1, "1 second"), (59, "59 seconds"), (192, "3 min 12 s")),
        *((7500, "2 h 5 min"), (90000, "1 day 1 h"), (180000, "2 days 2 h"), (-5, "")),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: int, shown: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize("status", ["QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ"])
def test_in_a_rehearsal_no_state_claims_that_a_phone_was_reached(status: str) -> None:
    real, rehearsed = states.state_of(status), states.state_of(status, rehearsal=True)
    assert rehearsed.meaning != real.meaning
    assert rehearsed.meaning.startswith("The simulator ")
    assert "8x8" not in rehearsed.short + rehearsed.meaning


# What must not be there


@pytest.mark.parametrize(
    "number",
    [
        *("+6591234567", "91234567", "9123 4567", "(65) 9123-4567", "+44 (0)7912 345678"),
        *(
            "9123.4567",
            "0065 9123 4567",
            "９１２３４５６７",
            "9123–4567",
            "9 1 2 3 4 5 6",
        ),
        *("2026-11-011", "2026-13-01", "1234-11-01", "2026-11-01 5555555"),
    ],
)
def test_what_may_be_a_phone_number_is_not_shown(number: str) -> None:
    sentence = f"wrong: {number}, in row 12"
    content = replace(
        FULL, outcome=sentence, problems=[ProblemLine("REJECTED", sentence, 1, (12,))]
    )
    page = run_page(content)
    assert number not in page
    assert page.count("wrong: …, in row 12") == 2


@pytest.mark.parametrize(
    "kept",
    [
        *("All 1,204,567 messages", "of 2026-11-01", "at 2026-11-01 09:00", "row 123456"),
        *("SGD 12000.00 is more than 9000.50", "2026-11-01T09:00:00Z"),
    ],
)
def test_dates_and_counts_are_shown(kept: str) -> None:
    assert words.redacted(kept) == kept


def test_a_detail_is_one_line_of_160_characters_at_most() -> None:
    detail = "a\tlong\n" + "reason " * 50
    shown = words.reason(detail)
    assert len(shown) <= words.MOST_DETAIL
    assert shown.startswith("a long reason reason")
    assert shown.endswith("…")
    page = run_page(replace(FULL, problems=[ProblemLine("INVALID", detail, 1, ())]))
    assert shown in page
    assert words.reason("x" * 160) == "x" * 160


EVIL = """</title></style><script>alert(1)</script><img src=x onerror='a("b")'> & &lt; {{ 7*7 }}"""


def test_nothing_in_the_content_becomes_markup() -> None:
    content = replace(
        FULL,
        **dict.fromkeys(("title", "period", "run", "sheet", "output", "outcome"), EVIL),
        **dict.fromkeys(("next", "cost_note", "currency", "planned_at", "timezone"), EVIL),
        started_at=EVIL,
        counts={EVIL: 1},
        encodings={EVIL: 1},
        countries=[replace(SINGAPORE, country=EVIL, name=EVIL, currency=EVIL)],
        hours=[HourLine(EVIL, 1)],
        variants=[VariantLine(EVIL, 1, {EVIL: 1})],
        problems=[ProblemLine(EVIL, EVIL, 1, (2,))],
    )
    root = tree(content)
    assert {each.tag for each in root.iter()} <= {each.tag for each in tree(FULL).iter()}
    assert not any(name.startswith("on") for each in root.iter() for name in each.attrib)
    assert said(one(root, ".//h1")) == EVIL
    assert one(root, ".//td[@data-variant][@data-status]").get("data-variant") == EVIL


def test_characters_that_no_document_may_hold_are_replaced(tmp_path: Path) -> None:
    content = replace(FULL, sheet="a\0b\x1b[31m\ud800\ufffe.csv", next="\x9b2J")
    assert "a\ufffdb\ufffd[31m\ufffd\ufffd.csv" in said(tree(content))
    write_page(content, tmp_path / "page.html")
    assert "\ufffd2J" in (tmp_path / "page.html").read_text("utf-8")


def test_the_page_asks_for_nothing_and_forbids_itself_to() -> None:
    root = tree(FULL)
    policy = one(root, "head/meta[@http-equiv='Content-Security-Policy']").get("content") or ""
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    first = [each.get("http-equiv") or each.get("charset") for each in one(root, "head")]
    assert first[:2] == ["utf-8", "Content-Security-Policy"], "before anything it governs"
    asking = {"src", "srcset", "href", "action", "poster", "data", "background"}
    found = {(each.tag, each.get(name)) for each in root.iter() for name in asking & {*each.attrib}}
    assert found == {("link", "data:,")}
    assert not re.search(r"url\(|@import|https?:|//\w", run_page(FULL))
    assert not {"script", "iframe", "object", "embed", "form"} & {each.tag for each in root.iter()}


# Its form


def test_sections_without_data_are_left_out() -> None:
    assert sections(tree(EMPTY)) == ["about"]
    assert sections(tree(FULL)) == [
        *("states", "problems", "countries", "hours", "variants", "about"),
    ]
    assert one(tree(FULL), ".//*[@data-next]").text == FULL.next
    assert tree(EMPTY).findall(".//*[@data-next]") == []


@pytest.mark.parametrize("number", [1, 2, 12, 30, 31, 170, 240, 241, 2000])
def test_hours_are_drawn_inside_the_plot_and_all_are_in_the_table(number: int) -> None:
    root = tree(replace(FULL, hours=hours(number)))
    plot = one(root, ".//section[@id='hours']//svg")
    drawn = [each for each in plot.findall("rect") if each.get("class") == "hour"]
    assert len(drawn) == (number if number <= 240 else (number + 8) // 24 + 1)
    edges = [(_percent(each, "x"), _percent(each, "width")) for each in drawn]
    assert all(left >= 0 and width > 0 and left + width <= 100 for left, width in edges)
    assert all(a + width < b for (a, width), (b, _) in pairwise(edges))
    times = [e for e in plot.findall("text") if (e.get("class") or "").startswith("time")]
    assert 1 <= len({each.get("x") for each in times}) <= 8
    assert len(root.findall(".//td[@data-hour]")) == number
    assert (plot.get("aria-label") or "").startswith("Messages by ")


@pytest.mark.parametrize("most", [1, 4, 7, 412, 99_819, 1_000_000])
def test_the_highest_column_fits_below_the_top_of_its_scale(most: int) -> None:
    plot = one(tree(replace(FULL, hours=hours(2, most))), ".//section[@id='hours']//svg")
    scale = [each.text or "" for each in plot.findall("text[@class='scale']")]
    values = [int(text.replace(",", "")) for text in scale]
    assert values[0] == 0
    assert values[-2] < most <= values[-1]
    assert 2 <= len(values) <= 6
    assert one(plot, "text[@class='above']").text == f"{most:,}"


def test_hours_without_messages_are_drawn_empty_and_odd_ones_left_out() -> None:
    slots, by_day = charts.slots([*FULL.hours, HourLine("noon", 5)])
    assert [slot.messages for slot in slots] == [1000, 0, 0, 107]
    assert not by_day
    assert charts.slots([HourLine("noon", 5)]) == ([], False)
    assert sections(tree(replace(FULL, hours=[HourLine("noon", 5)]))).count("hours") == 1


def test_hours_thousands_of_years_apart_do_not_fill_the_page() -> None:
    slots, by_day = charts.slots([HourLine("0001-01-01 00:00", 1), HourLine("9999-12-31 23:00", 2)])
    assert [slot.messages for slot in slots] == [1, 2]
    assert by_day


def test_one_of_a_million_is_still_seen() -> None:
    root = tree(replace(FULL, counts={"QUEUED": 1_000_000, "REJECTED": 1}, rows=1_000_001))
    plot = one(root, ".//section[@id='states']//svg")
    assert plot.get("role") == "img"
    assert plot.get("aria-label") == ("Rows by state: Accepted by 8x8 1,000,000, Refused by 8x8 1")
    found = {each.get("class"): _percent(each, "width") for each in plot.findall("rect")}
    assert found == {"good": 100, "bad": charts.LEAST, "track": 100}


def test_many_countries_are_drawn_as_one_and_all_stand_in_the_table() -> None:
    countries = [replace(SINGAPORE, name=f"Land {n}", messages=100 - n) for n in range(40)]
    section = one(tree(replace(FULL, countries=countries)), ".//section[@id='countries']")
    names = [each.text for each in section.findall(".//svg/text") if not each.get("class")]
    assert names == [*(f"Land {n}" for n in range(12)), "28 others"]
    assert len(section.findall(".//tbody/tr")) == 40


def test_a_long_name_is_cut_in_a_plot_and_whole_in_its_table() -> None:
    name = "the text with the clinic's whole address and its opening hours"
    section = one(
        tree(replace(FULL, variants=[VariantLine(name, 5, {"QUEUED": 5})])),
        ".//section[@id='variants']",
    )
    drawn = one(section, ".//svg/text[@x='0']").text or ""
    assert len(drawn) == charts.MOST_NAME
    assert said(one(section, ".//tbody//th")) == name


def test_variants_without_messages_are_drawn_as_empty_bars() -> None:
    root = tree(replace(FULL, variants=[VariantLine("A", 0, {}), VariantLine("B", 0, {})]))
    plot = one(root, ".//section[@id='variants']//svg")
    assert [each.get("class") for each in plot.findall("rect")] == ["track", "track"]


def test_every_table_has_a_caption_and_a_head_for_screen_readers_and_paper() -> None:
    for table in tree(FULL).iter("table"):
        assert said(one(table, "caption"))
        assert all(cell.get("scope") == "col" for cell in one(table, "thead/tr"))
        assert all(cell.get("scope") == "row" for cell in table.findall("tbody/tr/th"))


def _percent(element: ElementTree.Element, name: str) -> float:
    return float((element.get(name) or "").removesuffix("%"))


def _luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(scheme: int) -> None:
    roots = re.findall(r":root \{(.*?)\}", run_page(FULL), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", roots[scheme]))

    def contrast(one: str, other: str) -> float:
        low, high = sorted((_luminance(colours[one]), _luminance(colours[other])))
        return (high + 0.05) / (low + 0.05)

    texts = ["ink", "soft", "good", "fix"]
    assert min(contrast(text, on) for text in texts for on in ("ground", "sheet")) >= 4.5
    assert contrast("ink", "track") >= 4.5
    assert contrast("warn-ink", "warn-ground") >= 4.5
    assert min(contrast(tone, on) for tone in states.TONES for on in ("sheet", "track")) >= 3


# The file


def test_the_file_holds_the_page(tmp_path: Path) -> None:
    path = tmp_path / "Bericht ü.html"
    write_page(FULL, path)
    assert path.read_bytes() == run_page(FULL).encode()
    path.chmod(0o640)
    write_page(EMPTY, path)
    assert path.read_text("utf-8") == run_page(EMPTY)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link = tmp_path / "latest.html"
    link.symlink_to(tmp_path / "kept" / "page.html")
    write_page(FULL, link)
    assert link.is_symlink()
    assert (tmp_path / "kept" / "page.html").read_text("utf-8") == run_page(FULL)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/page.html", "No such file or directory"),
        ("folder", "Is a directory"),
        ("file/page.html", "Not a directory"),
        ("loop", "loop|too many levels"),
        ("a\0b", "null"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_named_with_the_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ReportError, match=f"(?i){reason}") as raised:
        write_page(FULL, tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)
    assert raised.value.exit_code == ExitCode.STOPPED
    assert sorted(tmp_path.iterdir()) == before


SCARCE = """
import resource, sys
from pathlib import Path
import msgspec
from bulksender.errors import ReportError
from bulksender.reporter.page import PageContent, write_page

content = msgspec.json.decode(sys.stdin.buffer.read(), type=PageContent)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    write_page(content, Path(sys.argv[1]))
except ReportError as error:
    print(error)
"""


def test_a_page_that_has_no_room_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("the old one", "utf-8")
    ended: Any = subprocess.run(
        [sys.executable, "-c", SCARCE, str(path)],
        input=msgspec.json.encode(FULL),
        capture_output=True,
        check=True,
    )
    assert b"File too large" in ended.stdout
    assert path.read_text("utf-8") == "the old one"
    assert [*tmp_path.iterdir()] == [path]
