//! Servers whose certificate comes from an authority of their own: `AWS_CA_BUNDLE` and `SSL_CERT_FILE` name it, for every command
//! that asks AWS. (`devloop bench` has its own test of the same.)

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::process::{Command, Output};

use support::{Encrypted, Moto, Tiny};

/// The hint that comes with an untrusted certificate.
const NEXT_STEP: &str = "AWS_CA_BUNDLE or SSL_CERT_FILE names the PEM file of an authority to trust";

/// An account behind TLS with one function, and a workspace that deploys to it.
struct Account {
    tiny: Tiny,
    moto: Moto,
    encrypted: Encrypted,
    authority: PathBuf,
}

impl Account {
    fn start() -> Self {
        let (tiny, moto) = (Tiny::new(), Moto::start());
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"#!/bin/sh\n").unwrap();
        let path = tiny.path("foreign.zip");
        fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
        moto.create("up", &path);
        let encrypted = Encrypted::before(&moto.endpoint);
        let authority = tiny.path("authority.pem");
        fs::write(&authority, &encrypted.authority).unwrap();
        Self { tiny, moto, encrypted, authority }
    }

    /// The command at the encrypted endpoint, with the authority in this variable.
    fn command(&self, arguments: &[&str], variable: Option<&str>) -> Command {
        let mut command = self.tiny.devloop(arguments);
        self.moto.known_to(&mut command);
        command.env("AWS_ENDPOINT_URL", &self.encrypted.endpoint);
        for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            command.env_remove(name);
        }
        command.envs(variable.map(|name| (name, &self.authority)));
        command
    }

    fn run(&self, arguments: &[&str], variable: Option<&str>) -> Output {
        self.command(arguments, variable).output().unwrap()
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_command_trusts_the_named_authority_and_no_unknown_one() {
    let account = Account::start();
    let foreign = account.moto.sha("up");
    let status = ["status", "--json"];
    let deploy = ["up", "up", "--target", "aws", "--yes", "--json"];
    let roll_back = ["rollback", "up", "--target", "aws", "--yes", "--json"];
    for arguments in [&status[..], &deploy, &roll_back] {
        let output = account.run(arguments, None);
        let told = told(&output);
        assert!(!output.status.success(), "{arguments:?}: {told}");
        assert!(told.contains("invalid peer certificate: UnknownIssuer"), "{arguments:?}: {told}");
        assert!(told.contains(NEXT_STEP), "{arguments:?}: {told}");
    }
    assert_eq!(account.moto.sha("up"), foreign, "whoever is not trusted is sent nothing");

    let mut deployed = Vec::new();
    for (variable, text) in [("AWS_CA_BUNDLE", "two"), ("SSL_CERT_FILE", "three")] {
        account.tiny.says("up", text);
        let output = account.run(&deploy, Some(variable));
        assert!(output.status.success(), "{variable}: {}", told(&output));
        deployed.push(account.moto.sha("up"));
        let output = account.run(&status, Some(variable));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{variable}: {error}: {}", told(&output)));
        assert_eq!(report["functions"][0]["name"], "up", "{variable}: {report:#}");
    }
    assert!(deployed[0] != foreign && deployed[1] != deployed[0], "{deployed:?}");
    for (variable, expected) in [("AWS_CA_BUNDLE", &deployed[0]), ("SSL_CERT_FILE", &deployed[1])] {
        let output = account.run(&roll_back, Some(variable));
        assert!(output.status.success(), "{variable}: {}", told(&output));
        assert_eq!(&account.moto.sha("up"), expected, "{variable}");
    }
}

#[test]
fn a_bundle_that_cannot_be_read_is_named() {
    let account = Account::start();
    fs::remove_file(&account.authority).unwrap();
    for arguments in [&["status"][..], &["up", "up", "--target", "aws", "--yes"]] {
        let output = account.run(arguments, Some("AWS_CA_BUNDLE"));
        let told = told(&output);
        assert!(!output.status.success(), "{arguments:?}: {told}");
        assert!(told.contains("read certificates from ") && told.contains("authority.pem"), "{told}");
    }
}
