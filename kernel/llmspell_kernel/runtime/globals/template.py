"""The host half of the global `Template`. What templates do without a model is in ``runtime/templates``, loaded when
first used."""

from typing import Any

from ..host import Host
from ..timestamps import now_text
from ..values import Value


def register(host: Host) -> None:
    host.register("Template.list", _list)
    host.register("Template.search", _search)
    host.register("Template.info", _info)
    host.register("Template.schema", _schema)
    host.register("Template.estimate_cost", _estimate)
    host.register("Template.check", _check)
    host.register("Template.prepare", _prepare)
    host.register("Template.body", _body)
    host.register("Template.read", _read)
    host.register("Template.classify", _classify)
    host.register("Template.know", _know)
    host.register("Template.analyse", _analyse)


def _list(_host: Host, category: str | None = None) -> Value:
    from ..templates.facts import listed

    return listed(category)


def _search(_host: Host, query: str, category: str | None = None) -> Value:
    from ..templates.facts import search

    return search(query, category)


def _info(_host: Host, name: str, with_schema: bool) -> Value:
    from ..templates.facts import metadata, schema, template

    one = template("Template.info", name)
    return {"metadata": metadata(one), "schema": schema(one) if with_schema else None}


def _schema(_host: Host, name: str) -> Value:
    from ..templates.facts import schema, template

    return schema(template("Template.schema", name))


def _estimate(_host: Host, name: str, parameters: Value) -> Value:
    from ..templates.facts import estimate

    return estimate(name, parameters)


def _check(_host: Host, step: str, name: str) -> None:
    from ..templates.facts import template

    template(f"step '{step}'", name)


def _prepare(_host: Host, function: str, name: str, parameters: Value) -> Value:
    """What a run starts from: `{parameters, version, time}`. Raises HostError for parameters that do not fit."""
    from ..templates.facts import checked, template

    given = checked(function, name, parameters)
    return {"parameters": given, "version": template(function, name).version, "time": now_text()}


def _body(_host: Host, name: str) -> Value:
    from ..templates.facts import body

    return body(name).decode("utf-8")


def _read(host: Host, name: str, path: str) -> Value:
    from ..templates.files import text_of

    return text_of(host, f"Template.execute: {name}", path)


def _classify(host: Host, parameters: dict[str, Any]) -> Value:
    from ..templates.files import classify

    return classify(host, parameters)


def _know(host: Host, parameters: dict[str, Any]) -> Value:
    from ..templates.knowledge import operate

    return operate(host, parameters)


def _analyse(host: Host, parameters: dict[str, Any]) -> Value:
    from ..templates.analysis import analyse

    return analyse(host, parameters)
