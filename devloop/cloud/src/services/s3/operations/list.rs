//! `ListObjects`, `ListObjectsV2`, `ListObjectVersions`.

use std::ops::Bound;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Call, buckets::owner, document};
use crate::{
    error::ApiError,
    http::Reply,
    services::s3::{
        bucket::{Bucket, Objects},
        error::invalid_argument,
    },
    wire,
};

/// The most entries of a page, which is also the default.
const MOST: usize = 1000;

/// The characters that stay as they are in keys with `encoding-type=url`.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'*');

/// The input of a list operation.
pub(super) struct Wanted {
    pub(super) prefix: String,
    delimiter: String,
    /// How many entries a page has at most.
    pub(super) most: usize,
    is_encoded: bool,
}

impl Wanted {
    /// Reads the parameters that all lists share; `most` is the name of the one that says how long a page is.
    pub(super) fn of(call: &Call<'_>, most: &str) -> Result<Self, ApiError> {
        let most = match call.parameter(most) {
            None => MOST,
            Some(text) => text.parse::<usize>().map(|most| most.min(MOST)).map_err(|_| {
                invalid_argument(
                    most,
                    &text,
                    format!("Provided {most} not an integer or within integer range"),
                )
            })?,
        };
        let is_encoded = match call.parameter("encoding-type").as_deref() {
            None | Some("") => false,
            Some("url") => true,
            Some(other) => {
                return Err(invalid_argument(
                    "encoding-type",
                    other,
                    "Invalid Encoding Method specified in Request",
                ));
            }
        };
        let text = |name: &str| call.parameter(name).unwrap_or_default();
        Ok(Self { prefix: text("prefix"), delimiter: text("delimiter"), most, is_encoded })
    }

    /// A key or a prefix as the page writes it.
    pub(super) fn shown(&self, text: &str) -> String {
        if self.is_encoded { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }

    /// The common prefix of a key, if it has one.
    pub(super) fn group<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let end = rest.find(&self.delimiter)? + self.delimiter.len();
        Some(&key[..self.prefix.len() + end])
    }

    /// Adds to a page by what its keys are grouped and how they are written.
    pub(super) fn show_form(&self, page: &mut Value) {
        if !self.delimiter.is_empty() {
            page["Delimiter"] = self.shown(&self.delimiter).into();
        }
        if self.is_encoded {
            page["EncodingType"] = "url".into();
        }
    }
}

/// An entry of a page: a key, or a common prefix of keys.
enum Entry {
    Key(String),
    Prefix(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Key(name) | Self::Prefix(name) => name,
        }
    }
}

/// The entries after `after`, and whether there are more.
fn page(objects: &Objects, wanted: &Wanted, after: &str) -> (Vec<Entry>, bool) {
    let mut entries = Vec::new();
    let mut from = if after >= wanted.prefix.as_str() && !after.is_empty() {
        Bound::Excluded(after.to_owned())
    } else {
        Bound::Included(wanted.prefix.clone())
    };
    // A page that ended with a common prefix continues after all keys with this prefix.
    if let Some(group) = wanted.group(after).filter(|group| *group == after) {
        match behind(group) {
            Some(next) => from = next,
            None => return (entries, false),
        }
    }
    // A page of no entries says nothing about what follows.
    if wanted.most == 0 {
        return (entries, false);
    }
    loop {
        let mut next = None;
        for (key, versions) in objects.range((from.clone(), Bound::Unbounded)) {
            if !key.starts_with(&wanted.prefix) {
                break;
            }
            if versions.last().is_none_or(|version| version.is_delete_marker) {
                continue;
            }
            if entries.len() == wanted.most {
                return (entries, true);
            }
            match wanted.group(key) {
                None => entries.push(Entry::Key(key.clone())),
                Some(group) => {
                    entries.push(Entry::Prefix(group.to_owned()));
                    next = behind(group);
                    break;
                }
            }
        }
        match next {
            Some(next) => from = next,
            None => return (entries, false),
        }
    }
}

/// The position after all keys that start with `prefix`; `None` if no key can stand there.
fn behind(prefix: &str) -> Option<Bound<String>> {
    let mut next = prefix.to_owned();
    // The last character is replaced by the one that follows it. Nothing follows the very last one, so it is left out.
    while let Some(last) = next.pop() {
        if let Some(following) = (last..=char::MAX).nth(1) {
            next.push(following);
            return Some(Bound::Included(next));
        }
    }
    None
}

fn contents(
    call: &Call<'_>,
    objects: &Objects,
    wanted: &Wanted,
    entries: &[Entry],
    owned: bool,
) -> (Vec<Value>, Vec<Value>) {
    let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Prefix(prefix) => prefixes.push(json!({ "Prefix": wanted.shown(prefix) })),
            Entry::Key(key) => {
                if let Some(version) = Bucket::newest(objects, key) {
                    let mut shown = version.entry(&wanted.shown(key));
                    if owned {
                        shown["Owner"] = owner(call);
                    }
                    keys.push(shown);
                }
            }
        }
    }
    (keys, prefixes)
}

fn common(call: &Call<'_>, wanted: &Wanted, is_truncated: bool) -> Value {
    let mut shown = json!({
        "Name": call.address.bucket,
        "Prefix": wanted.shown(&wanted.prefix),
        "MaxKeys": wanted.most,
        "IsTruncated": is_truncated,
    });
    wanted.show_form(&mut shown);
    shown
}

pub(super) fn v1(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, wanted) = (call.bucket()?, Wanted::of(call, "max-keys")?);
    let marker = call.parameter("marker").unwrap_or_default();
    let objects = bucket.objects.read();
    let (entries, more) = page(&objects, &wanted, &marker);
    let (keys, prefixes) = contents(call, &objects, &wanted, &entries, true);
    let mut shown = common(call, &wanted, more);
    shown["Marker"] = wanted.shown(&marker).into();
    if more && let Some(last) = entries.last() {
        shown["NextMarker"] = wanted.shown(last.name()).into();
    }
    shown["Contents"] = keys.into();
    shown["CommonPrefixes"] = prefixes.into();
    Ok(document("ListBucketResult", &shown))
}

pub(super) fn v2(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, wanted) = (call.bucket()?, Wanted::of(call, "max-keys")?);
    let start = call.parameter("start-after").unwrap_or_default();
    let token = call.parameter("continuation-token");
    let after = match &token {
        None => start.clone(),
        Some(token) => place_of(token).ok_or_else(|| {
            invalid_argument("continuation-token", token, "The continuation token provided is incorrect")
        })?,
    };
    let objects = bucket.objects.read();
    let (entries, more) = page(&objects, &wanted, &after);
    let owned = call.parameter("fetch-owner").as_deref() == Some("true");
    let (keys, prefixes) = contents(call, &objects, &wanted, &entries, owned);
    let mut shown = common(call, &wanted, more);
    shown["KeyCount"] = (keys.len() + prefixes.len()).into();
    if !start.is_empty() {
        shown["StartAfter"] = wanted.shown(&start).into();
    }
    if let Some(token) = token {
        shown["ContinuationToken"] = token.into();
    }
    if more && let Some(last) = entries.last() {
        shown["NextContinuationToken"] = token_of(last.name()).into();
    }
    shown["Contents"] = keys.into();
    shown["CommonPrefixes"] = prefixes.into();
    Ok(document("ListBucketResult", &shown))
}

/// The token that continues a list behind `place`.
pub(super) fn token_of(place: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(format!("1/{place}"))
}

/// The place in a token; `None` if the token is not one of this service's.
pub(super) fn place_of(token: &str) -> Option<String> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("1/").map(str::to_owned)
}

pub(super) fn versions(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, wanted) = (call.bucket()?, Wanted::of(call, "max-keys")?);
    let key_marker = call.parameter("key-marker").unwrap_or_default();
    let id_marker = call.parameter("version-id-marker");
    let objects = bucket.objects.read();
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::<Value>::new());
    let mut last: Option<(String, String)> = None;
    let mut more = false;
    let mut group_before = String::new();
    let from = if key_marker.is_empty() {
        Bound::Included(wanted.prefix.clone())
    } else {
        Bound::Included(key_marker.clone())
    };
    'keys: for (key, all) in objects.range((from, Bound::Unbounded)) {
        if !key.starts_with(&wanted.prefix) {
            if *key < wanted.prefix {
                continue;
            }
            break;
        }
        if *key == key_marker && id_marker.is_none() {
            continue;
        }
        let full = |versions: &[Value], markers: &[Value], prefixes: &[Value]| {
            versions.len() + markers.len() + prefixes.len() >= wanted.most
        };
        if let Some(group) = wanted.group(key) {
            if group == group_before || group == key_marker {
                continue;
            }
            if full(&versions, &markers, &prefixes) {
                more = true;
                break;
            }
            group.clone_into(&mut group_before);
            prefixes.push(json!({ "Prefix": wanted.shown(group) }));
            last = Some((group.to_owned(), String::new()));
            continue;
        }
        let mut skips = *key == key_marker && id_marker.is_some();
        for (index, version) in all.iter().rev().enumerate() {
            if skips {
                skips = id_marker.as_deref() != Some(&version.id);
                continue;
            }
            if full(&versions, &markers, &prefixes) {
                more = true;
                break 'keys;
            }
            let mut shown = if version.is_delete_marker {
                json!({ "Key": wanted.shown(key), "LastModified": wire::iso(version.modified_ms) })
            } else {
                version.entry(&wanted.shown(key))
            };
            shown["VersionId"] = version.id.as_str().into();
            shown["IsLatest"] = (index == 0).into();
            shown["Owner"] = owner(call);
            if version.is_delete_marker {
                markers.push(shown);
            } else {
                versions.push(shown);
            }
            last = Some((key.clone(), version.id.clone()));
        }
    }
    let mut shown = common(call, &wanted, more);
    shown["KeyMarker"] = wanted.shown(&key_marker).into();
    shown["VersionIdMarker"] = id_marker.unwrap_or_default().into();
    if more && let Some((key, id)) = last {
        shown["NextKeyMarker"] = wanted.shown(&key).into();
        if !id.is_empty() {
            shown["NextVersionIdMarker"] = id.into();
        }
    }
    shown["Version"] = versions.into();
    shown["DeleteMarker"] = markers.into();
    shown["CommonPrefixes"] = prefixes.into();
    Ok(document("ListVersionsResult", &shown))
}
