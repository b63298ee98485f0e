"""A campaign with several texts, or with sender IDs by country: who gets which."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from campaign_folder import NEXT, PEOPLE, THIS, Folder
from openpyxl import Workbook, load_workbook
from shell import Shell

from bulksender.rules import Variant, variant_of
from bulksender.simulator import Simulator
from bulksender.source import RESULT_COLUMNS

TWO: tuple[dict[str, Any], ...] = (
    {"name": "A", "text": "A for {{ name }}", "weight": 1},
    {"name": "B", "text": "B for {{ name }}", "weight": 3},
)
MANY = {f"Person {n}": f"+659123{n:04}" for n in range(40)}


@pytest.fixture
def folder(shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(shell.folder)
    made = Folder(shell, simulator)
    made.sheet(MANY)
    made.campaign(variants=TWO)
    return made


def cells(path: Path) -> list[list[str]]:
    """The cells of a CSV or of a workbook's first sheet."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file))
    sheet = load_workbook(path).active
    assert sheet is not None
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.values]


def workbook(folder: Folder, rows: list[list[str]], name: str = "contacts.xlsx") -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(folder.path / name)


# Who gets which -------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (90, 9, 1)])
def test_of_many_numbers_as_many_get_a_variant_as_the_weights_say(weights: tuple[int, ...]) -> None:
    variants = [
        Variant(name=str(place), template="", weight=weight) for place, weight in enumerate(weights)
    ]
    numbers = [f"+65{80_000_000 + n * 7}" for n in range(20_000)]
    counted = Counter(variant_of(number, variants).name for number in numbers)
    for variant in variants:
        share = variant.weight / sum(weights)
        deviation = (20_000 * share * (1 - share)) ** 0.5
        assert abs(counted[variant.name] - 20_000 * share) < 4 * deviation


def test_each_text_is_that_of_its_number_s_variant(folder: Folder) -> None:
    ended = folder.run("--json")
    assert ended.code == 0, ended.err
    names = {number: name for name, number in MANY.items()}
    variants = [Variant(name=each["name"], template="", weight=each["weight"]) for each in TWO]
    texts = {each.destination: each.text for each in folder.sim.messages}
    assert texts == {
        number: f"{variant_of(number, variants).name} for {names[number]}" for number in names
    }
    assert {text[0] for text in texts.values()} == {"A", "B"}


def test_a_number_has_the_same_variant_in_every_period_whoever_else_is_in_the_sheet(
    folder: Folder,
) -> None:
    assert folder.run().code == 0
    first = {each.destination: each.text for each in folder.sim.messages}
    few = dict(reversed([*MANY.items()][10:25]))
    folder.sheet(few)
    assert folder.run("--period", NEXT).code == 0
    again = [(each.destination, each.text) for each in folder.sim.messages[len(MANY) :]]
    assert len(again) == 15
    assert all(first[number] == text for number, text in again)


def test_a_cell_matters_only_to_the_variant_that_prints_it(folder: Folder) -> None:
    """Every row lacks its city: those whose text names it cannot go out, the others can."""
    rows = [f"{name},{number}," for name, number in MANY.items()]
    folder.write("contacts.csv", "\n".join(["Name,Mobile,City", *rows]) + "\n")
    with_city = {"name": "C", "text": "C in {{ city }}", "weight": 1}
    folder.campaign(variants=(TWO[0], with_city))
    said = folder.run("--json").json
    assert {each.text[0] for each in folder.sim.messages} == {"A"}
    assert said["counts"]["QUEUED"] == len(folder.sim.messages)
    assert said["counts"]["INVALID"] == len(MANY) - len(folder.sim.messages)


def test_a_row_with_a_text_of_its_own_gets_that(folder: Folder) -> None:
    folder.write("contacts.csv", "Name,Mobile,Own\nAnn,+6591230001,Mine\nBob,+6591230002,\n")
    folder.campaign(variants=TWO, recipients={"text_column": "Own"})
    assert folder.run().code == 0
    texts = {each.destination: each.text for each in folder.sim.messages}
    assert texts["+6591230001"] == "Mine"
    assert texts["+6591230002"][1:] == " for Bob"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {{ nmae }}", "Variant B: "),
        ("Hi {{ name", "Variant B: "),
    ],
)
def test_what_is_wrong_with_a_text_names_its_variant(folder: Folder, text: str, said: str) -> None:
    folder.campaign(variants=(TWO[0], {"name": "B", "text": text}))
    for ended in (folder.check(), folder.run()):
        assert ended.code == 3
        assert said in ended.err
    assert not folder.sim.posts


# What is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_result_says_who_got_which_variant_behind_all_its_columns(
    folder: Folder, suffix: str
) -> None:
    rows = [["Name", "Mobile"], *([name, number] for name, number in MANY.items()), ["Dot", "12"]]
    workbook(folder, rows)
    folder.sheet(MANY | {"Dot": "12"})
    folder.campaign(variants=TWO, recipients={"path": f"contacts{suffix}"})
    assert folder.run().code == 0
    header, *found = cells(folder.path / f"results/news-{THIS}{suffix}")
    assert header == ["Name", "Mobile", *RESULT_COLUMNS, "variant"]
    said = {row[1]: row[-1] for row in found}
    got = {each.destination: each.text[0] for each in folder.sim.messages}
    assert said == got | {"12": ""}
    assert {len(row) for row in found} == {len(header)}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_without_variants_there_is_no_such_column(folder: Folder, suffix: str) -> None:
    workbook(folder, [["Name", "Mobile"], ["Ann", PEOPLE["Ann"]]])
    folder.campaign(recipients={"path": f"contacts{suffix}"})
    assert folder.run().code == 0
    header = cells(folder.path / f"results/news-{THIS}{suffix}")[0]
    assert header == ["Name", "Mobile", *RESULT_COLUMNS]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_column_of_the_sheet_s_own_that_is_called_variant_is_kept(
    folder: Folder, suffix: str
) -> None:
    """Also where the result is sent once more, which uses the column of the first result again."""
    rows = [["Name", "variant", "Mobile"], *([n, "mine", each] for n, each in MANY.items())]
    workbook(folder, rows)
    folder.write("contacts.csv", "\n".join(map(",".join, rows)) + "\n")
    folder.campaign(variants=TWO, recipients={"path": f"contacts{suffix}"})
    assert folder.run().code == 0
    first = cells(folder.path / f"results/news-{THIS}{suffix}")
    assert first[0] == ["Name", "variant", "Mobile", *RESULT_COLUMNS, "variant"]
    assert [row[:3] for row in first] == rows
    assert {row[-1] for row in first[1:]} == {"A", "B"}

    folder.campaign(variants=TWO, recipients={"path": f"results/news-{THIS}{suffix}"})
    assert folder.run("--period", NEXT).code == 0
    second = cells(folder.path / f"results/news-{NEXT}{suffix}")
    assert second[0] == first[0]
    assert [row[:3] for row in second] == rows
    assert [row[-1] for row in second] == [row[-1] for row in first]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_result_that_is_sent_again_keeps_its_columns_and_has_new_values(
    folder: Folder, suffix: str
) -> None:
    workbook(folder, [["Name", "Mobile"], *([name, number] for name, number in MANY.items())])
    folder.campaign(variants=TWO, recipients={"path": f"contacts{suffix}"})
    assert folder.run().code == 0
    renamed = [each | {"name": each["name"] * 2} for each in TWO]
    folder.campaign(variants=renamed, recipients={"path": f"results/news-{THIS}{suffix}"})
    assert folder.run("--period", NEXT).code == 0
    first, second = (cells(folder.path / f"results/news-{key}{suffix}") for key in (THIS, NEXT))
    assert second[0] == first[0]
    assert [row[-1] for row in second[1:]] == [row[-1] * 2 for row in first[1:]]


def test_a_column_called_variant_is_kept_where_the_earlier_run_had_no_variants(
    folder: Folder,
) -> None:
    folder.write("contacts.csv", f"Name,variant,Mobile\nAnn,mine,{PEOPLE['Ann']}\n")
    folder.campaign()
    assert folder.run().code == 0
    folder.campaign(variants=TWO, recipients={"path": f"results/news-{THIS}.csv"})
    assert folder.run("--period", NEXT).code == 0
    header, row = cells(folder.path / f"results/news-{NEXT}.csv")
    assert header == ["Name", "variant", "Mobile", *RESULT_COLUMNS, "variant"]
    assert row[:3] == ["Ann", "mine", PEOPLE["Ann"]]
    assert row[-1] in ("A", "B")


def test_the_report_counts_the_messages_of_each_variant(folder: Folder) -> None:
    assert folder.run().code == 0
    page = (folder.path / f"results/news-{THIS}.html").read_text("utf-8")
    counted = Counter(each.text[0] for each in folder.sim.messages)
    assert set(counted) == {"A", "B"}
    for name, messages in counted.items():
        assert f'data-variant="{name}" data-messages="{messages}"' in page


# Sender IDs -----------------------------------------------------------------------------------

ABROAD = {
    "Ann": "+6591230001",
    "Bao": "+60123456781",
    "Cyd": "+447400123451",
    "Dan": "+12125550100",
}


@pytest.mark.parametrize("own_texts", [True, False])
def test_the_sender_id_is_that_of_the_country_else_the_campaign_s(
    folder: Folder, own_texts: bool
) -> None:
    """In the messages of the request; the template has the campaign's, as 8x8 takes it."""
    folder.sheet(ABROAD)
    sources = {"US": "+15550100", "MY": "ShopMY"}
    text = "Hi {{ name }}" if own_texts else "Hi all"
    folder.campaign(message={"text": text, "source": "MyShop", "source_by_country": sources})
    assert folder.run().code == 0
    [post] = folder.sim.posts
    asked = json.loads(post.body)
    assert asked["template"]["source"] == "MyShop"
    assert {each["destination"]: each.get("source") for each in asked["messages"]} == {
        ABROAD["Ann"]: None,
        ABROAD["Bao"]: "ShopMY",
        ABROAD["Cyd"]: None,
        ABROAD["Dan"]: "+15550100",
    }
    assert {each.destination: each.source for each in folder.sim.messages} == {
        ABROAD["Ann"]: "MyShop",
        ABROAD["Bao"]: "ShopMY",
        ABROAD["Cyd"]: "MyShop",
        ABROAD["Dan"]: "+15550100",
    }


def test_without_a_sender_id_of_the_campaign_only_the_countries_have_one(folder: Folder) -> None:
    folder.sheet(ABROAD)
    folder.campaign(message={"text": "Hi", "source_by_country": {"SG": "ShopSG"}})
    assert folder.run().code == 0
    sources = {each.destination: each.source for each in folder.sim.messages}
    assert sources == dict.fromkeys(ABROAD.values()) | {ABROAD["Ann"]: "ShopSG"}
