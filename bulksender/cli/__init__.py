"""Parse, call campaign, print. No decision is taken here."""


def main() -> None:
    """The console script `bulksender`."""
    import sys

    from bulksender.cli.app import app

    for stream in (sys.stdout, sys.stderr):  # a name in a script that the terminal cannot show
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
