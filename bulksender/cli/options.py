"""The options that several commands share, once each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

LedgerUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ledger", metavar="URL",
        help="The ledger's file. Or BULKSENDER_LEDGER. Default: in your user data folder.",
    ),
]  # fmt: skip
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, all else on error.")
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more when something goes wrong.")
]

SheetFile: TypeAlias = Annotated[
    Path, typer.Argument(metavar="SHEET", help="The spreadsheet: CSV, TSV, XLSX, XLSM, XLS, ODS …")
]
TemplateFile: TypeAlias = Annotated[
    Path | None, typer.Option("--template", "-t", metavar="FILE", help="The text, a Jinja2 file.")
]
Text: TypeAlias = Annotated[str | None, typer.Option(help="The text itself, Jinja2.")]
Country: TypeAlias = Annotated[
    str | None, typer.Option(metavar="SG", help="Where numbers written without + belong.")
]
SheetName: TypeAlias = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="The sheet in the workbook.")
]
PhoneColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME…]", help="The column of numbers; the next where one is blank."
    ),
]
TextColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A column with the row's own text, sent verbatim."),
]
IdColumn: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="A column with your own id, to be found at 8x8.")
]
IncludeHidden: TypeAlias = Annotated[
    bool, typer.Option("--include-hidden", help="Send to rows that a filter hides as well.")
]
Source: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="The sender ID that people see.")
]
EncodingChoice: TypeAlias = Annotated[
    Literal["AUTO", "GSM7", "UCS2"],
    typer.Option("--encoding", help="AUTO takes GSM 7-bit wherever the text allows it."),
]
MaxParts: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="A text of more SMS parts is refused (1 to 10).")
]
PlainPunctuation: TypeAlias = Annotated[
    bool, typer.Option("--plain-punctuation", help="Curly quotes, dashes, odd spaces → plain ones.")
]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="One row that cannot be sent refuses the whole sheet.")
]
Again: TypeAlias = Annotated[
    bool, typer.Option("--again", help="Send although it was sent before.")
]
Checked: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the checked sheet: each row's status."
    ),
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The result. Default: NAME-results beside."
    ),
]
InPlace: TypeAlias = Annotated[
    bool, typer.Option("--in-place", help="Write the result into the sheet itself.")
]
Subaccount: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="The 8x8 sub-account. Or BULKSENDER_SUBACCOUNT.")
]
Region: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="asia, us, europe or indonesia. Or BULKSENDER_REGION."),
]
BaseUrl: TypeAlias = Annotated[
    str | None, typer.Option(metavar="URL", help="Another address. Or BULKSENDER_BASE_URL.")
]
ApiKeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The file with the API key. Or BULKSENDER_API_KEY."),
]
Simulate: TypeAlias = Annotated[
    bool, typer.Option("--simulate", help="Send to a simulated 8x8 on this machine.")
]
BatchSize: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="Messages in one request (1 to 10,000).")
]
Concurrency: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="Requests at the same time.")
]
Schedule: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ISO-TIME", help="When 8x8 sends it, at most 7 days ahead.")
]
Expiry: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ISO-TIME", help="When an undelivered message is given up.")
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
RunId: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run's id, or its beginning.")
]
Timings: TypeAlias = Annotated[
    bool, typer.Option("--timings", help="Say at the end where the time went, stage by stage.")
]
Reconcile: TypeAlias = Annotated[
    bool,
    typer.Option("--reconcile", help="Ask 8x8's log about UNKNOWN messages without asking you."),
]
Settle: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="How long after an attempt 8x8's log is taken to be complete; too short may mean "
        "a text twice.",
    ),
]
ResendAbsent: TypeAlias = Annotated[
    bool,
    typer.Option("--resend-absent", help="Send again what 8x8's log provably does not have."),
]
Run: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")]
LogFormat: TypeAlias = Annotated[
    Literal["json", "text"] | None,
    typer.Option(help="Log events on standard error, one a batch; no number and no text."),
]
MetricsFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the run's metrics for Prometheus' node_exporter."),
]
