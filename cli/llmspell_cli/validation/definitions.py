"""``llmspell definitions``: the script API as LuaCATS files in a folder."""

import json
from pathlib import Path

from llmspell_analysis.catalogue.luacats_files import write_definitions

from llmspell_cli.failure import fail
from llmspell_cli.report import show

_FAILED = 2


def definitions(folder: Path, *, with_standard_library: bool) -> int:
    """Write them; exit code 2 when that is not possible."""
    try:
        written = write_definitions(folder, with_standard_library=with_standard_library)
    except OSError as error:
        fail(f"{error.filename or folder} cannot be written: {error.strerror}")
        return _FAILED
    setting = json.dumps({"workspace.library": [str(folder.absolute())]})
    show(f"{folder}: {len(written)} files; LuaLS finds them with {setting} in .luarc.json")
    return 0
