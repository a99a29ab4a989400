//! Takes an XML file over HTTP, checks it, and puts it into a bucket of XML files.

mod answer;
mod aws;
mod body;
mod event;
mod handler;
mod places;
mod run;

pub use answer::Ending;
pub use event::Event;
pub use handler::Upload;
pub use places::{Failure, Places, Presigned, Stored};
pub use run::run;
