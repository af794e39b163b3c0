"""What the debugger tells its own developers; nobody sees it who has not asked for the log of a module."""


def note(module: str, text: str, *values: object) -> None:
    import logging  # a third of a megabyte that sessions do without

    logging.getLogger(module).debug(text, *values)
