"""Sheets as people have them, each with what has to become of its rows."""
