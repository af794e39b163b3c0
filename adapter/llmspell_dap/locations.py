"""Lines, columns and paths between a client's form and LDP's (1-based, UTF-16 columns, real absolute paths).

Invariant: what LDP gets is always a real path, so that breakpoints bind whatever links and dots the client's path
has; what the client gets is the path in the form that it used itself.
"""

import os
from collections.abc import Sequence
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
    # Folders as the client has them and as the kernel has them, the longest first.
    _mappings: list[tuple[str, str]] = field(default_factory=list)

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
        """The real path of what the client names, as the kernel has it; ``base`` is the folder for relative paths.

        Raises FieldError for a URI that is no file.
        """
        local = self._local_path(path)
        absolute = Path(base or ".").absolute() / local
        real = os.path.realpath(absolute)
        self._remember_folders(real, os.path.normpath(absolute))
        mapped = self.folder_to_ldp(real)
        self._given[mapped] = path
        return mapped

    def program_to_ldp(self, program: str, base: str | None) -> str:
        """The real path of a configuration's program, which people write as a path whatever the path format is."""
        if self.is_uri(program):
            return self.path_to_ldp(program)
        absolute = Path(base or ".").absolute() / os.path.expanduser(program)
        real = os.path.realpath(absolute)
        self._remember_folders(real, os.path.normpath(absolute))
        mapped = self.folder_to_ldp(real)
        if not self.uris:
            self._given.setdefault(mapped, os.path.normpath(absolute))
        return mapped

    def is_uri(self, text: str) -> bool:
        """Whether a client that speaks URIs has written one in its configuration."""
        return self.uris and text.startswith("file:")

    def configured_folder(self, text: str) -> str:
        """A folder of a configuration, as an absolute path."""
        return str(Path(self._local_path(text) if self.is_uri(text) else os.path.expanduser(text)).absolute())

    def map_folders(self, pairs: Sequence[tuple[str, str]]) -> None:
        """From now on the kernel's paths in the second folder of a pair are the client's in the first."""
        pairs = [(os.path.realpath(local), os.path.normpath(remote)) for local, remote in pairs]
        self._mappings = sorted(pairs, key=lambda pair: -len(pair[0]))
        self._given = {self.folder_to_ldp(real): given for real, given in self._given.items()}

    def folder_to_ldp(self, real: str) -> str:
        """A real path of the client's machine as the kernel has it."""
        found = (_moved(real, local, remote) for local, remote in self._mappings)
        return next((path for path in found if path is not None), real)

    def folder_to_client(self, path: str) -> str:
        """A path of the kernel's as a real path of the client's machine."""
        pairs = sorted(self._mappings, key=lambda pair: -len(pair[1]))
        back = (_moved(path, remote, local) for local, remote in pairs)
        return next((each for each in back if each is not None), path)

    def is_mapped(self, path: str) -> bool:
        """Whether a path of the kernel's is what a mapping has made of one of the client's."""
        return any(_moved(path, remote, local) is not None for local, remote in self._mappings)

    def glob_to_ldp(self, glob: str) -> str:
        """A pattern of paths; one that begins with a folder of the client's begins with the kernel's."""
        sign = "!" if glob.startswith("!") else ""
        return sign + self.folder_to_ldp(glob.removeprefix("!"))

    def path_to_client(self, real: str) -> str:
        """The form in which the client knows a path of the kernel's, or could have named it itself."""
        given = self._given.get(real)
        if given is not None:
            return given
        path = real = self.folder_to_client(real)
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


def _moved(path: str, folder: str, other: str) -> str | None:
    """A path in ``folder`` as it is in ``other``; None for one that is elsewhere."""
    if path == folder:
        return other
    rest = path.removeprefix(folder.rstrip(os.sep) + os.sep)
    return None if rest == path else os.path.join(other, rest)
