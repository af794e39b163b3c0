"""Host functions by their names, put together by the modules that have them."""

from ..host import HostFunction


class Functions(dict[str, HostFunction]):
    def register(self, name: str, function: HostFunction) -> None:
        self[name] = function
