"""Where settings come from, which are refused, and that the API key is never shown."""

import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rich.pretty

from bulksender.errors import ExitCode, SettingsError
from bulksender.settings import (
    REGIONS,
    Account,
    Defaults,
    Job,
    SheetOptions,
    api_key,
    base_url,
    check_base_url,
    check_source,
    is_loopback,
    read_defaults,
    subaccount,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = "k3y-Th4t.is_SECRET+/=="


def job(**fields: Any) -> Job:
    return Job(**{"sheet": SheetOptions(path="contacts.csv"), "template": "Hi", **fields})


def refused(**fields: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        job(**fields).check(NOW)
    return str(caught.value)


def toml(folder: Path, text: str | bytes) -> Path:
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "bulksender.toml").write_bytes(content)
    return folder


URLS = {
    "option": "https://option.test",
    "region": "https://sms.us.8x8.com",
    "env url": "https://env.test",
    "env region": "https://sms.8x8.uk",
    "file url": "https://file.test",
    "file region": "https://sms.8x8.id",
}


@pytest.mark.parametrize("first", range(len(URLS) + 1))
def test_the_url_comes_from_options_then_environment_then_file_then_asia(first: int) -> None:
    given = list(URLS)[first:]
    environ = {"BULKSENDER_BASE_URL": "https://env.test"} if "env url" in given else {}
    if "env region" in given:
        environ["BULKSENDER_REGION"] = "europe"
    found = base_url(
        "https://option.test" if "option" in given else None,
        "us" if "region" in given else None,
        Defaults(
            base_url="https://file.test" if "file url" in given else None,
            region="indonesia" if "file region" in given else None,
        ),
        environ,
    )
    assert found == (URLS[given[0]] if given else "https://sms.8x8.com")


def test_a_region_on_the_command_line_wins_over_urls_from_elsewhere() -> None:
    environ = {"BULKSENDER_BASE_URL": "https://env.test"}
    found = base_url(None, "europe", Defaults(base_url="https://file.test"), environ)
    assert found == "https://sms.8x8.uk"


def test_an_empty_variable_is_as_good_as_none() -> None:
    environ = {"BULKSENDER_BASE_URL": "", "BULKSENDER_REGION": ""}
    assert base_url(None, None, Defaults(region="us"), environ) == REGIONS["us"]


@pytest.mark.parametrize(("region", "url"), [*REGIONS.items(), ("Asia", REGIONS["asia"])])
def test_every_region_has_its_url(region: str, url: str) -> None:
    assert base_url(None, region, Defaults(), {}) == url


@pytest.mark.parametrize(("wrong", "nearest"), [("asai", "asia"), ("Europa", "europe")])
@pytest.mark.parametrize("where", ["option", "environment", "file"])
def test_an_unknown_region_is_refused_with_the_nearest(
    where: str, wrong: str, nearest: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        base_url(
            None,
            wrong if where == "option" else None,
            Defaults(region=wrong if where == "file" else None),
            {"BULKSENDER_REGION": wrong} if where == "environment" else {},
        )
    assert f'There is no region "{wrong}". Did you mean "{nearest}"?' in str(caught.value)
    assert "asia, us, europe, indonesia" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        *(("https://sms.8x8.com", None), ("https://sms.8x8.com/", "https://sms.8x8.com")),
        *(("https://proxy.test:8443/8x8/", "https://proxy.test:8443/8x8"),),
        *(("http://localhost:8080", None), ("http://127.0.0.1:1", None), ("http://[::1]:80", None)),
    ],
)
def test_https_anywhere_and_http_to_this_machine(url: str, kept: str | None) -> None:
    assert check_base_url(url) == (kept or url)
    assert is_loopback(url) is url.startswith("http:")


@pytest.mark.parametrize(
    "url",
    [
        *("http://sms.8x8.com", "http://localhost.evil.test", "http://127.0.0.1.evil.test"),
        *("http://10.0.0.1", "http://0.0.0.0", "http://[::2]", "http://evil.test/localhost"),
    ],
)
def test_http_to_anywhere_else_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="not https"):
        check_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("sms.8x8.com", "ftp://sms.8x8.com", "https://", "https:/x", "//sms.8x8.com", "file:///x"),
        *(
            "https://user:hunter2@sms.8x8.com",
            "https://user@sms.8x8.com",
            "https://:hunter2@x.test",
        ),
        *("https://[::1", "https://x.test:port", "https://x.test:99999", "http://evil@localhost"),
    ],
)
def test_what_is_no_url_is_refused_and_shows_no_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_base_url(url)
    assert "--base-url" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_subaccount_comes_from_the_option_then_the_environment_then_the_file() -> None:
    environ, defaults = {"BULKSENDER_SUBACCOUNT": "from_env"}, Defaults(subaccount="from_file")
    assert subaccount("from_option", defaults, environ) == "from_option"
    assert subaccount(None, defaults, environ) == "from_env"
    assert subaccount(None, defaults, {}) == "from_file"
    assert subaccount(None, Defaults(), {}) == ""


@pytest.mark.parametrize("name", ["abc", "my_sub-account.1&2", "A" * 50])
def test_a_possible_subaccount_is_taken(name: str) -> None:
    assert subaccount(name, Defaults(), {}) == name


@pytest.mark.parametrize("name", ["ab", "A" * 51, "a/b/c", "a b c", "../..", "naïve", "abc\n"])
def test_an_impossible_subaccount_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be a sub-account id"):
        subaccount(name, Defaults(), {})


@pytest.mark.parametrize(
    "source", ["MyBrand", "A", "A1 B2", "ELEVEN CHAR", "6591234567", "+6591234567", "1" * 16,
               "+" + "1" * 15, "88888"]
)  # fmt: skip
def test_a_possible_sender_id_is_taken(source: str) -> None:
    check_source(source)
    assert job(source=source).check(NOW).source == source


@pytest.mark.parametrize(
    "source", ["", " ", "TWELVE CHARS", "My-Brand", "Café", "1" * 17, "+" + "1" * 16, "+", "+Brand",
               "Brand\n", "李", "٦٥٩١٢٣٤", "６５９１２３", "+６５９１"]
)  # fmt: skip
def test_an_impossible_sender_id_is_refused(source: str) -> None:
    assert "--source" in refused(source=source)


def test_the_key_comes_from_the_named_file_then_the_environment_then_the_settings_file(
    tmp_path: Path,
) -> None:
    named, listed = tmp_path / "named", tmp_path / "listed"
    named.write_text(f"\ufeff  {KEY}\r\n", "utf-8")
    listed.write_text("listed-key\n", "utf-8")
    environ, defaults = {"BULKSENDER_API_KEY": " env-key "}, Defaults(api_key_file=str(listed))
    assert api_key(named, defaults, environ) == KEY
    assert api_key(None, defaults, environ) == "env-key"
    assert api_key(None, defaults, {}) == "listed-key"


def test_without_a_key_the_refusal_says_how_to_get_on(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"BULKSENDER_API_KEY is not set.*--simulate"):
        api_key(None, Defaults(), {"BULKSENDER_API_KEY": "  "})
    (tmp_path / "key").write_text("\n")
    with pytest.raises(SettingsError, match="key is empty"):
        api_key(tmp_path / "key", Defaults(), {"BULKSENDER_API_KEY": KEY})


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        api_key(tmp_path / name, Defaults(), {})


@pytest.mark.parametrize("broken", [f"{KEY} x", f"{KEY}\nx", f"{KEY}é", f"“{KEY}”", f"{KEY}\0"])
def test_a_key_that_no_header_could_carry_is_refused_unseen(tmp_path: Path, broken: str) -> None:
    (tmp_path / "key").write_text(broken, "utf-8")
    for path, environ in [(None, {"BULKSENDER_API_KEY": broken}), (tmp_path / "key", {})]:
        with pytest.raises(SettingsError) as caught:
            api_key(path, Defaults(), environ)
        assert "k3y" not in "".join(traceback.format_exception(caught.value))


def test_nothing_that_prints_an_account_shows_its_key() -> None:
    account = Account("https://sms.8x8.com", "my_sub", KEY)
    assert account.api_key == KEY
    for shown in (repr(account), str(account), f"{account}", rich.pretty.pretty_repr(account)):
        assert "my_sub" in shown
        assert "k3y" not in shown


def test_a_job_has_no_place_for_a_key() -> None:
    assert not [name for name in (*Job.__struct_fields__, *SheetOptions.__struct_fields__)
                if "key" in name]  # fmt: skip


def test_the_settings_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    text = 'subaccount = "sub"\nregion = "us"\ncountry = "SG"\nsource = "Brand"\n'
    wanted = Defaults(subaccount="sub", region="us", country="SG", source="Brand")
    assert read_defaults(toml(tmp_path, text)) == wanted
    assert read_defaults(toml(tmp_path, "\ufeff" + text)) == wanted


def test_the_settings_file_of_the_working_folder_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toml(tmp_path, 'subaccount = "here"'))
    assert read_defaults() == Defaults(subaccount="here")


def test_without_a_settings_file_nothing_is_set(tmp_path: Path) -> None:
    assert read_defaults(tmp_path) == Defaults()


def test_an_unknown_setting_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_defaults(toml(tmp_path, 'sub_acount = "x"'))
    assert 'there is no setting "sub_acount". Did you mean "subaccount"?' in str(caught.value)


def test_a_key_in_the_settings_file_is_refused_unseen(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='Did you mean "api_key_file"') as caught:
        read_defaults(toml(tmp_path, f'api_key = "{KEY}"'))
    assert "k3y" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("text", ['region = "us', "region: us", b'region = "\xff"', "region = 5"])
def test_a_settings_file_that_says_nothing_usable_is_refused(
    tmp_path: Path, text: str | bytes
) -> None:
    with pytest.raises(SettingsError, match=r"bulksender\.toml"):
        read_defaults(toml(tmp_path, text))


def test_a_folder_in_place_of_the_settings_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bulksender.toml").mkdir()
    with pytest.raises(SettingsError, match=r"bulksender\.toml"):
        read_defaults(tmp_path)


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("batch_size", 1, 10_000), ("concurrency", 1, 64), ("max_parts", 1, 10)],
)
def test_numbers_are_held_to_their_range(field: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(job(**{field: value}).check(NOW), field) == value
    for value in (least - 1, most + 1, -1):
        assert f"--{field.replace('_', '-')}" in refused(**{field: value})


def test_a_job_needs_a_template_or_a_text_column() -> None:
    assert "no text to send" in refused(template=None)
    own = SheetOptions(path="x.csv", text_column="Text")
    assert job(template=None, sheet=own).check(NOW).template is None


def test_output_and_in_place_exclude_each_other() -> None:
    assert "exclude each other" in refused(output="out.csv", in_place=True)


def at(**ahead: float) -> str:
    return (NOW + timedelta(**ahead)).isoformat()


@pytest.mark.parametrize("when", [at(seconds=1), at(days=7), "2026-11-02T09:00+08:00",
                                  "2026-11-02T09:00:00Z"])  # fmt: skip
def test_a_time_up_to_seven_days_ahead_is_taken(when: str) -> None:
    assert job(scheduled=when).check(NOW).scheduled == when


@pytest.mark.parametrize(
    ("when", "why"),
    [
        *((at(), "already passed"), (at(days=-1), "already passed")),
        *(
            (at(days=7, seconds=1), "more than 7 days"),
            ("2026-11-01T13:00+08:00", "already passed"),
        ),
        *(("2026-11-02", "offset"), ("2026-11-02T09:00", "offset"), ("tomorrow", "offset")),
        *(("", "offset"), ("2026-02-30T09:00Z", "offset")),
    ],
)
def test_another_time_is_refused(when: str, why: str) -> None:
    said = refused(scheduled=when)
    assert "--schedule" in said
    assert why in said


@pytest.mark.parametrize("expiry", [at(), at(hours=-1), "2026-11-02T09:00", "soon"])
def test_an_expiry_that_has_passed_or_is_no_time_is_refused(expiry: str) -> None:
    assert "--expiry" in refused(expiry=expiry)


def test_an_expiry_may_lie_beyond_seven_days() -> None:
    assert job(expiry=at(days=30)).check(NOW).expiry == at(days=30)


@pytest.mark.parametrize("hours", [23, 24])
def test_an_expiry_at_or_before_the_scheduled_time_is_refused(hours: int) -> None:
    """8x8 sends nothing after the expiry, so nobody would get the text."""
    assert "--expiry" in refused(scheduled=at(hours=24), expiry=at(hours=hours))
    assert job(scheduled=at(hours=24), expiry=at(hours=25)).check(NOW)


def test_a_refusal_is_the_exit_code_for_refused() -> None:
    assert SettingsError.exit_code is ExitCode.REFUSED
