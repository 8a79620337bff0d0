"""Slack: installed in a workspace, it talks with people in their direct messages."""
