//! Mappings with fake streams, functions and a fake queue, on a clock that the test drives; random filters with real queues and
//! streams.

mod delivery;
mod factor;
mod failures;
mod fake;
mod filters;
mod lifecycle;
mod model;
mod properties;
mod random_filters;
mod reference_filter;
mod rest;
mod wildrydes;
mod windows;
mod world;
