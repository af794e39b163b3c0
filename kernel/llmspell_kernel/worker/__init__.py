"""The process of one script session: jobs, output, interrupt."""
