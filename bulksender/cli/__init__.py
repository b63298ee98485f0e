"""Parse, call campaign, print. No decision is taken here."""


def main() -> None:
    """The console script `bulksender`."""
    import sys

    from bulksender.cli.streams import forgive

    forgive()
    try:
        from bulksender.cli.app import app
    except KeyboardInterrupt:
        sys.exit(6)  # ExitCode.STOPPED; nothing has begun
    app()
