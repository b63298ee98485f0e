"""The 8x8 SMS API on this machine, its faults included: for tests, rehearsals and demonstrations.

It follows 8x8's public documentation and OpenAPI document; it was never compared with the live
service. Nothing leaves the machine.
"""

from bulksender.simulator.faults import ExportFaultKind, Fault, FaultKind
from bulksender.simulator.records import AcceptedMessage, PostRecord
from bulksender.simulator.simulator import Simulator

__all__ = ["AcceptedMessage", "ExportFaultKind", "Fault", "FaultKind", "PostRecord", "Simulator"]
