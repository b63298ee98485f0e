"""Which column is what: the phone, the text, the opt-outs, the columns of an earlier run."""

from pathlib import Path

import pytest
from loader_sheets import ANNA, BEN, CARL, Loaded, read, refusal, written

from bulksender.model import Previous

OTHER = "+6581110000"


def row_of(folder: Path, headers: str, row: str) -> Loaded:
    return read(written(folder, f"{headers}\n{row}\n"))


@pytest.mark.parametrize(
    "header",
    [
        *("Mobile", "MOBILE", "mobile", "MSISDN", "Phone", "phone_number", "Phone-Number"),
        *("PHONENUMBER", "Phone No.", "Mobile No", "Mobile Phone", "Cell", "Handphone", "HP No."),
        *("Tel.", "Telephone", "Contact number", "SMS Number", "Number", "Destination"),
        *(" mobile  number ", "Ｍｏｂｉｌｅ", '"Mobile\nnumber"'),
    ],
)
def test_the_phone_column_is_found_by_its_name(tmp_path: Path, header: str) -> None:
    assert row_of(tmp_path, f"Name,{header}", f"Anna,{ANNA}").only.destination == ANNA


@pytest.mark.parametrize(
    ("surer", "other"),
    [
        *(("Mobile", "Phone"), ("MSISDN", "Mobile"), ("Cell", "Tel"), ("Handphone", "Telephone")),
        *(("Phone", "Number"), ("Mobile number", "Contact number"), ("Phone", "Destination")),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_surer_name_wins_wherever_it_stands(
    tmp_path: Path, surer: str, other: str, swapped: bool
) -> None:
    content = [(surer, ANNA), (other, OTHER)][:: -1 if swapped else 1]
    loaded = row_of(tmp_path, ",".join(h for h, _ in content), ",".join(v for _, v in content))
    assert loaded.only.destination == ANNA


def test_the_users_own_number_column_wins_over_the_destination_of_an_earlier_run(
    tmp_path: Path,
) -> None:
    """Whoever corrects a number in a result sheet expects the corrected one to be texted."""
    headers = "Number,umid,status,status_detail,destination,parts,encoding,batch_id,sent_at,run"
    corrected = row_of(tmp_path, headers, f"{ANNA},,INVALID,too short,,,,,,r1")
    assert corrected.only.destination == ANNA
    changed = row_of(tmp_path, headers, f"{ANNA},u1,REJECTED,,{OTHER},1,GSM7,b,t,r1")
    assert changed.only.destination == ANNA


def test_two_columns_of_the_surest_name_are_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, f"Mobile,Name,mobile\n{ANNA},A,{BEN}\n"))
    assert '2 columns are called "Mobile" (A, C)' in said


def test_a_sheet_without_a_phone_column_is_refused_with_its_columns(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "Name,Kontakt\nAnna,none\n"))
    assert "--phone-column" in said
    assert '"Name", "Kontakt"' in said


def test_a_row_of_data_is_not_taken_for_the_header(tmp_path: Path) -> None:
    """Nobody may be lost: the first contact is a row, although one of its cells says Mobile."""
    content = f"Name,Kontakt,Kind\nAnna,{ANNA},Mobile\nBen,{BEN},Home\n"
    loaded = read(written(tmp_path, content))
    assert (loaded.sheet.header_row, loaded.numbers) == (1, [ANNA, BEN])


@pytest.mark.parametrize("name", ["Kontakt Nr", "kontakt_nr", "KONTAKTNR", "Kontakt-Nr"])
def test_the_phone_column_can_be_named(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, f"Mobile,Kontakt Nr\n{OTHER},{ANNA}\n")
    assert read(path, phone=(name,)).only.destination == ANNA


def test_named_phone_columns_are_tried_row_by_row(tmp_path: Path) -> None:
    content = f"Name,Work,Home\nAnna,{ANNA},{OTHER}\nBen,,{BEN}\nCarl,  ,\nDora,{CARL},\nEve,,12\n"
    loaded = read(written(tmp_path, content), phone=("Work", "Home"))
    assert loaded.numbers == [ANNA, BEN, CARL]
    assert [(row.row, row.detail.split(":")[0]) for row in loaded.refused] == [
        (4, '"Work" (B)'),
        (6, '"Home" (C)'),
    ]


def test_the_order_of_named_phone_columns_counts(tmp_path: Path) -> None:
    path = written(tmp_path, f"Work,Home\n{ANNA},{BEN}\n")
    assert read(path, phone=("Home", "Work")).only.destination == BEN


def test_a_name_written_exactly_wins_over_one_that_only_matches(tmp_path: Path) -> None:
    path = written(tmp_path, f"mobile,Mobile\n{OTHER},{ANNA}\n")
    assert read(path, phone=("Mobile",)).only.destination == ANNA


def test_a_named_phone_column_finds_the_header_below_a_title(tmp_path: Path) -> None:
    path = written(tmp_path, f"May,\n,\nName,Kontakt\nAnna,{ANNA}\n")
    loaded = read(path, phone=("kontakt",))
    assert (loaded.sheet.header_row, loaded.rows) == (3, [4])


@pytest.mark.parametrize(
    ("option", "said"), [("phone", "--phone-column"), ("text", "--text-column"),
                         ("reference", "--id-column")]
)  # fmt: skip
def test_an_unknown_column_is_refused_with_the_nearest(
    tmp_path: Path, option: str, said: str
) -> None:
    path = written(tmp_path, f"Mobile,Message\n{ANNA},Hi\n")
    wrong = {
        "phone": lambda: refusal(path, phone=("Mobbile",)),
        "text": lambda: refusal(path, text="Mesage"),
        "reference": lambda: refusal(path, reference="Massage"),
    }[option]()
    assert said in wrong
    assert f'Did you mean "{"Mobile" if option == "phone" else "Message"}"?' in wrong


def test_an_unknown_phone_column_is_told_the_columns_below_a_title(tmp_path: Path) -> None:
    path = written(tmp_path, f"Customers of May,\n,\nMobile,Name\n{ANNA},Anna\n")
    assert 'Did you mean "Mobile"?' in refusal(path, phone=("Mobbile",))


@pytest.mark.parametrize("option", ["phone", "text", "reference"])
def test_a_name_that_means_two_columns_is_refused(tmp_path: Path, option: str) -> None:
    path = written(tmp_path, f"Mobile,Info,INFO\n{ANNA},a,b\n")
    said = {
        "phone": lambda: refusal(path, phone=("info",)),
        "text": lambda: refusal(path, text="info"),
        "reference": lambda: refusal(path, reference="info"),
    }[option]()
    assert '2 columns are called "info" (B, C)' in said


OUT = ["yes", "Y", "x", "X", "1", "TRUE", "stop", "opted out", "2026-01-01", "✓"]
NOT_OUT = ["", "  ", "no", "No", "N", "0", "FALSE", "off", "never"]


@pytest.mark.parametrize(
    "header", ["Opt-out", "OPT OUT", "opted_out", "Unsubscribed", "Do not text", "DNC", "STOP"]
)
def test_the_opt_out_column_is_found_by_its_name(tmp_path: Path, header: str) -> None:
    assert row_of(tmp_path, f"Mobile,{header}", f"{ANNA},yes").only.opted_out
    assert not row_of(tmp_path, f"Mobile,{header}", f"{ANNA},no").only.opted_out


@pytest.mark.parametrize(
    ("said", "out"), [*((w, True) for w in OUT), *((w, False) for w in NOT_OUT)]
)
def test_whatever_is_not_a_no_in_the_opt_out_column_opts_out(
    tmp_path: Path, said: str, out: bool
) -> None:
    assert row_of(tmp_path, "Mobile,Opt-out", f"{ANNA},{said}").only.opted_out is out


@pytest.mark.parametrize(
    ("said", "out"),
    [
        *(("yes", False), ("x", False), ("TRUE", False), ("1", False), ("2026-01-01", False)),
        *(("no", True), ("N", True), ("0", True), ("false", True), ("stop", True), ("", False)),
        *(("Unsubscribed", True), ("opted out", True)),
    ],
)
@pytest.mark.parametrize("header", ["Opt-in", "SMS consent", "Subscribed"])
def test_a_no_in_the_opt_in_column_opts_out(
    tmp_path: Path, header: str, said: str, out: bool
) -> None:
    assert row_of(tmp_path, f"Mobile,{header}", f"{ANNA},{said}").only.opted_out is out


def test_an_opt_out_counts_whatever_the_opt_in_column_says(tmp_path: Path) -> None:
    assert row_of(tmp_path, "Mobile,Opt-in,Opt-out", f"{ANNA},yes,yes").only.opted_out
    assert row_of(tmp_path, "Mobile,Opt-in,Opt-out", f"{ANNA},no,no").only.opted_out


@pytest.mark.parametrize("row", ["yes,", ",yes", "no,yes", "yes,no"])
def test_each_of_several_opt_out_columns_counts(tmp_path: Path, row: str) -> None:
    assert row_of(tmp_path, "Mobile,DNC,Unsubscribed", f"{ANNA},{row}").only.opted_out


@pytest.mark.parametrize("row", ["no,", ",no", "no,yes", "yes,no"])
def test_each_of_several_opt_in_columns_counts(tmp_path: Path, row: str) -> None:
    assert row_of(tmp_path, "Mobile,Opt-in,SMS consent", f"{ANNA},{row}").only.opted_out


def test_without_such_columns_nobody_has_opted_out(tmp_path: Path) -> None:
    assert not row_of(tmp_path, "Mobile,Name", f"{ANNA},stop").only.opted_out


def test_the_columns_of_an_earlier_run_come_along(tmp_path: Path) -> None:
    content = (
        f"Mobile,umid,status,run\n{ANNA},u-1,QUEUED,r1\n{BEN},,INVALID,r1\n{CARL},,,r1\n12,u-2,,\n"
    )
    loaded = read(written(tmp_path, content))
    assert [recipient.previous for recipient in loaded.recipients] == [
        Previous("u-1", "QUEUED", "r1"),
        Previous("", "INVALID", "r1"),
        None,
    ]
    assert [row.previous for row in loaded.refused] == [Previous("u-2", "", "")]


def test_a_sheet_without_result_columns_has_no_earlier_run(tmp_path: Path) -> None:
    assert row_of(tmp_path, "Mobile,Name", f"{ANNA},Anna").only.previous is None


@pytest.mark.parametrize("headers", ["UMID,umid", "umid,UMID"])
def test_the_umid_that_an_earlier_run_wrote_is_found_beside_the_users_own(
    tmp_path: Path, headers: str
) -> None:
    """The report writes to `umid`; to read another column would send the row twice."""
    values = "u-1," if headers.startswith("umid") else ",u-1"
    loaded = row_of(tmp_path, f"Mobile,{headers},status,run", f"{ANNA},{values},QUEUED,r1")
    assert loaded.only.previous == Previous("u-1", "QUEUED", "r1")


def test_result_columns_go_where_they_stand_or_after_the_last(tmp_path: Path) -> None:
    loaded = row_of(tmp_path, "status,Mobile,run,Name", f"QUEUED,{ANNA},r1,Anna")
    assert loaded.sheet.facts.result_columns == {
        **{"umid": 5, "status": 1, "status_detail": 6, "destination": 7, "parts": 8},
        **{"encoding": 9, "batch_id": 10, "sent_at": 11, "run": 3},
    }


def test_what_was_chosen_is_told(tmp_path: Path) -> None:
    content = f"Note;Opt-out;Customer;Work;Home\nhi;;7;;{ANNA}\n"
    loaded = read(
        written(tmp_path, content),
        country="SG",
        phone=("Work", "Home"),
        text="note",
        reference="customer",
    )
    told = "\n".join(loaded.sheet.described)
    assert "semicolon-separated, utf-8, header in row 1" in told
    assert 'phone column "Work" (D), then "Home" (E); numbers without + belong to SG' in told
    assert 'text column "Note" (A)' in told
    assert 'id column "Customer" (C)' in told
    assert 'opt-out column "Opt-out" (B)' in told
    assert loaded.sheet.facts.described == loaded.sheet.described
