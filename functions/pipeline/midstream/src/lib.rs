//! Second function of the pipeline: each record of the stream becomes an item of the table, in order.
//!
//! [`run`] runs [`Midstream`] with [`DynamoTable`]; tests run it with a table of their own.

mod event;
mod group;
mod handler;
mod item;
mod run;
mod table;

pub use event::{Batch, StreamRecord};
pub use handler::Midstream;
pub use item::StoredItem;
pub use run::run;
pub use table::{DynamoTable, Put, Table};
