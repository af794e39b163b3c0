"""The script API as data: LuaCATS definitions and one JSON schema per tool."""
