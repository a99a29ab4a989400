//! The file in a request: the body itself, or the part `file` of a form.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::answer::Ending;

/// The reference's sample files by their names. They are taken for requests without a body, as the reference's page sends them.
const SAMPLES: [(&str, &[u8]); 3] = [
    ("data/data.xml", include_bytes!("../data/data.xml")),
    ("data/data1.xml", include_bytes!("../data/data1.xml")),
    ("data/data2.xml", include_bytes!("../data/data2.xml")),
];

/// The file in a request; `name` is the one that the request gives it.
pub(crate) fn file(request: &ApiGatewayProxyRequest, name: &str) -> Result<Vec<u8>, Ending> {
    let text = request.body.as_deref().unwrap_or_default();
    let body = if request.is_base64_encoded {
        STANDARD.decode(text).map_err(|error| Ending::Invalid(format!("invalid base64: {error}")))?
    } else {
        text.as_bytes().to_vec()
    };
    if body.is_empty() {
        let sample = SAMPLES.iter().find(|(sample, _)| *sample == name);
        return Ok(sample.map(|(_, content)| content.to_vec()).unwrap_or_default());
    }
    let kind = request.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/") { part(kind, &body).ok_or(Ending::NoFile) } else { Ok(body) }
}

/// The content of the part `file`.
fn part(kind: &str, body: &[u8]) -> Option<Vec<u8>> {
    let boundary = kind.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
    let (first, next) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = &body[find(body, first.as_bytes())? + first.len()..];
    while !rest.starts_with(b"--") {
        let begin = find(rest, b"\r\n\r\n")?;
        let headers = std::str::from_utf8(&rest[..begin]).ok()?;
        let end = find(&rest[begin + 2..], next.as_bytes())? + begin + 2;
        let is_file = headers.lines().any(|line| {
            line.to_ascii_lowercase().starts_with("content-disposition:")
                && (line.contains("name=\"file\"") || line.contains("name=file"))
        });
        if is_file {
            return Some(rest[(begin + 4).min(end)..end].to_vec());
        }
        rest = &rest[end + next.len()..];
    }
    None
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_named_file_is_the_file() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"a.xml\"\r\n\r\n<a/>\r\n--b--\r\n";
        assert_eq!(
            part("multipart/form-data; boundary=b", form.as_bytes()).as_deref(),
            Some(b"<a/>".as_slice())
        );
        assert_eq!(part("multipart/form-data; boundary=c", form.as_bytes()), None);
        assert_eq!(part("multipart/form-data", form.as_bytes()), None);
    }
}
