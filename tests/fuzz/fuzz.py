"""Feeds the loader and the renderer random bytes and mutated real files, for as long as it is told.

    make fuzz SECONDS=600

Whatever comes in, nothing but a BulksenderError may come out, within seconds and within the memory
that a child process is allowed. Each finding is kept as a file, with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from seeds import seeds

from bulksender.errors import BulksenderError
from bulksender.reading import reading
from bulksender.settings import Job, SheetOptions

MEMORY = 1 << 30  # bytes of address space that the cases may take, beside the program's own
TOO_LONG = 20  # seconds for one case
PIECES = (
    *("{{ name }}", "{% for c in name %}", "{% endfor %}", "{{ name|", "upper", "{{ 1/0 }}"),
    *("replace('a','bb')", "center(99999999)", " * ", "10**9", "{% set a = a ~ a %}", "amount"),
    *("{% macro m(x) %}", "{{ m(1) }}", "{% endmacro %}", "}}", "{%", "%}", "(", ")", "[", "]"),
    *("'", '"', "row['Name']", "|", "~", "{% if amount > 1 %}", "{% endif %}", "format", "'%d'"),
    *("loop", "self", "\n", "é😀", "{{ name.format }}", "{{ name.split('') }}", "|join(name)"),
    *("|batch(3)", "|list"),
)
MARKS = (
    *(b'"', b"\n", b",", b";", b"\x00", b"\xff", b"<row", b"</row>", b"<c>", b"&lol;", b"]]>"),
    *(b"<![CDATA[", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"9" * 40, b"-1", b"1e999"),
    *(b'r="XFE1048577"', b'hidden="1"', b't="e"', b's="9"', b"\x80\x80\x80\x80"),
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut out, doubled, or replaced by marks that mean something."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        if not result:
            break
        start = chance.randrange(len(result))
        length = chance.choice((1, 1, 4, 32, 512))
        match chance.randrange(6):
            case 0:
                result[start] = chance.randrange(256)
            case 1:
                del result[start : start + length]
            case 2:
                result[start:start] = result[start : start + length] * chance.choice((1, 2, 50))
            case 3:
                result[start:start] = chance.choice(MARKS)
            case 4:
                result[start : start + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff" * 2))
            case _:
                other = chance.randrange(len(result))
                result[start : start + length] = result[other : other + length]
    return bytes(result)


def mutated_inside(data: bytes, chance: random.Random) -> bytes:
    """A zipped workbook, one or two of whose parts are mutated before they are packed again."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w") as target:
        entries = source.infolist()
        chosen = {entry.filename for entry in chance.sample(entries, min(2, len(entries)))}
        if chance.random() < 0.7:  # mostly the sheet itself
            names = (entry.filename for entry in entries)
            chosen = {name for name in names if "sheet" in name or "content" in name}
        for entry in entries:
            content = source.read(entry)
            if entry.filename in chosen:
                content = mutated(content, chance)
            target.writestr(entry.filename, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def case(seed: int, files: list[tuple[str, bytes]]) -> tuple[str, bytes, str]:
    """The file's ending, its bytes and the template of a seed."""
    chance = random.Random(seed)
    suffix, data = chance.choice(files)
    zipped = data[:2] == b"PK"
    match chance.randrange(8):
        case 0:
            data = chance.randbytes(chance.choice((0, 1, 7, 300, 20_000)))
        case 1:
            suffix = chance.choice(files)[0]
        case 2 | 3 | 4 if zipped:
            data = mutated_inside(data, chance)
        case 5:
            pass  # the file as it is, so that the template is reached
        case _:
            data = mutated(data, chance)
    template = "Hello {{ name }}" if chance.random() < 0.4 else "".join(
        chance.choices(PIECES, k=chance.randrange(1, 14))
    )  # fmt: skip
    return suffix, data, template


def tried(path: Path, template: str, chance: random.Random) -> str:
    """Load and render the file as a plan does; returns how that ended."""
    options = SheetOptions(
        path=str(path),
        country=chance.choice(("SG", None, "GB", "CI")),
        phone_columns=chance.choice(((), (), ("Mobile",), ("Name", "Mobile"))),
        text_column=chance.choice((None, None, "Note")),
        include_hidden=chance.random() < 0.3,
    )
    job = Job(sheet=options, template=template, plain_punctuation=chance.random() < 0.3)
    try:
        rows = 0
        with reading(job) as (sheet, renderer, chunks):
            for chunk in chunks:
                messages, refused = renderer.render(chunk.recipients)
                rows += len(messages) + len(refused) + len(chunk.refused)
                renderer.notices((each.row, each.oddities, each.saving) for each in messages)
        _ = (*sheet.notices, *sheet.described, sheet.facts)
    except BulksenderError as error:
        return f"refused: {type(error).__name__}"
    return "read" if rows else "read, no rows"


def worker(pipe: Connection, files: list[tuple[str, bytes]], folder: str) -> None:
    """Run the seeds that come down the pipe, one after another, within bounds."""
    own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (own + MEMORY, own + MEMORY))
    while True:
        seed = pipe.recv()
        suffix, data, template = case(seed, files)
        path = Path(folder, f"case{suffix}")
        path.write_bytes(data)
        signal.alarm(TOO_LONG)
        try:
            said = tried(path, template, random.Random(seed + 1))
        except Exception:
            said = "FINDING " + traceback.format_exc()
        signal.alarm(0)
        pipe.send(said)


def ended(seconds: float, first: int, files: list[tuple[str, bytes]]) -> Iterator[tuple[int, str]]:
    """(seed, how it ended) until the time is over; a worker that dies is a finding."""
    context = get_context("fork")
    until, seed = time.monotonic() + seconds, first
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            here, there = context.Pipe()
            process = context.Process(target=worker, args=(there, files, folder), daemon=True)
            process.start()
            there.close()
            while time.monotonic() < until:
                here.send(seed)
                try:
                    said = here.recv()
                except (EOFError, ConnectionResetError):
                    process.join()
                    yield seed, f"FINDING the process ended with {process.exitcode}"
                    seed += 1
                    break
                yield seed, said
                seed += 1
            process.kill()
            process.join()


def main(arguments: list[str]) -> int:
    """Fuzz, print what happened, and return 1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args(arguments)
    files = seeds()
    tell: Callable[[str], int] = sys.stdout.write
    counts: Counter[str] = Counter()
    started = time.monotonic()
    for seed, said in ended(given.seconds, given.seed, files):
        counts[said.partition(" ")[0] if said.startswith("FINDING") else said] += 1
        if said.startswith("FINDING"):
            suffix, data, template = case(seed, files)
            given.findings.mkdir(exist_ok=True)
            (given.findings / f"{seed}{suffix}").write_bytes(data)
            tell(f"seed {seed} ({suffix}), template {template!r}\n{said}\n")
    tell(f"{sum(counts.values()):,} cases in {time.monotonic() - started:,.0f} s, "
         f"{MEMORY >> 20} MiB each at most\n")  # fmt: skip
    for said, number in counts.most_common():
        tell(f"{number:>8,}  {said}\n")
    return 1 if counts["FINDING"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
