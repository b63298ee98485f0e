"""Parse, call campaign, print. No decision is taken here."""


def main() -> None:
    """The console script `bulksender`."""
    from bulksender.cli.app import app

    app()
