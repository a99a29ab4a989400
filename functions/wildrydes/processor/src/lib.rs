//! First function of wildrydes: each reading of the stream becomes an item of the table.
//!
//! [`run`] runs [`Processor`] with [`DynamoTable`]; tests run it with a table of their own.

mod fail_mode;
mod handler;
mod item;
mod run;
mod table;
mod write;

pub use fail_mode::FailMode;
pub use handler::{Answer, Processor};
pub use run::run;
pub use table::{DynamoTable, Item, Table};
