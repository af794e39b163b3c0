"""The host half of the global `Provider`: the configured providers and what they can do."""

from ..host import Host
from ..values import Value


def register(host: Host) -> None:
    host.register("Provider.list", list_providers)
    host.register("Provider.get", get)
    host.register("Provider.getCapabilities", get_capabilities)
    host.register("Provider.isAvailable", is_available)


def list_providers(host: Host) -> Value:
    from ..providers.listing import information, usable

    return [information(name, settings) for name, settings in usable(host).items()]


def get(host: Host, name: str) -> Value:
    from ..providers.listing import find, information, listed_name

    settings = find(host, name)
    return None if settings is None else information(listed_name(settings), settings)


def get_capabilities(host: Host, name: str) -> Value:
    from ..providers.listing import capabilities, find

    settings = find(host, name)
    return None if settings is None else capabilities(settings)


def is_available(host: Host, name: str) -> Value:
    from ..providers.listing import find

    return find(host, name) is not None
