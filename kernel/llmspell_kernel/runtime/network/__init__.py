"""What scripts may reach over the network, and how: nothing here is imported before a tool needs it.

``settings`` is what ``llmspell.toml`` allows, ``policy`` decides about hosts and addresses, ``connection`` connects to
what was decided about, ``http`` sends requests.
"""
