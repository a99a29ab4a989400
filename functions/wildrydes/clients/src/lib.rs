//! Programs beside wildrydes: [`producer`] sends readings of one unicorn, [`consumer`] shows what is in the stream. Flags
//! have one dash, as in the programs that these follow; two are taken too.

pub mod consumer;
pub mod flags;
pub mod kinesis;
pub mod producer;
pub mod unicorn;
