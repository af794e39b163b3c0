"""What goes over the wire: Jupyter messages (LRP), debug messages (LDP), connection files."""
