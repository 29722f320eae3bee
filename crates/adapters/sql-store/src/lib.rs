//! The company's tables as a replica, the ledger and the history.
