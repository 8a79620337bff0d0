"""The conversation: what two people do, what each of them sees, and nothing that touches the world.

The laws of this house:

1. Events only. What is stored is what someone did. Where they are is computed.
2. Same rules for both. A flow function takes `me`; it never asks which platform, and asks which
   role only when the programme does.
3. Events are for good. An event may gain a field that has a default. It never loses one and is
   never renamed; a new meaning gets a new event.
4. Deciding says nothing. A decision is events and at most one reply to the one who acted. Cards
   speak for themselves.
5. Nothing crosses unless shown. One person's words reach the other only where a flow's `items`
   puts an entry into the context, and of that entry only the fields of class P1 and below.
6. No words in code. Every sentence a person reads is in `prompts/`.
7. Now is an argument. `bot/` has no clock, no dice, no disk, no network, no `await` outside
   `turn.py`.
8. One input, one transaction, then delivery.
9. A name is in the glossary or it is changed. No module is called utils, helpers, common, base,
   manager, handler or service.

Read in this order: privacy, moment, journal, people, inputs, prompts, inbox, flows/topic,
agreement, flows/purpose, etiquette, facilitator, wording, cards, hearing, delivery, turn.
"""
