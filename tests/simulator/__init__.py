"""The simulator: a world per seed in which everything fails that can, and nothing may be lost.

The code that is served every day runs unmodified: intake, turns, delivery, store, sweep. Swapped
are the clock, the dice, the network, the way to the database (a real SQLite), and who runs next.
One seed gives one trace. `turnabout simulate` reaches it.
"""
