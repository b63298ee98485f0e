"""What is known to break out of other template sandboxes reaches nothing here."""

from __future__ import annotations

import re
from datetime import date

import pytest
from renderer_rows import Row, render

from bulksender.errors import TemplateError
from bulksender.model import RejectedRow

ROW: Row = {"Name": "Ann", "Amount": 5, "Due": date(2026, 1, 2)}
INTERNALS = re.compile(
    r"<|\bat 0x|object|built-?in|__|function|method|root:|/bin|module|class|generator",
    re.IGNORECASE,
)
PAYLOADS = r"""
{{ ''.__class__.__mro__[1].__subclasses__() }}
{{ name.__class__.__base__.__subclasses__() }}
{{ [].__class__.__base__ }}
{{ ().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read() }}
{{ {}.__class__.__mro__ }}
{{ (1).__class__ }}
{{ (1.5).__class__ }}
{{ true.__class__ }}
{{ none.__class__ }}
{{ name['__class__'] }}
{{ name|attr('__class__') }}
{{ name|attr('__cl' ~ 'ass__') }}
{{ name|attr('\x5f\x5fclass\x5f\x5f') }}
{{ name['__cl' + 'ass__'] }}
{{ name|map(attribute='__class__')|list }}
{{ [name]|map('attr', '__class__')|list }}
{{ [name]|map('attr', '__class__')|join }}
{{ [name]|groupby('__class__') }}
{{ [name]|sort(attribute='__class__')|map(attribute='__class__')|list }}
{{ [name]|sum(attribute='__class__') }}
{{ [name]|selectattr('__class__')|list }}
{{ [name]|unique(attribute='__class__')|list }}
{{ [name]|join(',', attribute='__class__') }}
{{ config }}
{{ config.items() }}
{{ self.__init__.__globals__ }}
{{ self._TemplateReference__context }}
{{ request.application.__globals__.__builtins__ }}
{{ url_for.__globals__ }}
{{ get_flashed_messages.__globals__ }}
{{ cycler.__init__.__globals__.os.popen('id').read() }}
{{ joiner.__init__.__globals__.os.environ }}
{{ namespace.__init__.__globals__ }}
{{ lipsum.__globals__['os'].environ }}
{{ lipsum.__globals__.__builtins__.open('/etc/passwd').read() }}
{{ __import__('os').environ }}
{{ open('/etc/passwd').read() }}
{{ eval('1+1') }}
{% include '/etc/passwd' %}
{% import 'os' as os %}{{ os.environ }}
{% from 'os' import environ %}{{ environ }}
{% extends '/etc/passwd' %}
{% debug %}
{{ '{0.__class__}'.format(name) }}
{{ '{0.__class__.__init__.__globals__}'.format(name) }}
{{ '{0[__class__]}'.format(name) }}
{{ '{a.__class__}'.format(a=name) }}
{{ '{a.__class__}'.format_map({'a': name}) }}
{{ ('{0.__cl' ~ 'ass__}').format(name) }}
{{ ('{0.__class__}'|e).format(name) }}
{{ ('{0.__class__}'|safe).format(name) }}
{{ '{0.__class__}'|attr('format')(name) }}
{{ (['{0.__class__}']|map(attribute='format')|first)(name) }}
{{ (['{0.__class__}']|map('attr', 'format')|first)(name) }}
{% set f = '{0.__class__}'.format %}{{ f(name) }}
{% macro m(f) %}{{ f(name) }}{% endmacro %}{{ m('{0.__class__}'.format) }}
{{ '%(a)s'|format(a=name.__class__) }}
{{ name.upper.__self__ }}
{{ name.upper.__func__ }}
{{ name.upper }}
{{ name.format.__globals__ }}
{% macro m() %}{% endmacro %}{{ m.__globals__ }}
{% macro m() %}{% endmacro %}{{ m._func }}
{% macro m() %}{% endmacro %}{{ m._environment }}
{% macro m() %}{% endmacro %}{{ m }}
{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}
{% for x in name %}{{ loop.__class__ }}{% endfor %}
{% for x in name %}{{ loop._iterator }}{% endfor %}
{% for x in name %}{{ loop }}{% endfor %}
{% for x in loop %}{{ x }}{% endfor %}
{% for x in '' %}{% else %}{{ loop.nextitem }}{% endfor %}
{{ (name|batch(1)).gi_frame.f_globals }}
{{ (name|map('upper')).gi_code }}
{{ (name|__passes).gi_frame }}
{{ name|__passes }}
{{ [name]|__list|string }}
{{ [name]|__joined }}{{ name.__doc__ }}
{{ 0|__row }}
{{ due.__reduce__() }}
{{ due.strftime.__self__ }}
{{ name.encode('utf-16') }}
{{ __rows }}
{{ _column_0 }}
{{ _context }}
{{ name.upper|string }}
{{ name.upper|pprint }}
{{ name.upper|trim }}
{{ name.upper|upper }}
{{ name.upper|title }}
{{ name.upper|e }}
{{ name.upper|urlencode }}
{{ name.upper|replace('z', 'y') }}
{{ name.upper|center(90) }}
{{ name.upper|indent }}
{{ name.upper|striptags }}
{{ '%s'|format(name.upper) }}
{{ '%r'|format(name.upper) }}
{{ '{}'.format(name.upper) }}
{{ [name.upper]|join }}
{{ [name.upper]|string }}
{{ ', '.join([name.upper|string]) }}
{{ {'a': name.upper}|string }}
{{ name|map('upper')|string }}
{{ '%s'|format(name|map('upper')) }}
{{ name|batch(2)|string }}
{% macro m() %}{% endmacro %}{{ m|string }}
{% for x in name %}{{ loop|string }}{% endfor %}
{{ ('a'|e).escape|string }}
{% filter replace('a', name.upper) %}a{% endfilter %}
""".strip().splitlines()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_refused_and_shows_nothing(payload: str) -> None:
    try:
        [found] = render(payload, ROW)
    except TemplateError as error:
        assert "0x" not in str(error)
        assert "root:" not in str(error)
        return
    assert isinstance(found, RejectedRow), f"went out: {found!r}"
    assert not INTERNALS.search(found.detail.replace("attribute", "")), found.detail


def test_there_are_enough_of_them() -> None:
    assert len(PAYLOADS) >= 40


@pytest.mark.parametrize("template", ["{{ [name]|max(attribute='__class__') }}", "{{ due.day }}"])
def test_what_is_printed_is_never_more_than_a_cell(template: str) -> None:
    try:
        [found] = render(template, ROW)
    except TemplateError:
        return
    assert found in ("Ann", "2")
