"""The commented file that `bulksender new NAME` writes."""

from __future__ import annotations

STARTER = """\
# {name}: an SMS campaign that runs once a period. Look at it with
#     bulksender check campaigns/{name}.toml
# and run it with `bulksender run campaigns/{name}.toml`, by hand or by a timer:
#     bulksender schedule install {name}
# Lines that begin with # are comments; take the # away to use one.

period = "monthly"             # or "weekly", "daily", "once": it never goes out twice in a period
timezone = "{timezone}"{pad}# decides when a period begins
# country = "SG"               # where numbers without + belong
# name = "{name}"{name_pad}# what its runs are known by, even if the file is renamed

[recipients]
path = "contacts.csv"          # or "exports/contacts-*.xlsx", "https://…", "s3://…", "sftp://…"
# newest = "name"              # of several files the last by "name", or the newest by "time"
# query = "SELECT name, mobile FROM patients WHERE active"      # instead of path
# database = "env:CONTACTS_DB"  # the variable that holds the database's SQLAlchemy URL
# sheet = "Contacts"
# phone_columns = ["Mobile", "Phone"]     # the second where the first is blank
# opt_out_columns = ["Do not text"]       # else columns with such names are found
# opt_in_columns = ["SMS consent"]
# require_opt_in = true                   # a blank opt-in cell is a no
# text_column = "Text"                    # each row's own text, where the cell is not blank
# id_column = "Customer"
# include_hidden = true

[message]
text = "Hi {{{{ name }}}}, your payment is due. Reply STOP to opt out."
# template = "templates/offer.txt"        # instead of text: a file
# source = "MyShop"                       # the sender ID that people see
# source_by_country = {{ US = "+15550100" }}
# encoding = "AUTO"                       # or "GSM7", "UCS2"
# max_parts = 10
# plain_punctuation = true

# [[variants]]                  # several texts instead of one: each number always has the same
# name = "A"
# text = "…"
# weight = 50
# [[variants]]
# name = "B"
# text = "…"
# weight = 50

[output]
sheet = "results/{{campaign}}-{{period}}"        # .csv or .xlsx is added, as the sheet has it
report = "results/{{campaign}}-{{period}}.html"
# in_place = true               # instead of sheet: the columns go into the sheet itself

[schedule]
time = "09:00"
day = 1                         # of the month; in a shorter month its last day
# weekday = "mon"               # of a weekly campaign
# date = 2026-12-24             # of one that runs once
grace = "1d"                    # a run that was missed is made up no later than that

# [delivery]                    # when people get it, in their own time zones
# window = "09:00-20:00"
# days = ["mon", "tue", "wed", "thu", "fri"]
# holidays = true               # not on public holidays of their country
# closed = [2026-12-24]         # nor on these days
# pace = "500/hour"             # or /second, /minute, /day

[guardrails]                    # each refuses the run before anything is sent
max_recipients = 5000
max_invalid = 20                # percent of the rows
# max_change = 30               # percent, against the last period's run
# max_age = "2d"                # of the export
# max_cost = 150.0              # needs account.account or account.prices
# min_gap = "3d"                # since any run has texted one of these people
# require_approval = true       # the plan waits for `bulksender approve RUN`

# [notify]                      # pip install 'bulksender[notify]'; https://appriseit.com/services/
# urls = ["env:OWNER_URL", "mailto://user:password@example.com"]
# on = ["finished", "refused", "rejected", "unknown"]

# [account]                     # what is not said here: the environment, or bulksender.toml
# subaccount = "my_subaccount"
# region = "asia"
# base_url = "https://sms.8x8.com"    # instead of region
# account = "my_account_id"     # whose price list and balance 8x8 is asked for
# prices = "prices.csv"         # instead: country, price, currency
# api_key_file = "api-key.txt"

# [sending]
# batch_size = 1000
# concurrency = 4
# resend_absent = true          # send again what 8x8's log proves that it never had
"""


def starter(name: str, timezone: str) -> str:
    """The starter of a campaign in a time zone (IANA name)."""
    pad, name_pad = (
        " " * max(2, 31 - len(line)) for line in (f'timezone = "{timezone}"', f'# name = "{name}"')
    )
    return STARTER.format(name=name, timezone=timezone, pad=pad, name_pad=name_pad)
