//! The files that stacks need in buckets: functions' code, and templates [`aws-cdk-lib.cloud_assembly_schema.AssetManifest`, AWS CDK
//! API Reference].

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::assembly::{Stack, read_json};
use super::cloud::{Cloud, Object, failed};
use super::placeholders::Place;
use crate::error::UserError;

/// The deepest folder in a zip. A link to a folder above it would be followed without an end.
const DEEPEST: usize = 64;

/// A file or a folder that is to be in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asset {
    source: PathBuf,
    /// Whether it is a folder, of which a zip is made.
    is_folder: bool,
    /// The region and the place in a bucket there.
    region: String,
    object: Object,
}

/// Brings everything that a stack needs into the cloud's buckets; what is there already stays. Gives back how many were uploaded.
pub(super) async fn upload(cloud: &Cloud, stack: &Stack) -> Result<usize, UserError> {
    let place = Place { account: &cloud.account, region: &stack.region };
    let mut missing = Vec::new();
    for manifest in &stack.asset_manifests {
        for asset in listed(&read_json(manifest)?, manifest, stack, place)? {
            let what = format!("look for {} in the bucket {}", asset.object.key, asset.object.bucket);
            if !cloud.has_object(&asset.region, &asset.object).await.map_err(failed(&what))? {
                missing.push(asset);
            }
        }
    }
    let count = missing.len();
    // One after another, because each is in memory until it is uploaded.
    for asset in missing {
        let source = asset.clone();
        let packed = tokio::task::spawn_blocking(move || content(&source)).await;
        let packed = packed.unwrap_or_else(|error| Err(io::Error::other(error)));
        let body = packed.map_err(|error| {
            UserError::failure("asset_unreadable", format!("read {}: {error}", asset.source.display()))
        })?;
        let kind = if asset.is_folder { "application/zip" } else { "application/octet-stream" };
        let stored = cloud.put_object(&asset.region, &asset.object, kind, body).await;
        stored.map_err(|error| {
            let is_missing = error.code() == "NoSuchBucket";
            let told = failed(&format!("upload {} to {}", asset.source.display(), asset.object.path()))(error);
            if is_missing {
                told.with_hint(
                    "the app names this bucket itself, so it has to be there before; the CDK's usual one is made by devloop",
                )
            } else {
                told
            }
        })?;
    }
    Ok(count)
}

/// The assets in a manifest. Images of containers, and files that a command makes, are refused by name.
fn listed(manifest: &Value, file: &Path, stack: &Stack, place: Place<'_>) -> Result<Vec<Asset>, UserError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let named = |id: &str, asset: &Value| asset["displayName"].as_str().unwrap_or(id).to_owned();
    let refused = |what: &str, names: Vec<String>| {
        let message = format!("deploy {}: {what}: {}", stack.name, names.join(", "));
        UserError::failure("asset_unsupported", message)
    };
    let images = manifest["dockerImages"].as_object().into_iter().flatten();
    let images: Vec<String> = images.map(|(id, asset)| named(id, asset)).collect();
    if !images.is_empty() {
        return Err(refused("the embedded cloud runs no images of containers", images).with_hint(
            "functions with code from a folder or a zip run here; --target localstack runs images",
        ));
    }
    let (mut assets, mut made) = (Vec::new(), Vec::new());
    for (id, asset) in manifest["files"].as_object().into_iter().flatten() {
        let source = &asset["source"];
        let Some(path) = source["path"].as_str() else {
            made.push(named(id, asset));
            continue;
        };
        for destination in asset["destinations"].as_object().into_iter().flat_map(|all| all.values()) {
            let text = |name: &str| destination[name].as_str().map(|text| place.fill(text));
            let (Some(bucket), Some(key)) = (text("bucketName"), text("objectKey")) else {
                let message = format!(
                    "read {}: the destination of {} has no bucketName or no objectKey",
                    file.display(),
                    named(id, asset)
                );
                return Err(UserError::failure("asset_unreadable", message)
                    .with_hint("write the assembly again with the app's own `cdk synth`"));
            };
            assets.push(Asset {
                source: folder.join(path),
                is_folder: source["packaging"] == "zip",
                region: text("region").unwrap_or_else(|| place.region.to_owned()),
                object: Object { bucket, key },
            });
        }
    }
    if made.is_empty() { Ok(assets) } else { Err(refused("a command of the app makes these files", made)) }
}

/// What is uploaded of an asset.
fn content(asset: &Asset) -> io::Result<Bytes> {
    let packed = if asset.is_folder { zip(&asset.source)? } else { std::fs::read(&asset.source)? };
    Ok(packed.into())
}

/// A zip of a folder's files by their paths in it, without times, so that the same files are the same zip. The files are not compressed: on the
/// same machine, that takes longer than to send and unpack them as they are.
fn zip(folder: &Path) -> io::Result<Vec<u8>> {
    let mut files = BTreeSet::new();
    collect(folder, "", 0, &mut files)?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in files {
        let mut file = File::open(folder.join(&name))?;
        let metadata = file.metadata()?;
        let mut text = Vec::with_capacity(metadata.len() as usize);
        file.read_to_end(&mut text)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode(&metadata));
        writer.start_file(name, options)?;
        writer.write_all(&text)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn mode(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o777
}

/// Finds the files below a folder, also those behind links.
fn collect(folder: &Path, path: &str, depth: usize, files: &mut BTreeSet<String>) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(io::Error::other(format!("the folders nest too deeply: {path}")));
    }
    for entry in std::fs::read_dir(folder.join(path))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(io::Error::other(format!("the file name {} is no text", name.display())));
        };
        let name = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let metadata = std::fs::metadata(entry.path())
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        if metadata.is_dir() {
            collect(folder, &name, depth + 1, files)?;
        } else {
            files.insert(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use serde_json::json;
    use zip::ZipArchive;

    use super::*;

    const PLACE: Place<'_> = Place { account: "000000000000", region: "us-east-1" };

    #[test]
    fn files_are_read_with_their_places_and_images_are_refused() {
        let stack = Stack { name: "shop".to_owned(), ..Stack::default() };
        let check = |manifest: &Value| listed(manifest, Path::new("/out/Shop.assets.json"), &stack, PLACE);
        let destination = |key: &str| json!({ "x": { "bucketName": "b-${AWS::AccountId}-${AWS::Region}", "objectKey": key, "assumeRoleArn": "r" } });
        let manifest = json!({ "files": {
            "1": { "source": { "path": "asset.1", "packaging": "zip" }, "destinations": destination("1.zip") },
            "2": { "source": { "path": "t.json", "packaging": "file" }, "destinations": destination("2.json") },
        } });
        let asset = |path: &str, is_folder, key: &str| Asset {
            source: path.into(),
            is_folder,
            region: "us-east-1".to_owned(),
            object: Object { bucket: "b-000000000000-us-east-1".to_owned(), key: key.to_owned() },
        };
        let expected = [asset("/out/asset.1", true, "1.zip"), asset("/out/t.json", false, "2.json")];
        assert_eq!(check(&manifest).unwrap(), expected);
        let images = json!({ "dockerImages": { "3": { "displayName": "Api/Image" }, "4": {} } });
        let message = check(&images).unwrap_err().problem.message;
        assert_eq!(message, "deploy shop: the embedded cloud runs no images of containers: Api/Image, 4");
        let made = json!({ "files": { "5": { "source": { "executable": ["make"] }, "destinations": {} } } });
        let message = check(&made).unwrap_err().problem.message;
        assert_eq!(message, "deploy shop: a command of the app makes these files: 5");
        let nowhere = json!({ "files": {
            "6": { "source": { "path": "a" }, "destinations": { "x": { "bucketName": "b" } } },
        } });
        let message = check(&nowhere).unwrap_err().problem.message;
        let expected = "read /out/Shop.assets.json: the destination of 6 has no bucketName or no objectKey";
        assert_eq!(message, expected);
    }

    #[test]
    fn a_zip_has_the_folders_files_with_their_modes_and_no_times() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("lib/deep")).unwrap();
        fs::create_dir(path("empty")).unwrap();
        fs::write(path("lib/deep/a.js"), "a").unwrap();
        fs::write(path(".hidden"), "h").unwrap();
        fs::write(path("bootstrap"), "program").unwrap();
        fs::set_permissions(path("bootstrap"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink(path("bootstrap"), path("link")).unwrap();
        let packed = zip(folder.path()).unwrap();
        assert_eq!(zip(folder.path()).unwrap(), packed);
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            assert_eq!(entry.last_modified().unwrap().year(), 1980);
            let is_program = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            found.push((entry.name().unwrap().into_owned(), text, is_program));
        }
        let expected = [
            (".hidden", "h", false),
            ("bootstrap", "program", true),
            ("lib/deep/a.js", "a", false),
            ("link", "program", true),
        ];
        let expected = expected.map(|(name, text, program)| (name.to_owned(), text.to_owned(), program));
        assert_eq!(found, expected);

        symlink(folder.path(), path("lib/round")).unwrap();
        assert!(zip(folder.path()).is_err(), "a link to a folder above it has no end");
        fs::remove_file(path("lib/round")).unwrap();
        symlink(path("nothing"), path("lib/broken")).unwrap();
        let error = zip(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("lib/broken: "), "{error}");
    }
}
