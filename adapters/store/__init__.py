"""Where pairs are kept: on SQLite or PostgreSQL, and in dictionaries for the tests.

`sql` takes turns, `directory` is the only door in, `roster` is what a coordinator sets up.
"""
