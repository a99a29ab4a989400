//! Mappings with fake streams, functions and a fake queue, on a clock that the test drives.

mod delivery;
mod factor;
mod failures;
mod fake;
mod filters;
mod lifecycle;
mod model;
mod properties;
mod rest;
mod wildrydes;
mod windows;
mod world;
