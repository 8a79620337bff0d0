"""The outside: platforms, the store, the clock and the command line. Every platform is four files.

wire (its SDK's listeners), inbound (payload to input, pure), outbound (card to payload, pure),
messenger (post, update, find). Only wire and messenger know an SDK.
"""

from zoneinfo import reset_tzpath

# The packaged zone data holds for every process: an operating system's may be a year old, and an
# hour wrong.
reset_tzpath(to=())
