//! Views over the state: what an auditor asks.
