"""Ground floor: text, line index, tree, edits, and the compiler's verdict."""
