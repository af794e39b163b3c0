"""What the author of tools in Python imports: ``@llmspell.tool`` makes a typed function a tool of scripts.

Scripts find the tools of their project in ``llmspell_tools/*.py``, and those of installed packages through the entry
points ``llmspell.tools``. Parameters are read from the signature, their descriptions from the docstring.

Invariant: nothing is imported here, and a function that is a tool stays the function that it was.
"""

from llmspell.declaration import Declaration, tool

__all__ = ["Declaration", "tool"]
