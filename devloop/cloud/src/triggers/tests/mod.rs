//! Mappings over a stream, functions and a queue made up for the purpose, in time that the test drives.

mod delivery;
mod factor;
mod failures;
mod fake;
mod filters;
mod lifecycle;
mod properties;
mod rest;
mod wildrydes;
mod windows;
mod world;
