"""`python -m bulksender`: the command."""

from bulksender.cli import main

if __name__ == "__main__":
    main()
