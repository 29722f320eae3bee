//! Recover, observe, plan, apply: carries the steps out through the ports.
