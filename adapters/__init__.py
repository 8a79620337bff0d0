"""The outside: platforms, the store, the clock and the command line. Every platform is four files.

wire (its SDK's listeners), inbound (payload to input, pure), outbound (card to payload, pure),
messenger (post, update, find). Only wire and messenger know an SDK.
"""
