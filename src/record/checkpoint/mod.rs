//! Texts that a caller states as true at a position of the log: what a program or the kernel lists
//! when it is asked.

pub mod nft;
