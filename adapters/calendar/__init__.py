"""Meetings in people's own calendars: files, links, a private feed, and a page for assistants.

No calendar permission is ever needed. What leaves is a time, a neutral title and a place.
"""
