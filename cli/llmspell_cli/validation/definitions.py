"""``llmspell definitions``: the script API as LuaCATS files in a folder."""

from pathlib import Path

from llmspell_analysis.catalogue import write_definitions

from llmspell_cli.failure import fail
from llmspell_cli.report import show

_UNWRITABLE = 2


def definitions(folder: Path) -> int:
    try:
        write_definitions(folder)
    except OSError as error:
        fail(f"{error.filename or folder} cannot be written: {error.strerror}")
        return _UNWRITABLE
    show(f'{folder} has the definitions; LuaLS finds them with "workspace.library": ["{folder.absolute()}"]')
    return 0
