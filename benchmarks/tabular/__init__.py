"""The benchmark of default models for tables: its data, its sides, its scores.

``../tables.py`` is the command.
"""
