//! The types that travel in wildrydes: a unicorn's [`Reading`], the stream's [`Record`]s that carry readings, and the windows in
//! which they are summed. The event types are wildrydes' own because `aws_lambda_events`' window has no numbers in its state, and
//! its answer names no failed records.

mod event;
mod reading;
mod window;

pub use event::{Batch, Record};
pub use reading::{Poison, Reading};
pub use window::{Bounds, WindowAnswer, WindowEvent};
