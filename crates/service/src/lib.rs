//! The use cases: connect, plan, sync, undo, resolve, status, import, export.
