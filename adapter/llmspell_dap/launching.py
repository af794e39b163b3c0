"""From a configuration to the LDP requests that begin the debugging: ``launch`` and ``attach``.

Invariant: what the user got wrong about a program is told before any kernel is started for it.
"""

import os
from typing import Any

from llmspell_dap.configuration import AttachArguments, LaunchArguments, SourceOptions
from llmspell_dap.locations import Locations
from llmspell_dap.messages import RequestFailedError

Json = dict[str, Any]


def launch_request(arguments: LaunchArguments, locations: Locations) -> Json:
    """The arguments of LDP's ``launch``; raises RequestFailedError."""
    cwd = None if arguments.cwd is None else locations.configured_folder(arguments.cwd)
    program = locations.program_to_ldp(arguments.program, cwd)
    mapped_cwd = None if cwd is None else locations.folder_to_ldp(cwd)
    # What a path mapping moves may be on another machine: the kernel tells whether it is there.
    if mapped_cwd is not None and mapped_cwd == cwd and not os.path.isdir(mapped_cwd):
        raise RequestFailedError(f"cwd: {cwd} is no folder", show_user=True, error_id=1004)
    if not locations.is_mapped(program):
        _check_program(arguments.program, program)
    return {
        "program": program,
        "args": arguments.args,
        "cwd": mapped_cwd if mapped_cwd is not None else os.path.dirname(program),
        "env": arguments.env,
        "stopOnEntry": arguments.stop_on_entry,
        "noDebug": arguments.no_debug,
        "allowStdin": True,
        **({"python": arguments.python} if arguments.python else {}),
        **_skipped(arguments.sources, locations),
    }


def attach_request(arguments: AttachArguments, locations: Locations) -> Json:
    """The arguments of LDP's ``attach``."""
    # An editor keeps its breakpoints itself: it must not stop at some that it does not show.
    python = {"python": arguments.python} if arguments.python else {}
    return {"restoreBreakpoints": False, **python, **_skipped(arguments.sources, locations)}


def process_event(name: str, start_method: str) -> Json:
    """The body of the event that tells what is debugged."""
    return {"name": name, "startMethod": start_method, "isLocalProcess": True}


def _check_program(given: str, program: str) -> None:
    # os.path: what pathlib raises for names that are too long is here just "no".
    if not os.path.isfile(program):
        what = "is a folder, not a script" if os.path.isdir(program) else "does not exist"
        raise RequestFailedError(f"program: {given} {what}", show_user=True, error_id=1005)


def _skipped(sources: SourceOptions, locations: Locations) -> Json:
    found: Json = {}
    if sources.skip_files:
        found["skipFiles"] = [locations.glob_to_ldp(each) for each in sources.skip_files]
    if sources.just_my_code is not None:
        found["justMyCode"] = sources.just_my_code
    return found
