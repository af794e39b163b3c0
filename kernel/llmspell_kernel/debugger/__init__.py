"""Breakpoints, stops, stepping and inspection inside a worker."""
