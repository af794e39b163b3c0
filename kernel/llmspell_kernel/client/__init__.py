"""Find, start and talk to a kernel."""
