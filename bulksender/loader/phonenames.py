"""What people call the column of phone numbers, in the larger European and Asian languages.

Compared without spaces, case and accents; the surest first. What means a mobile
phone goes before what means any phone, and that before what may mean something else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from bulksender import headers

MOBILE = (
    *("msisdn", "mobile", "mobilephone", "mobilenumber", "mobileno", "mobilephonenumber"),
    *("cell", "cellphone", "cellnumber", "cellphonenumber", "cellular", "handphone"),
    *("handphonenumber", "handphoneno", "hp", "hpno", "smsnumber", "textnumber", "whatsapp"),
    *("whatsappnumber", "smsmobile"),
    *("handy", "handynummer", "handynr", "mobil", "mobilnummer", "mobilnr", "mobiltelefon"),
    *("mobilfunknummer", "mobilfunk", "mobiel", "mobielnummer", "gsm", "gsmnummer", "gsmnumber"),
    *("portable", "telephoneportable", "telportable", "numeroportable", "numerodeportable"),
    *("telephonemobile", "numeromobile", "numerodemobile", "movil", "telefonomovil"),
    *("numeromovil", "numerodemovil", "celular", "telefonocelular", "numerocelular"),
    *("numerodecelular", "telemovel", "telefonecelular", "cellulare", "telefonocellulare"),
    *("numerocellulare", "numerodicellulare", "matkapuhelin", "matkapuhelinnumero"),
    *("komorka", "telefonkomorkowy", "telkomorkowy", "numerkomorkowy", "mobilnitelefon"),
    *("mobiltlf", "mobilszam", "mobilni", "mobitel", "mobilais", "mobilusis"),
    *("cep", "ceptelefonu", "cepno", "cepnumarasi", "ceptelefonnumarasi"),
    *("мобильныи", "мобильныителефон", "сотовыи", "сотовыителефон", "номермобильного"),
    *("мобільнии", "мобільнителефон", "мобільниителефон", "мобилен", "мобилентелефон", "κινητο"),
    *("κινητοτηλεφωνο", "جوال", "الجوال", "رقمالجوال", "موبايل", "الموبايل", "رقمالموبايل"),
    *("محمول", "المحمول", "הנייד", "נייד", "טלפוןנייד", "מספרנייד"),
    *("मबइल", "मबइलनबर", "মবইল", "মবইলনমবর", "موبائل", "موبائلنمبر", "கபசஎண", "ponsel"),
    *("nohp", "nomorhp", "nomorponsel", "telefonbimbit", "notelefonbimbit", "nohandphone"),
    *("มอถอ", "เบอรมอถอ", "โทรศพทมอถอ", "หมายเลขมอถอ", "didong", "diđong", "sodidong", "sođiđong"),
    *(
        "手机",
        "手机号",
        "手机号码",
        "手機",
        "手機號碼",
        "手機號",
        "移动电话",
        "行動電話",
        "流動電話",
    ),
    *("携帯", "携帯電話", "携帯番号", "携帯電話番号", "휴대폰", "휴대전화", "핸드폰", "휴대폰번호"),
    *("휴대전화번호", "핸드폰번호"),
    *("cellphoneno", "cellno", "ndeportable", "noportable", "nportable", "мобтелефон"),
    *("تلفن همراه", "همراه", "شماره همراه", "موبایل", "شماره موبایل"),
    *("मोबाईल", "मोबाईल नंबर", "మొబైల్", "మొబైల్ నంబర్", "Điện thoại di động", "dien thoai di dong"),
    *("số di động", "cep numarası", "cep telefon numarası"),
)
PHONE = (
    *("phone", "phonenumber", "phoneno", "phonenr", "telephone", "telephonenumber", "telephoneno"),
    *("tel", "telno", "telnumber", "contactnumber", "contactno", "contactphone"),
    *("telefon", "telefonnummer", "telefonnr", "telnr", "rufnummer", "telefoon"),
    *("telefoonnummer", "telefoonnr", "numerodetelephone", "numerotelephone", "notelephone"),
    *("telefono", "numerodetelefono", "numerotelefono", "telefone", "numerodetelefone"),
    *("numeroditelefono", "puhelin", "puhelinnumero", "puhelinnro", "tlf", "tlfnr"),
    *("nrtelefonu", "numertelefonu", "telefonnicislo", "telefonnumarasi", "telefonno"),
    *("telefonszam", "numardetelefon", "nrtelefon", "telefons", "telefonas", "telefoninumber"),
    *("телефон", "номертелефона", "номертелефону", "тел", "телефоненномер"),
    *("τηλεφωνο", "αριθμοστηλεφωνου", "هاتف", "الهاتف", "رقمالهاتف", "تلفون", "טלפון", "מספרטלפון"),
    *("فون", "فوننمبر", "تلفن", "شمارهتلفن", "फन", "फननबर", "দরভষ", "ফন", "ফননমবর", "தலபச"),
    *("telepon", "notelp", "notelepon", "nomortelepon", "notel", "notelefon", "nombortelefon"),
    *("โทรศพท", "เบอรโทร", "เบอรโทรศพท", "หมายเลขโทรศพท", "đienthoai", "sođienthoai", "sđt"),
    *("dienthoai", "sodienthoai", "sdt"),
    *("电话", "电话号码", "電話", "電話號碼", "电话号", "联系电话", "聯絡電話"),
    *("電話番号", "전화", "전화번호", "연락처"),
)
PERHAPS = (
    *("number", "contact", "no", "nr", "numero", "nummer", "номер"),
    *("号码", "號碼", "番号", "번호", "destination"),
)
"""Names that need a number in the column to be believed."""

_WORDS = frozenset(
    {
        *("mobile", "cell", "cellphone", "handphone", "handy", "mobil", "celular", "movil", "gsm"),
        *("whatsapp", "telemovel", "cellulare", "portable"),
    }
)
_OTHER_WORDS = frozenset(
    {"phone", "telephone", "tel", "telefon", "telefono", "telefone", "msisdn", "телефон"}
)
_SOMEBODY_ELSES = frozenset(
    {
        *("emergency", "kin", "nok", "guarantor", "parent", "father", "mother", "spouse", "wife"),
        *("husband", "reference", "referee", "office", "work", "company", "fax", "agent", "doctor"),
        *("guardian", "employer", "sender", "alternative", "alternate", "other", "secondary"),
    }
)
_PIECES = ("手机", "手機", "携帯", "휴대폰", "핸드폰"), ("电话", "電話", "전화")


def named_like_phones(texts: Sequence[str]) -> list[int]:
    """The indexes of the columns that are called like a phone column, the surest first."""
    bare = [_bare(text) for text in texts]
    ranked = [_rank(text, key) for text, key in zip(texts, bare, strict=True)]
    found = [index for index, rank in enumerate(ranked) if rank is not None]
    return sorted(found, key=lambda index: (_somebody_elses(texts[index]), ranked[index] or 0))


def _somebody_elses(text: str) -> bool:
    """Whether a header names the phone of somebody beside the person: "Guarantor mobile"."""
    return not _SOMEBODY_ELSES.isdisjoint(headers.variable(text).split("_"))


def surely_phone(text: str) -> bool:
    """Whether a header by itself says that phone numbers stand below it."""
    rank = _rank(text, _bare(text))
    return rank is not None and rank < len(_RANKS)


def _rank(text: str, bare: str) -> int | None:
    if bare in _RANKS:
        return _RANKS[bare]
    words = {_bare(word) for word in headers.variable(text).split("_")}
    for place, (known, pieces) in enumerate(
        zip((_WORDS, _OTHER_WORDS), _PIECES, strict=True), len(_RANKS)
    ):
        if words & known or any(piece in bare for piece in pieces):
            return place
    return _LATE.get(bare)


def _bare(text: str) -> str:
    """A header's key without accents and vowel signs: "Téléphone" → `telephone`."""
    apart = unicodedata.normalize("NFD", headers.key(text).replace("ı", "i"))
    bare = "".join(char for char in apart if unicodedata.category(char)[0] != "M")
    return unicodedata.normalize("NFC", bare)


_RANKS: dict[str, int] = {}
for _name in (*MOBILE, *PHONE):
    _RANKS.setdefault(_bare(_name), len(_RANKS))
_LATE = {_bare(name): rank for rank, name in enumerate(PERHAPS, len(_RANKS) + 4)}
