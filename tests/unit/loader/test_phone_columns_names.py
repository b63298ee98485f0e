"""The phone column is known by its name in many languages, however the name is written."""

from __future__ import annotations

import unicodedata

import pytest

from bulksender.loader.phonenames import MOBILE, PERHAPS, PHONE, named_like_phones, surely_phone

SURE = [
    *(
        "Mobile",
        "MSISDN",
        "Phone",
        "Cell",
        "Handphone",
        "HP",
        "H/P",
        "Telephone no.",
        "Tel.",
        "Tel",
    ),
    *(
        "Mobile No.",
        "mobile_number",
        "Contact No.",
        "Contact number",
        "Cell #",
        "Phone #",
        "Phone:",
    ),
    *(
        "Handy",
        "Handy-Nr.",
        "Mobilnummer",
        "Mobiltelefon",
        "Telefonnummer",
        "Tel.-Nr.",
        "Rufnummer",
    ),
    *("Téléphone", "TÉLÉPHONE", "Tél.", "Tél. portable", "Portable", "Numéro de téléphone"),
    *("Numéro de portable", "Téléphone portable", "Móvil", "Teléfono", "Teléfono móvil", "Celular"),
    *("Número de celular", "Telemóvel", "Telefone", "Telefone celular", "Cellulare"),
    *("Numero di telefono", "Numero di cellulare", "Mobiel", "Mobiel nummer", "Telefoonnummer"),
    *("GSM", "GSM-nummer", "Matkapuhelin", "Puhelinnumero", "Telefon komórkowy", "Nr telefonu"),
    *("Komórka", "Mobilní telefon", "Telefonní číslo", "Mobiltlf.", "Tlf.", "Mobilszám"),
    *("Telefonszám", "Număr de telefon", "Cep Telefonu", "CEP TELEFONU", "Telefon No", "Cep No"),
    *("TELEFON NUMARASI", "Telefon Numarası", "Cep Numarası", "Cep Telefon Numarası"),
    *("Мобильный", "Мобильный телефон", "Телефон", "Номер телефона", "Сотовый", "Мобільний"),
    *("Номер телефону", "Мобилен телефон", "Κινητό", "Κινητό τηλέφωνο", "Τηλέφωνο", "ΤΗΛΕΦΩΝΟ"),
    *("جوال", "رقم الجوال", "الهاتف", "رقم الهاتف", "موبايل", "טלפון", "טלפון נייד", "נייד"),
    *("मोबाइल", "मोबाइल नंबर", "फ़ोन", "মোবাইল", "মোবাইল নম্বর", "ফোন", "கைபேசி எண்", "موبائل"),
    *("موبائل نمبر", "فون نمبر", "شماره تلفن", "تلفن", "தொலைபேசி", "फ़ोन नंबर", "ফোন নম্বর"),
    *("เบอร์มือถือ", "เบอร์โทร", "เบอร์โทรศัพท์", "โทรศัพท์มือถือ", "Điện thoại", "Số điện thoại"),
    *("SỐ ĐIỆN THOẠI", "SĐT", "SDT", "Di động", "Số di động", "No. HP", "Nomor HP", "No. Telepon"),
    *("Nomor Telepon", "No Telefon", "Telefon Bimbit", "Ponsel", "手机", "手机号", "手机号码"),
    *("手機號碼", "电话", "電話", "联系电话", "携帯", "携帯電話番号", "電話番号", "휴대폰"),
    *("휴대폰 번호", "전화번호", "연락처", "핸드폰"),
]
LIKE = [
    *("Customer mobile", "Phone (home)", "Your phone number", "Client's cell", "Mobile 1"),
    *("mobile_number_1", "Home phone", "Work telephone", "Tel (mobile)", "Mobile (WhatsApp)"),
    *("N° de téléphone", "Nº de teléfono", "Telefon mobil", "手机号 (必填)", "電話番号（携帯）"),
    *(
        "연락처(휴대폰)",
        "Phone, daytime",
        "customer.mobile",
        "customer-phone",
        "Mobile?",
        "MSISDN 2",
    ),
]
UNLIKE = [
    *("", " ", "Name", "Email", "Fax", "Telefax", "Address", "Hotel", "Motel", "Excel", "Celle"),
    *("Headphone", "Megaphones", "Automobile", "Mobility", "Immobile", "Cellar", "Cancelled"),
    *("Telegram", "Tell", "Handyman", "Notes", "Amount", "Invoice number", "Order no", "Room"),
    *("Contact name", "Contact person", "Nombre", "Nom", "Date", "Status", "Ort", "Straße", "备注"),
]


@pytest.mark.parametrize("name", SURE)
def test_a_phone_column_is_known_by_its_name(name: str) -> None:
    assert surely_phone(name)
    assert named_like_phones(["Fax", "Name", name, "Amount"]) == [2]


@pytest.mark.parametrize("name", LIKE)
def test_a_name_with_more_words_is_like_a_phone_column(name: str) -> None:
    assert named_like_phones(["Fax", "Name", name, "Amount"]) == [2]


@pytest.mark.parametrize("name", UNLIKE)
def test_other_names_are_not_like_a_phone_column(name: str) -> None:
    assert named_like_phones([name]) == []
    assert not surely_phone(name)


@pytest.mark.parametrize("name", [*SURE, *LIKE])
def test_case_spaces_punctuation_and_invisible_characters_do_not_matter(name: str) -> None:
    for written in (
        f"  {name} ",
        f"{name}:",
        f"*{name}*",
        f"\ufeff{name}",
        f"\u200b{name}\u200b",
        f"\u202a{name}\u202c",
        name.replace(" ", "\u00a0"),
        name.replace(" ", "\n"),
        name.replace(" ", "_"),
        name.replace(" ", " - "),
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFKD", name),
    ):
        assert named_like_phones(["Name", written]) == [1], written


@pytest.mark.parametrize(
    "name", [name for name in (*SURE, *LIKE) if name.lower().upper().lower() == name.lower()]
)
def test_upper_and_lower_case_are_the_same(name: str) -> None:
    for written in (name.upper(), name.lower(), name.title(), name.swapcase()):
        assert named_like_phones(["Name", written]) == [1], written


@pytest.mark.parametrize(
    "name", ["MOBİLE", "Ｍｏｂｉｌｅ", "𝗠𝗼𝗯𝗶𝗹𝗲", "Ｐｈｏｎｅ　Ｎｏ．", "Mo\u00adbile"]
)
def test_other_forms_of_the_letters_are_the_same(name: str) -> None:
    assert surely_phone(name)


@pytest.mark.parametrize("name", [name for name in SURE if name.isascii() is False])
def test_accents_may_be_missing(name: str) -> None:
    apart = unicodedata.normalize("NFD", name)
    bare = "".join(char for char in apart if unicodedata.category(char) != "Mn")
    assert surely_phone(bare)


@pytest.mark.parametrize(("names", "sure"), [(MOBILE, True), (PHONE, True), (PERHAPS, False)])
def test_every_name_of_the_table_is_known(names: tuple[str, ...], sure: bool) -> None:
    assert len(set(names)) == len(names)
    assert [name for name in names if named_like_phones([name]) != [0]] == []
    assert [name for name in names if surely_phone(name) != sure] == []


def test_mobile_phones_go_before_any_phones_and_those_before_what_may_be_one() -> None:
    for surer, other in ((MOBILE, PHONE), (PHONE, PERHAPS)):
        found = named_like_phones([*other, *surer])
        assert set(found[: len(surer)]) == set(range(len(other), len(other) + len(surer)))


@pytest.mark.parametrize(
    ("surer", "other"),
    [
        *(("Mobile", "Phone"), ("Handynummer", "Telefonnummer"), ("手机", "电话"), ("GSM", "Tel")),
        *(("Phone", "Customer mobile"), ("Customer mobile", "Customer phone"), ("Tel", "Number")),
        *(("Home phone", "Number"), ("Mobile", "Mobile plan"), ("Phone", "Phone model")),
        *(("Mobile", "Home phone"), ("Téléphone portable", "Téléphone"), ("Celular", "Teléfono")),
        *(("Number", "Destination"), ("Cell", "Emergency phone"), ("SMS number", "Contact number")),
    ],
)
def test_the_surer_name_goes_first(surer: str, other: str) -> None:
    assert named_like_phones([other, "Name", surer]) == [2, 0]
    assert named_like_phones([surer, "Name", other]) == [0, 2]


def test_a_name_that_may_mean_something_else_does_not_say_so_surely() -> None:
    for name in ("Number", "Contact", "No.", "Nr", "Numéro", "Номер", "番号", "Destination"):
        assert named_like_phones(["Name", name]) == [1]
        assert not surely_phone(name)
