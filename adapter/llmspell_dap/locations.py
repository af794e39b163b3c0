"""Lines, columns and paths between a client's form and LDP's (1-based, UTF-16 columns, real absolute paths).

Invariant: what LDP gets is always a real path, so that breakpoints bind whatever links and dots the client's path
has; what the client gets is the path in the form that it used itself.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from llmspell_dap.messages import ClientFeatures, FieldError, SourceSpec, is_path

Json = dict[str, Any]


@dataclass(slots=True)
class Locations:
    """The conversions for one client."""

    lines_start_at_1: bool = True
    columns_start_at_1: bool = True
    uris: bool = False
    # real path -> the path that the client gave for it
    _given: dict[str, str] = field(default_factory=dict)
    # real folder -> the folder that the client calls it by
    _folders: dict[str, str] = field(default_factory=dict)

    def speak(self, features: ClientFeatures) -> None:
        """Use the form that a client has announced."""
        self.lines_start_at_1 = features.lines_start_at_1
        self.columns_start_at_1 = features.columns_start_at_1
        self.uris = features.path_format == "uri"

    def line_to_ldp(self, line: int) -> int:
        return line if self.lines_start_at_1 else line + 1

    def column_to_ldp(self, column: int) -> int:
        return column if self.columns_start_at_1 else column + 1

    def column_to_client(self, column: int) -> int:
        # LDP's 0 means that there is no position; it stays 0 for every client.
        return column if self.columns_start_at_1 or column <= 0 else column - 1

    def to_client(self, values: Json) -> Json:
        """A copy with lines, columns and source in the client's form (stack frames, breakpoints, events, …)."""
        shown = dict(values)
        for name, starts_at_1 in (
            ("line", self.lines_start_at_1),
            ("endLine", self.lines_start_at_1),
            ("column", self.columns_start_at_1),
            ("endColumn", self.columns_start_at_1),
        ):
            value = shown.get(name)
            # LDP's 0 means that there is no position; it stays 0 for every client.
            if isinstance(value, int) and value > 0 and not starts_at_1:
                shown[name] = value - 1
        for name in ("source", "location"):
            source = shown.get(name)
            if isinstance(source, dict):
                shown[name] = self.source_to_client(source)
        return shown

    def source_to_client(self, source: Json) -> Json:
        path = source.get("path")
        if not isinstance(path, str) or not Path(path).is_absolute():
            return source
        return {**source, "path": self.path_to_client(path)}

    def source_to_ldp(self, source: SourceSpec) -> Json:
        if source.reference:
            return {"sourceReference": source.reference}
        path = self.path_to_ldp(source.path or "")
        return {"path": path, "name": os.path.basename(path)}

    def path_to_ldp(self, path: str, base: str | None = None) -> str:
        """The real path of what the client names; ``base`` is the folder for relative paths.

        Raises FieldError for a URI that is no file.
        """
        local = self._local_path(path)
        absolute = Path(base or ".").absolute() / local
        real = os.path.realpath(absolute)
        self._given[real] = path
        self._remember_folders(real, os.path.normpath(absolute))
        return real

    def program_to_ldp(self, program: str, base: str | None) -> str:
        """The real path of a launch configuration's program, which is a path whatever the path format is."""
        absolute = Path(base or ".").absolute() / os.path.expanduser(program)
        real = os.path.realpath(absolute)
        if not self.uris:
            self._given.setdefault(real, os.path.normpath(absolute))
        self._remember_folders(real, os.path.normpath(absolute))
        return real

    def path_to_client(self, real: str) -> str:
        """The form in which the client knows a real path, or could have named it itself."""
        given = self._given.get(real)
        if given is not None:
            return given
        path = real
        for folder, called in self._folders.items():
            rest = Path(real)
            if not rest.is_relative_to(folder):
                continue
            candidate = str(Path(called) / rest.relative_to(folder))
            if os.path.realpath(candidate) == real:
                path = candidate
                break
        return Path(path).as_uri() if self.uris else path

    def _local_path(self, path: str) -> str:
        if not self.uris:
            return path
        try:
            parts = urlsplit(path)
        except ValueError as error:
            raise FieldError(f"source.path: {path[:80]!r} is no URI: {error}") from None
        local = url2pathname(parts.path)
        if parts.scheme != "file" or not is_path(local):
            raise FieldError(f"source.path: expected a file: URI (pathFormat is 'uri'), found {path[:80]!r}")
        if parts.netloc not in ("", "localhost"):
            raise FieldError(f"source.path: {path[:80]!r} is on another machine")
        return local

    def _remember_folders(self, real: str, given: str) -> None:
        """When a folder of the given path is a link, files beside it are to be shown through the link as well."""
        real_folder, given_folder = Path(real).parent, Path(given).parent
        while real_folder.name == given_folder.name and real_folder != real_folder.parent:
            real_folder, given_folder = real_folder.parent, given_folder.parent
        if real_folder != given_folder and os.path.realpath(given_folder) == str(real_folder):
            self._folders.setdefault(str(real_folder), str(given_folder))
