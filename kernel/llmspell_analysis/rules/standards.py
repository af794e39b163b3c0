"""Sets of globals that other tools know by name, as far as they are not in LLMSpell's own.

A table of Lua's library among them means that it has more fields there than it has in Lua 5.4.
"""

from __future__ import annotations

from collections.abc import Mapping

_LUA51 = frozenset(
    {"unpack", "loadstring", "setfenv", "getfenv", "module", "newproxy", "gcinfo", "table", "math", "string", "debug"}
    | {"package"}
)
_LUA52 = frozenset({"bit32", "math", "package"})
_LUAJIT = _LUA51 | {"bit", "jit", "coroutine"}
_BUSTED = frozenset(
    {"describe", "context", "insulate", "expose", "it", "spec", "test", "pending", "before_each", "after_each"}
    | {"setup", "teardown", "lazy_setup", "lazy_teardown", "strict_setup", "strict_teardown", "finally", "randomize"}
    | {"assert", "match", "spy", "mock", "stub"}
)
_ROCKSPEC = frozenset(
    {"rockspec_format", "package", "version", "description", "dependencies", "supported_platforms", "source", "build"}
    | {"external_dependencies", "hooks", "deploy", "build_dependencies", "test_dependencies", "test"}
)
_LUACHECKRC = frozenset(
    {"global", "unused", "redefined", "unused_args", "unused_secondaries", "self", "compat", "allow_defined", "module"}
    | {"allow_defined_top", "globals", "read_globals", "new_globals", "new_read_globals", "not_globals", "ignore"}
    | {"enable", "only", "std", "max_line_length", "max_code_line_length", "max_string_line_length", "quiet", "color"}
    | {"max_comment_line_length", "max_cyclomatic_complexity", "codes", "ranges", "formatter", "cache", "jobs"}
    | {"files", "stds", "exclude_files", "include_files", "operators"}
)
_PANDOC = frozenset(
    {"pandoc", "FORMAT", "PANDOC_VERSION", "PANDOC_API_VERSION", "PANDOC_STATE", "PANDOC_SCRIPT_FILE", "lpeg", "re"}
    | {"PANDOC_READER_OPTIONS", "PANDOC_WRITER_OPTIONS"}
)

STANDARDS: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "min": frozenset(),
    "lua51": _LUA51,
    "lua51c": _LUA51,
    "lua52": _LUA52,
    "lua52c": _LUA51 | _LUA52,
    "lua53": frozenset(),
    "lua53c": _LUA52,
    "lua54": frozenset(),
    "lua54c": frozenset({"math"}),
    "lua55": frozenset(),
    "luajit": _LUAJIT,
    "max": _LUA51 | _LUA52 | _LUAJIT,
    "_G": _LUA51 | _LUA52 | _LUAJIT,
    "busted": _BUSTED,
    "luassert": frozenset({"assert", "match", "spy", "mock", "stub"}),
    "love": frozenset({"love"}) | _LUAJIT,
    "love2d": frozenset({"love"}) | _LUAJIT,
    "ngx_lua": frozenset({"ngx", "ndk"}) | _LUAJIT,
    "openresty": frozenset({"ngx", "ndk"}) | _LUAJIT,
    "rockspec": _ROCKSPEC,
    "luacheckrc": _LUACHECKRC,
    "pandoc": _PANDOC,
    "sile": frozenset({"SILE", "SU", "luautf8", "pl", "fluent", "CASILE"}),
}


def of_runtime(version: str) -> frozenset[str] | None:
    """Globals of a `runtime.version` of LuaLS or EmmyLua, such as "Lua 5.1" or "LuaJIT"; None for an unknown one."""
    return STANDARDS.get(version.lower().replace(" ", "").replace(".", "").replace("lualatest", "lua54"))
