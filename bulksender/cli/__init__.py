"""Parse, call campaign, print. No decision is taken here."""


def main() -> None:
    """The console script `bulksender`."""
    import sys

    from bulksender.cli.streams import forgive
    from bulksender.garbage import collect_rarely

    collect_rarely()  # so that importing is quicker as well
    forgive()
    try:
        from bulksender.cli.app import app
    except KeyboardInterrupt:  # nothing has begun
        from bulksender.errors import ExitCode
        from bulksender.stopping import stopped_in_good_order

        stopped_in_good_order()
        sys.exit(ExitCode.STOPPED)
    app()
