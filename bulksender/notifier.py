"""Telling a campaign's owner how a run ended: by e-mail, chat or webhook, through Apprise.

A notification holds numbers of rows, states, paths and the command to type next; never a phone
number, a text or a key. How each service's URL is written: https://appriseit.com/services/. The
URLs hold passwords, so none of them is shown: a service is named by its place in `notify.urls`.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import warnings
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bulksender.errors import SettingsError, did_you_mean
from bulksender.model import ACCEPTED, RowStatus
from bulksender.rules import Notify

if TYPE_CHECKING:
    from apprise import Apprise

Kind = Literal["finished", "refused", "rejected", "unknown", "stopped", "waits", "missed"]
"""How a run ended; `waits`: for approval, `missed`: it was due while nobody was there to run it."""

PATIENCE = 25.0
"""Seconds after which a service that has not answered is left alone."""

_SEE = "See https://appriseit.com/services/"
_THREAD = "bulksender-notify"
_TYPES = {"finished": "success", "rejected": "warning", "unknown": "warning", "waits": "info"}


class News(Struct, frozen=True, kw_only=True):
    """What happened. `said` is one plain sentence: why, or how it ended.

    `counts` is status → rows; `parts` are SMS parts planned; `cost` is like "12.34 USD", or "".
    `next` is the command to type next, or "". `output` and `page` are the paths of the result and
    of the report. `run` is None where nothing was planned.
    """

    kind: Kind
    campaign: str
    period: str = ""
    run: str | None = None
    rehearsal: bool = False
    said: str
    counts: dict[str, int] = {}
    rows: int = 0
    parts: int = 0
    cost: str = ""
    next: str = ""
    output: str | None = None
    page: str | None = None


def wanted(kind: Kind, rules: Notify) -> bool:
    """Whether the owner wants to hear it; `refused` includes `stopped`, `waits` and `missed`."""
    return kind in rules.on or ("refused" in rules.on and kind in ("stopped", "waits", "missed"))


def notify(news: News, rules: Notify, *, patience: float = PATIENCE) -> list[str]:
    """Tell everybody in `rules.urls`, all at once; returns what has failed, in words.

    Never raises, and takes `patience` seconds and a moment at most: a service that is slower is
    left alone, and does not keep the process.
    """
    if not rules.urls or not wanted(news.kind, rules):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of certificates that a URL says not to verify
            _quiet()
            tellings = [_Telling(place, url, news) for place, url in _placed(rules)]
            ends = time.monotonic() + patience
            for telling in tellings:
                telling.start()
            for telling in tellings:
                telling.join(max(0.0, ends - time.monotonic()))
            return [said for telling in tellings if (said := telling.problem(patience))]
    except SettingsError as error:
        return [f"Nobody was told: {error}"]
    except Exception as error:  # the run is over and has its exit code
        return [f"Not everybody was told: Apprise failed with {type(error).__name__}."]


def check_urls(rules: Notify) -> None:
    """Raise SettingsError for a URL that Apprise cannot use, by its place, or without Apprise."""
    if rules.urls:
        _quiet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of modules that Apprise imports
        for place, url in _placed(rules):
            _service(place, url)


def title(news: News) -> str:
    """One line that says it all, fit for an e-mail's subject."""
    rehearsal = "(rehearsal)" if news.rehearsal else ""
    names = _one_line(f"{news.campaign} {news.period} {rehearsal}")
    return f"{names}: {_ending(news)}"


def body(news: News, markdown: bool) -> str:
    """The sentence, the summary and the command, in aligned lines or as Markdown."""
    facts = {name: _one_line(value) for name, value in _facts(news).items() if value}
    said, command = without_numbers(_one_line(news.said)), _one_line(news.next)
    if markdown:
        said, command = _escaped(said), _code(command)
        shown = {"Result": _code, "Report": _code}
        lines = [f"- {name}: {shown.get(name, _escaped)(value)}" for name, value in facts.items()]
    else:
        width = max(map(len, facts)) + 1
        lines = [f"{name + ':':<{width}} {value}" for name, value in facts.items()]
    rehearsal = "This was a rehearsal: nobody got a message." if news.rehearsal else ""
    parts = [said, rehearsal, "\n".join(lines), f"Next: {command}" if news.next else ""]
    return "\n\n".join(part for part in parts if part)


def without_numbers(said: str) -> str:
    """A sentence in which whatever may be a phone number is "…"; for what others have worded.

    That is a run of seven digits or more, with blanks, signs, brackets or full stops between them.
    ISO dates, row numbers that are called so, amounts and the date in a file's name are kept.
    """
    return _NUMBERS.sub(lambda found: found["kept"] or "…", said)


_GAP = r"(?:[\s+\-‐-―−()\[\]/]|\.(?=\d))"
_DAY, _SHORT_DAY = (
    rf"(?:19|20)\d\d{dash}(?:0[1-9]|1[0-2]){dash}(?:0[1-9]|[12]\d|3[01])" for dash in ("-", "")
)
_NUMBERS = re.compile(
    rf"""
    (?P<kept>
        (?<!\d){_DAY}(?!\d)
      | (?<!\d)\d\d?:\d\d(?::\d\d)?(?:\.\d{{1,6}})?(?!\d)
      | \brows?\ \d{{1,7}}(?:(?:,\ |\ and\ |\ to\ |[-–])\d{{1,7}})*(?!\d)
      | (?<![\d.])\d{{1,6}}\.\d\d?(?!{_GAP}*\d)
      | (?<=[A-Za-z][-_.]){_SHORT_DAY}(?:[-_T]\d{{4}}(?:\d\d)?)?(?=[-_.][A-Za-z])
    )
    | [+(\[]*\d(?:{_GAP}*\d){{6,}}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _ending(news: News) -> str:
    reached = sum(news.counts.get(status, 0) for status in ACCEPTED - {RowStatus.CANCELLED})
    people = "1 person" if reached == 1 else f"{reached:,} people"

    def messages(status: RowStatus, one: str, many: str) -> str:
        number = news.counts.get(status, 0)
        return f"1 message {one}" if number == 1 else f"{number:,} messages {many}"

    sent = f"{'would be sent' if news.rehearsal else 'sent'} to {people}"
    match news.kind:
        case "finished":
            return sent if reached else "finished, nobody was to get a message"
        case "rejected":
            return f"{sent}, {messages(RowStatus.REJECTED, 'was', 'were')} rejected"
        case "unknown":
            return f"{messages(RowStatus.UNKNOWN, 'is', 'are')} UNKNOWN"
        case "stopped":
            return f"stopped early, {messages(RowStatus.READY, 'still waits', 'still wait')}"
        case "waits":
            return "waits for approval, nothing was sent yet"
    return f"{news.kind}, nothing was sent"


def _facts(news: News) -> dict[str, str]:
    """What is told of the run: name → value; an empty value is left out."""
    states = ", ".join(f"{rows:,} {status}" for status, rows in news.counts.items() if rows)
    return {
        "Campaign": ", ".join(name for name in (news.campaign, news.period) if name),
        "Run": news.run or "",
        "Rows": f"{news.rows:,}{f' ({states})' if states else ''}" if news.rows else "",
        "Parts": f"{news.parts:,}" if news.parts else "",
        "Cost": news.cost,
        "Result": news.output or "",
        "Report": news.page or "",
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """Markdown of a text (CommonMark 0.31, 2.4); Slack shows escapes, so none within a name."""
    return re.sub(r"([\\`*\[\]<]|_(?!\w)|(?<!\w)_)", r"\\\1", text)


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else _escaped(text)


class _Telling(threading.Thread):
    """One service being told; a daemon, as one that hangs must not keep the process."""

    def __init__(self, place: str, url: str, news: News):
        super().__init__(daemon=True, name=_THREAD)
        self._place, self._url, self._news = place, url, news
        self._problem = ""

    def run(self) -> None:
        """Tell it."""
        try:
            failed = _told(_service(self._place, self._url), self._news)
            self._problem = failed and f"{self._place} was not told: {failed}."
        except SettingsError as error:
            self._problem = str(error)
        except Exception as error:  # of a plugin; what it says may hold the URL
            self._problem = f"{self._place} was not told: {type(error).__name__}."

    def problem(self, waited: float) -> str:
        """Why it was not told; "" where it was."""
        late = f"{self._place} was not told: no answer within {waited:.0f} s."
        return late if self.is_alive() else self._problem


def _quiet() -> None:
    """Keep what is logged of URLs off the screen. Raises SettingsError where Apprise is missing."""
    logging.getLogger("apprise").propagate = False  # its own handler is a NullHandler
    logging.getLogger("urllib3.connectionpool").addFilter(_of_others)
    try:
        import apprise  # noqa: F401  its absence is noticed here
    except ImportError:
        raise SettingsError(
            "notify.urls needs Apprise, which is not installed: pip install 'bulksender[notify]'."
        ) from None


def _of_others(record: logging.LogRecord) -> bool:
    return record.threadName != _THREAD


def _placed(rules: Notify) -> list[tuple[str, str]]:
    """The URLs, each with its place in words."""
    nth = [*("1st", "2nd", "3rd"), *(f"{n}th" for n in range(4, len(rules.urls) + 1))]
    return [(f"The {n} of notify.urls", url) for n, url in zip(nth, rules.urls, strict=False)]


def _service(place: str, url: str) -> Apprise:
    """Apprise with one service. Raises SettingsError."""
    from apprise import Apprise, AppriseAsset

    if url.startswith("env:"):
        name = url.removeprefix("env:").strip()
        if not name.isidentifier():  # a URL, which is not to be shown
            raise SettingsError(f"{place}: after env: stands the name of a variable.")
        if not (url := os.environ.get(name, "").strip()):
            raise SettingsError(f"{place}: the environment variable {name} is not set.")
    asset = AppriseAsset(
        app_id="bulksender",
        app_desc="bulksender",
        service_timeout=0,  # Apprise's own leaves threads behind that the process waits for
        storage_mode="memory",
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        raise SettingsError(f"{place}: {_unusable(url)}")
    return Apprise(service, asset=asset)


def _unusable(url: str) -> str:
    """Why Apprise does not take a URL; names no more of it than a kind of service that exists."""
    from apprise import Apprise

    services = Apprise().details(show_disabled=True)["schemas"]
    names = [each[of] or () for each in services for of in ("protocols", "secure_protocols")]
    known = {name for some in names for name in some}
    schema = url.partition("://")[0].lower() if "://" in url else ""
    if schema not in known:
        return f"Apprise knows no such service.{did_you_mean(schema, known)} {_SEE}"
    return (
        f"Apprise cannot use this {schema}:// URL. Something in it is missing or misspelt, or it "
        f"needs a package that is not installed. {_SEE}"
    )


def _told(with_one: Apprise, news: News) -> str:
    """Tell a service; why it failed, or "". Of Apprise's log no more: it may hold the URL."""
    markdown = with_one[0].resolve_format(None) != "text"  # by its nature, or ?format= in its URL
    result = with_one.notify(
        body=body(news, markdown),
        title=title(news),
        notify_type=_TYPES.get(news.kind, "failure"),
        body_format="markdown" if markdown else "text",
    )
    if result:
        return ""
    log = " ".join(entry.message for entry in result.logs())
    if status := re.search(r"\berror=([1-5]\d\d)\b", log):
        return f"it answered HTTP {status[1]}"
    return "it could not be reached" if "onnection error" in log else "it took no message"
