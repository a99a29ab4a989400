//! Mappings over a stream, functions and a queue made up for the purpose, in time that the test drives.

mod delivery;
mod failures;
mod fake;
mod lifecycle;
mod rest;
mod world;
