"""Draws samples/page.png: the page of a campaign's run over the sample sheet, in Chromium.

    python samples/page.py

The run is a real one, against the simulator.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bulksender.simulator import Simulator

SAMPLES = Path(__file__).parent
CAMPAIGN = """\
period = "monthly"
timezone = "Asia/Singapore"
country = "SG"

[recipients]
path = "shop.xlsx"

[[variants]]
name = "Plain"
text = "Hi {{ name }}, November only: 20% off everything at Lotus Home."
[[variants]]
name = "Short"
text = "20% off at Lotus Home, only in November."

[message]
source = "LotusHome"

[delivery]
window = "09:00-20:00"
pace = "20/hour"

[account]
prices = "prices.csv"
"""
PRICES = """\
country,operator,price,currency
SG,SingTel,0.0386,USD
SG,MobileOne,0.0312,USD
DE,,0.075,USD
FR,,0.052,USD
HK,,0.052,USD
MY,Maxis,0.041,USD
MY,Celcom,0.04,USD
GB,,0.04,USD
AU,,0.033,USD
ID,,0.0295,USD
TH,,0.012,USD
IN,,0.0035,USD
GR,,0.055,USD
JP,,0.071,USD
"""


def main() -> None:
    """Run the campaign, and take the picture."""
    with tempfile.TemporaryDirectory() as name, Simulator() as simulator:
        folder = Path(name)
        shutil.copy(SAMPLES / "shop.xlsx", folder)
        (folder / "campaigns").mkdir()
        (folder / "campaigns" / "november-offer.toml").write_text(CAMPAIGN, "utf-8")
        (folder / "prices.csv").write_text(PRICES, "utf-8")
        environ = os.environ | {
            "BULKSENDER_BASE_URL": simulator.base_url,
            "BULKSENDER_API_KEY": simulator.api_key,
            "BULKSENDER_SUBACCOUNT": simulator.subaccount,
            "BULKSENDER_LEDGER": str(folder / "ledger.db"),
        }
        subprocess.run(
            [sys.executable, "-m", "bulksender", "run", "campaigns/november-offer.toml"],
            cwd=folder,
            env=environ,
            check=True,
        )
        [page] = folder.glob("results/*.html")
        subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--blink-settings=preferredColorScheme=1", "--window-size=1000,1180"),
                *(f"--user-data-dir={folder / 'profile'}", page.as_uri()),
                f"--screenshot={SAMPLES / 'page.png'}",
            ],
            check=True,
        )


if __name__ == "__main__":
    main()
