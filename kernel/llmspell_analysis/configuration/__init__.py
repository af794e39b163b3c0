"""Configuration of the validator: one function, `Configurations.of`, gives the options for a path.

The command and the language server ask it alike. A room below `rules`' users: it imports the rules' tables and the
floor `syntax`, and is imported by what runs the rules.
"""

from llmspell_analysis.configuration.model import FileConfiguration, Problem, Settings
from llmspell_analysis.configuration.reading import MAX_CONFIGURATION_BYTES
from llmspell_analysis.configuration.search import NAMES, Configurations, read_file, read_opened

__all__ = [
    "MAX_CONFIGURATION_BYTES",
    "NAMES",
    "Configurations",
    "FileConfiguration",
    "Problem",
    "Settings",
    "read_file",
    "read_opened",
]
