//! Projections: a list of paths.

use super::{document_path::PathTree, parser::Parser, placeholders::Placeholders};
use crate::error::ApiError;

impl PathTree {
    /// Parses a `ProjectionExpression`.
    pub(crate) fn parse(source: &str, placeholders: &mut Placeholders) -> Result<Self, ApiError> {
        let mut parser = Parser::new("ProjectionExpression", source, placeholders)?;
        let mut paths = vec![parser.path()?];
        while parser.accept(",") {
            paths.push(parser.path()?);
        }
        parser.end()?;
        parser.tree(&paths)
    }
}
