"""The conversation, in the order it comes up. Each module is one flow: events, prompts, decisions.

A flow reads as three questions: what can be said, what does it amount to, what may I do?
"""
