"""`campaigns/NAME.toml` → frozen values; what is wrong in it is told with its place in the file.

Relative paths start at the campaign's folder: the one that holds `campaigns`, else the file's own.
"""

from __future__ import annotations

from bulksender.campaignfile.form import AccountNames
from bulksender.campaignfile.reading import campaign_files, read_campaign
from bulksender.campaignfile.values import CampaignFile

__all__ = ["AccountNames", "CampaignFile", "campaign_files", "read_campaign"]
