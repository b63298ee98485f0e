"""What a plan costs and when it goes out: reckoned before somebody decides, and shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bulksender.errors import LedgerError, Refused, SettingsError

if TYPE_CHECKING:
    from bulksender.cli.output import Output
    from bulksender.ledger import Ledger, Run
    from bulksender.prices import Costs, CountryCost
    from bulksender.settings import Account

MOST_COUNTRIES = 12
"""How many countries are listed by themselves."""
_WIDTH = 40
"""Characters of the longest bar."""


def reckon(run: Run, account: Account | None, book: Ledger, output: Output) -> None:
    """Keep with the run what it costs, where its job names a price list or an account.

    `book` is where fetched prices are kept for a day. Where 8x8 cannot be asked, that is said, and
    the cost stays unknown.
    """
    job = run.job
    asked = job.account if account is not None and not job.simulate else None
    if job.prices is None and asked is None:
        return
    from bulksender import pricing
    from bulksender.prices import cost
    from bulksender.settings import Account

    parts = pricing.parts_by_country(run)
    try:
        prices = pricing.price_list(
            parts,
            account=account or Account(job.base_url, job.subaccount),
            account_id=asked,
            prices_file=None if job.prices is None else job.path(job.prices),
            ledger=book,
        )
    except (SettingsError, LedgerError):
        raise
    except Refused as error:
        output.error(f"{error} What it costs is not known.")
        return
    if prices is not None:
        run.keep_costs(cost(parts, prices))


def show_delivery(run: Run, output: Output) -> None:
    """What a plan costs by country, and how many messages go out in which hour."""
    if run.costs is not None:
        _show_costs(run.costs, output)
    if run.job.delivery is not None:
        _show_hours(run, output)


def of_money(costs: Costs) -> str:
    """`12.34 USD`, at the dearest operators; of several currencies, each."""
    from bulksender.guarding import money

    return " and ".join(f"{money(most)} {unit}" for unit, (_, most) in costs.totals.items())


def _show_costs(costs: Costs, output: Output) -> None:
    from bulksender.guarding import money

    if not costs.lines:
        return
    output.say()
    output.say("What it costs", style="bold")
    for line in costs.lines[:MOST_COUNTRIES]:
        output.say(_country(line), indent=2)
    if len(costs.lines) > MOST_COUNTRIES:
        output.say(f"and {len(costs.lines) - MOST_COUNTRIES} more countries", indent=2)
    for unit, (least, most) in costs.totals.items():
        low = f" (at the cheapest operators {money(least)})" if least != most else ""
        output.say(f"at most {money(most)} {unit} in all{low}", indent=2)


def _country(line: CountryCost) -> str:
    from bulksender.cli.output import plural
    from bulksender.guarding import money

    name = line.country or "numbers of no country"
    messages, parts = plural(line.messages, "message"), plural(line.parts, "part")
    what = f"{name}: {messages}, {parts}"
    if line.price is None or line.amount is None:
        return f"{what}, no price is known"
    price = line.price
    each = f"{price.dearest:f}"
    if price.lowest != price.dearest:
        each = f"{price.lowest:f} to {price.dearest:f}"
    return f"{what} at {each} {price.currency}: {money(line.amount)} {price.currency}"


def _show_hours(run: Run, output: Output) -> None:
    from bulksender import delivering

    hours = delivering.hours(run)
    most = max((each.messages for each in hours), default=0)
    if not most:
        return
    output.say()
    output.say(f"When they go out ({run.job.timezone})", style="bold")
    width = len(f"{most:,}")
    for each in hours:
        day = datetime.fromisoformat(each.hour)
        bar = "█" * max(1, round(each.messages * _WIDTH / most))
        output.say(f"{day:%a} {each.hour}  {each.messages:>{width},}  {bar}", indent=2)
