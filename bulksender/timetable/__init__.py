"""When each message goes out: inside the window where its recipient is, and never above the pace.

Pure: nothing is read, sent or stored. `Places` tells where a number is, `lay` spreads messages over
the days that 8x8 schedules ahead, `may_go` asks of one instant.
"""

from __future__ import annotations

from bulksender.timetable.laying import AT_ONCE_FOR, Lot, lay
from bulksender.timetable.openings import may_go
from bulksender.timetable.places import Place, Places
from bulksender.timetable.refusing import DoesNotFit

__all__ = ["AT_ONCE_FOR", "DoesNotFit", "Lot", "Place", "Places", "lay", "may_go"]
