//! Source text in a template (`Code.ZipFile`): it becomes a package with the file that the runtime looks for, and with the module
//! `cfn-response`, which Lambda gives only to such functions [AWS::Lambda::Function Code, ZipFile; cfn-response module].

use std::io::{self, Cursor, Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::Language;

/// The package of the source `text`, in base64 as `CreateFunction` wants it.
pub(crate) fn package(language: Language, text: &str) -> io::Result<String> {
    let files = match language {
        Language::Node => {
            [("index.js", text), ("node_modules/cfn-response/index.js", include_str!("cfn_response.js"))]
        }
        Language::Python => [("index.py", text), ("cfnresponse.py", include_str!("cfn_response.py"))],
    };
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, SimpleFileOptions::default()).map_err(io::Error::other)?;
        writer.write_all(content.as_bytes())?;
    }
    let package = writer.finish().map_err(io::Error::other)?;
    Ok(BASE64_STANDARD.encode(package.into_inner()))
}
