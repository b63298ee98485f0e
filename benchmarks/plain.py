"""The script that people write today: pandas, Jinja2, phonenumbers and requests, row by row.

    python benchmarks/plain.py SHEET.xlsx OUTPUT.xlsx BASE-URL [--writer xlsxwriter]

It is here to be compared with. It does what bulksender does of a sheet on a good day, no faster and
no slower than it comes naturally: one template, one connection, a thousand messages a request. It
keeps no ledger, counts no parts, loses every format of the workbook, and knows nothing of what to
do when an answer is lost. It writes with openpyxl, which it needs to read anyway; XlsxWriter, where
somebody has installed that as well, is faster.
"""

from __future__ import annotations

import argparse

import jinja2
import pandas
import phonenumbers
import requests
from contacts import TEXT

BATCH = 1_000
COUNTRY = "SG"


def e164(cell: object) -> str | None:
    """A phone cell as +6591234567; None where it is no valid number."""
    try:
        number = phonenumbers.parse(str(cell), COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def messages_of(frame: pandas.DataFrame) -> dict[int, dict[str, str]]:
    """Row → its message, for every row with a valid number of its own and a name."""
    environment = jinja2.Environment()
    environment.filters["money"] = lambda amount, currency: f"{currency} {amount:,.2f}"
    environment.filters["date"] = lambda day, form: day.strftime(form)
    template = environment.from_string(TEXT)
    names = [str(column).lower().replace(" ", "_") for column in frame.columns]
    messages: dict[int, dict[str, str]] = {}
    seen = set()
    for row, cells in enumerate(frame.itertuples(index=False, name=None)):
        contact = dict(zip(names, cells, strict=True))
        number = None if pandas.isna(contact["mobile"]) else e164(contact["mobile"])
        if number is None or number in seen or pandas.isna(contact["first_name"]):
            continue
        seen.add(number)
        messages[row] = {
            "destination": number,
            "text": template.render(contact),
            "clientMessageId": str(row),
        }
    return messages


def send(messages: list[dict[str, str]], url: str) -> dict[int, str]:
    """Row → umid, of everything that was accepted."""
    umids = {}
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer bench"
        for start in range(0, len(messages), BATCH):
            batch = {
                "messages": messages[start : start + BATCH],
                "includeMessagesInResponse": True,
            }
            response = session.post(url, json=batch, timeout=60)
            response.raise_for_status()
            for message in response.json()["messages"]:
                if message["status"]["code"] == "QUEUED":
                    umids[int(message["clientMessageId"])] = message["umid"]
    return umids


def main() -> None:
    options = argparse.ArgumentParser(description="Send a sheet the plain way.")
    options.add_argument("sheet")
    options.add_argument("output")
    options.add_argument("base_url")
    options.add_argument("--writer", default="openpyxl")
    given = options.parse_args()
    frame = pandas.read_excel(given.sheet, engine="openpyxl")
    messages = messages_of(frame)
    url = f"{given.base_url}/api/v1/subaccounts/bench/messages/batch"
    umids = send([*messages.values()], url)
    rows = range(len(frame))
    frame["umid"] = [umids.get(row, "") for row in rows]
    frame["status"] = ["QUEUED" if row in umids else "NOT SENT" for row in rows]
    frame["destination"] = [messages[row]["destination"] if row in messages else "" for row in rows]
    frame.to_excel(given.output, index=False, engine=given.writer)
    print(f"{len(umids)} of {len(frame)} sent")


if __name__ == "__main__":
    main()
