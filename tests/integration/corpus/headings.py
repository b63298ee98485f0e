"""Header rows: how the phone column is called, and how the other columns are found."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.making import ANNA, BEN, CARL, DORA, Case, all_rows, delimited

PHONE_NAMES = (
    # English
    *("Mobile", "Mobile No.", "MOBILE_NUMBER", "mobile-number", "Cell Phone", "Cellphone No."),
    *("Phone", "phone number", "Phone #", "Tel.", "Tel No", "Contact No.", "Contact Number"),
    *("MSISDN", "Handphone", "HP", "H/P", "H/P No.", "WhatsApp Number", "Phone 1 - Value"),
    # as exports and forms decorate them
    *("Mobile*", "Mobile:", "Mobile Number *", " Mobile ", "Mobile\nNumber", "Mobile (SMS)"),
    *("\ufeffMobile", "Mo\u200bbile", "Mobile\u200b Number", "Mobile\u00a0Number", "Ｍｏｂｉｌｅ"),
    # German, Dutch, the north
    *("Handynummer", "Handy-Nr.", "Mobiltelefon", "Mobilnummer", "Telefonnummer", "Tel.-Nr."),
    *("Mobiel", "Mobiel nummer", "GSM-nummer", "Telefoonnummer", "Matkapuhelin", "Puhelinnumero"),
    # French, Spanish, Portuguese, Italian, Romanian
    *("Téléphone portable", "TÉLÉPHONE", "N° de téléphone", "N° de portable", "Tél. portable"),
    *("Te\u0301le\u0301phone mobile", "Móvil", "Teléfono móvil", "Nº de móvil", "Celular"),
    *("Número de celular", "Telemóvel", "Nº de telemóvel", "Telefone", "Cellulare"),
    *("Numero di cellulare", "N. cellulare", "Telefono", "Telefon mobil"),
    # Polish, Czech, Hungarian, Russian, Ukrainian, Bulgarian, Greek, Turkish
    *("Komórka", "Telefon komórkowy", "Nr telefonu", "Mobilní telefon", "Mobilszám"),
    *("Телефон", "Мобильный телефон", "Номер телефона", "Моб. телефон", "Мобільний телефон"),
    *("Мобилен телефон", "Κινητό", "ΚΙΝΗΤΟ ΤΗΛΕΦΩΝΟ", "Τηλέφωνο", "Cep telefonu", "Cep No"),
    *("GSM", "CEP TELEFONU"),
    # Arabic, Persian, Hebrew, Urdu
    *("الجوال", "رقم الجوال", "رقم الهاتف", "موبايل", "شماره موبایل", "تلفن همراه", "נייד"),
    *("טלפון נייד", "موبائل نمبر"),
    # Hindi, Marathi, Bengali, Tamil, Telugu
    *("मोबाइल", "मोबाइल नंबर", "मोबाईल नंबर", "फ़ोन नंबर", "মোবাইল নম্বর", "கைபேசி எண்"),
    *("మొబైల్ నంబర్",),
    # Thai, Vietnamese, Indonesian, Malay
    *("มือถือ", "เบอร์โทรศัพท์", "เบอร์มือถือ", "Số điện thoại", "SĐT", "Điện thoại di động"),
    *("No HP", "No. HP", "Nomor HP", "No. WhatsApp", "No. Telepon", "No. Telefon Bimbit"),
    # Chinese, Japanese, Korean
    *("手机号码", "手机", "手機號碼", "联系电话", "電話番号", "携帯電話", "携帯番号"),
    *("휴대폰", "휴대폰 번호", "휴대전화", "핸드폰", "전화번호", "연락처"),
)

OTHER_NAMES = (
    *("First Name", "FIRST NAME", "first_name", "First-Name", "firstname", " First  Name "),
    *("\ufeffFirst Name", "First\u200bName", "First\nName", "First\u00a0Name", "First Name:"),
    *("First Name*", "Ｆｉｒｓｔ Ｎａｍｅ"),
)


def cases() -> Iterator[Case]:
    """A sheet for every name, and sheets in which several columns could be the one."""
    for name in PHONE_NAMES:
        # The other column holds numbers as well, so that the name alone can tell.
        yield Case(
            name=f"phone column {name!a} {name if name.isprintable() else ''}",
            sheet=delimited(("Ref", name), (CARL, ANNA), (DORA, BEN)),
            sent=all_rows(2, ANNA, BEN),
            described=("phone column", "(B)"),
        )
    for name in OTHER_NAMES:
        yield Case(
            name=f"column {name!a} for the text",
            sheet=delimited((name, "Mobile"), ("Anna", ANNA)),
            template="Hi {{ first_name }}",
            sent={2: ANNA},
            texts={2: "Hi Anna"},
        )
    yield from CHOICES


CHOICES = (
    Case(
        name="the mobile column goes before the phone column",
        sheet=delimited(("Phone", "Mobile"), ("+6562123456", ANNA), ("", BEN)),
        sent=all_rows(2, ANNA, BEN),
        described=('"Mobile" (B)',),
    ),
    Case(
        name="Outlook contacts: Mobile Phone among other phones",
        sheet=delimited(
            ("First Name", "Business Phone", "Home Phone", "Mobile Phone", "Business Fax"),
            ("Anna", "+6562123456", "+6562123457", ANNA, "+6562123458"),
        ),
        sent={2: ANNA},
        described=('"Mobile Phone" (D)',),
    ),
    Case(
        name="a phone's type beside its number",
        sheet=delimited(("Phone Type", "Phone Number"), ("Mobile", ANNA), ("Mobile", BEN)),
        sent=all_rows(2, ANNA, BEN),
        described=('"Phone Number" (B)',),
    ),
    Case(
        name="an emergency contact's phone is not the row's own",
        sheet=delimited(("Emergency phone", "Phone"), (CARL, ANNA), (DORA, BEN)),
        sent=all_rows(2, ANNA, BEN),
    ),
    Case(
        name="an empty Mobile column beside a filled Phone column",
        sheet=delimited(("Name", "Mobile", "Phone"), ("Anna", "", ANNA), ("Ben", "", BEN)),
        sent=all_rows(2, ANNA, BEN),
        described=('"Phone" (C)',),
    ),
    Case(
        name="contact name and contact number",
        sheet=delimited(("Contact", "Contact number"), ("Anna", ANNA), ("Ben", BEN)),
        sent=all_rows(2, ANNA, BEN),
        described=('"Contact number" (B)',),
    ),
    Case(
        name="a number of the order beside the phone",
        sheet=delimited(("Number", "Phone"), ("91230001", ANNA), ("91230002", BEN)),
        sent=all_rows(2, ANNA, BEN),
        country="SG",
        described=('"Phone" (B)',),
    ),
    Case(
        name="a column called Contact that holds the numbers",
        sheet=delimited(("Who", "Contact"), ("Anna", ANNA), ("Ben", BEN)),
        sent=all_rows(2, ANNA, BEN),
        described=('"Contact" (B)',),
    ),
    Case(
        name="chosen by content, and that is said",
        sheet=delimited(("Who", "Reach at"), ("Anna", ANNA), ("Ben", "9123 4568"), ("Carl", "x")),
        country="SG",
        sent=all_rows(2, ANNA, BEN),
        kept={4: ("INVALID", '"Reach at" (B)', "letters")},
        described=('"Reach at" (B), chosen by what stands in it',),
    ),
    Case(
        name="chosen by content beside dates and amounts",
        sheet=delimited(
            ("Born", "Reach at", "Balance"),
            ("1990-01-05", ANNA, "1000000"),
            ("1991-02-06", BEN, "2000000"),
        ),
        sent=all_rows(2, ANNA, BEN),
        described=('"Reach at" (B)',),
    ),
    Case(
        name="what was chosen is shown with the country",
        sheet=delimited(("Name", "Mobile"), ("Anna", "91234567")),
        country="SG",
        sent={2: ANNA},
        described=("comma-separated", "header in row 1", '"Mobile" (B)', "SG"),
    ),
    Case(
        name="phone columns in order, row by row",
        sheet=delimited(
            ("Home", "Mobile"), ("+6562123456", ANNA), (BEN, ""), (CARL, "n/a"), ("", "")
        ),
        phone=("Mobile", "Home"),
        sent=all_rows(2, ANNA, BEN, CARL),
        kept={},
        notices={'"Mobile" (B) holds no number': 1},
    ),
    Case(
        name="phone columns of which neither holds a number",
        sheet=delimited(
            ("Name", "A", "B"), ("Anna", "", ""), ("Ben", "call", "12"), ("Carl", "", "12")
        ),
        phone=("A", "B"),
        country="SG",
        kept={
            2: ("INVALID", '"A" (B)', "missing"),
            3: ("INVALID", '"A" (B)', "letters"),
            4: ("INVALID", '"B" (C)', "too short"),
        },
    ),
    Case(
        name="phone columns named in another spelling",
        sheet=delimited(("Reach At", "2nd Phone"), ("", ANNA), (BEN, "")),
        phone=("reach_at", "2ND-PHONE"),
        sent=all_rows(2, ANNA, BEN),
    ),
    Case(
        name="twice the same header that nothing uses",
        sheet=delimited(("Note", "Mobile", "Note", "Name"), ("a", ANNA, "b", "Anna")),
        template="Hi {{ name }}",
        sent={2: ANNA},
        texts={2: "Hi Anna"},
    ),
    Case(
        name="columns without a header",
        sheet=delimited(("", "Mobile", "", "Name"), ("1", ANNA, "x", "Anna")),
        template="Hi {{ name }}",
        sent={2: ANNA},
        texts={2: "Hi Anna"},
    ),
    Case(
        name="headers that begin with a digit or are in brackets",
        sheet=delimited(("1st child", "Amount (SGD)", "Mobile"), ("Tom", "12.50", ANNA)),
        template='{{ row["1st child"] }} {{ amount_sgd }}',
        sent={2: ANNA},
        texts={2: "Tom 12.50"},
    ),
)
