//! Who wins, what travels, what is refused: pure functions.
