"""What the kernel says of itself (``kernel_info_reply``, messaging protocol 5.5, "Kernel info")."""

from typing import Any

from ..protocol.ldp import LDP_VERSION
from ..protocol.wire import PROTOCOL_VERSION
from ..version import __version__


def kernel_info(kernel_id: str) -> dict[str, Any]:
    """The content of a ``kernel_info_reply``, plus ``llmspell`` with the kernel's id and the version of LDP."""
    return {
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": "llmspell",
        "implementation_version": __version__,
        "language_info": {
            "name": "lua",
            "version": "5.4",
            "mimetype": "text/x-lua",
            "file_extension": ".lua",
            "pygments_lexer": "lua",
            "codemirror_mode": "lua",
        },
        "banner": f"LLMSpell {__version__}, Lua 5.4",
        "debugger": True,
        "supported_features": ["debugger", "kernel subshells"],
        "help_links": [{"text": "Lua 5.4 Reference Manual", "url": "https://www.lua.org/manual/5.4/"}],
        "llmspell": {"kernel_id": kernel_id, "ldp": LDP_VERSION},
    }
