//! What travels in wildrydes: a unicorn's [`Reading`], the stream's [`Record`]s that carry readings, and the windows that
//! they are summed in. The event types are our own because `aws_lambda_events`' window takes no numbers in its state, and
//! its answer names no failed records.

mod event;
mod reading;
mod window;

pub use event::{Batch, Record};
pub use reading::{Poison, Reading};
pub use window::{Bounds, WindowAnswer, WindowEvent};
