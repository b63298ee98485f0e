"""What a campaign's file says, as frozen values."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from msgspec import Struct

from bulksender.campaignfile.form import AccountNames
from bulksender.rules import Delivery, Export, Guardrails, Notify, Timing, Variant
from bulksender.settings import SheetOptions


class CampaignFile(Struct, frozen=True, kw_only=True):
    """A campaign as its file says it.

    `folder` is where relative paths start. `sheet` has no path yet: `export` says where the
    recipients come from. `template` is Jinja2 source, None where variants or a column bring the
    texts. `output` and `page` are paths with placeholders, which `placed` fills. `scheduled` says
    whether the file names a time at which it is due.
    """

    name: str
    file: Path
    folder: Path
    timing: Timing
    scheduled: bool
    export: Export
    sheet: SheetOptions
    template: str | None
    source: str | None
    sources: dict[str, str]
    encoding: Literal["AUTO", "GSM7", "UCS2"]
    max_parts: int
    plain_punctuation: bool
    variants: tuple[Variant, ...]
    output: str
    page: str
    in_place: bool
    delivery: Delivery | None
    guardrails: Guardrails
    notify: Notify
    account: AccountNames
    batch_size: int
    concurrency: int
    resend_absent: bool

    def placed(self, place: str, period: str, today: date) -> Path:
        """A path of the file with its placeholders filled, from the campaign's folder on."""
        filled = place.format_map({"campaign": self.name, "period": period, "date": today})
        return self.folder / filled
