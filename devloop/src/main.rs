//! devloop.
fn main() {}
