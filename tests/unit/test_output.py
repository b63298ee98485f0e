"""What the terminal is shown: nothing in a sheet can command it."""

from __future__ import annotations

import pytest

from bulksender.cli.output import Output


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x07b", "\x9b2J", "a\rb", "a\tb"])
def test_control_characters_of_a_text_do_not_reach_the_terminal(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(json=False)
    output.say(f"row 2: {text}", indent=2)
    output.error(f"said: {text}")
    shown = capsys.readouterr()
    assert shown.out.startswith("  row 2: ")
    for stream in (shown.out, shown.err):
        assert not any(
            (ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 for char in stream
        )


def test_with_json_people_are_spoken_to_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(json=True).say("a line")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "a line\n")


def test_a_line_is_not_wrapped_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(json=False).say("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1
