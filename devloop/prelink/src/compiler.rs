//! Rustc's command line, as far as it matters for prelinking.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::order::{ORDER, Order};
use crate::refusal::Refusal;
use crate::store::{HOME, Store};

/// Codegen options that decide for which machine code is made.
const MACHINE: [&str; 6] =
    ["linker", "linker-flavor", "panic", "relocation-model", "target-cpu", "target-feature"];

/// Codegen options that decide how code is linked.
const LINKING: [&str; 4] = ["linker-features", "link-self-contained", "link-arg", "link-args"];

/// Linker arguments that choose another linker than rustc's own.
const CHOICES: [&str; 3] = ["-fuse-ld", "--ld-path", "-B"];

/// Notes a member's library, or makes rustc link a program of the workspace with this binary. `command` is about to become rustc,
/// with these arguments; `binary` says that cargo compiles a function's program.
pub fn take_part(command: &mut Command, rustc: &OsStr, arguments: &[OsString], binary: bool) {
    let Some(store) = env::var_os(HOME).map(|home| Store::at(home.into())) else { return };
    command.env_remove(HOME);
    let Some(compilation) = Compilation::read(arguments) else { return };
    if !binary {
        if let Some(library) = compilation.library() {
            store.note_member(&library);
        }
        return;
    }
    if compilation.test || compilation.types != ["bin"] {
        return;
    }
    if let Some(option) = compilation.contradiction() {
        store.refuse(&compilation.name, "", &Refusal::Option(option));
        return;
    }
    let order = Order {
        home: store.home().to_owned(),
        rustc: Path::new(rustc).to_owned(),
        linker: compilation.option("linker").unwrap_or("cc").to_owned(),
        flags: compilation.flags(is_for_the_object),
        program_flags: compilation.flags(|_, _| true),
        against: None,
        function: compilation.name,
    };
    // Without an order the ordinary linker is called. A path that is not text cannot be part of an order.
    if let Ok(order) = serde_json::to_string(&order) {
        command.env(ORDER, order);
        command.arg({
            let mut option = OsString::from("-Clinker=");
            option.push(store.linker());
            option
        });
    }
}

/// What is to be compiled.
#[derive(Debug, Default, PartialEq, Eq)]
struct Compilation {
    name: String,
    types: Vec<String>,
    target: Option<String>,
    /// Codegen options in order; the last value of an option counts.
    options: Vec<(String, String)>,
    test: bool,
}

impl Compilation {
    /// Parses the arguments; `None` if rustc compiles nothing, and if arguments are in a file.
    fn read(arguments: &[OsString]) -> Option<Self> {
        let mut compilation = Self::default();
        let mut words = arguments.iter().filter_map(|argument| argument.to_str());
        while let Some(word) = words.next() {
            if word.starts_with('@') {
                return None;
            }
            let (name, joined) = match word.strip_prefix("-C") {
                Some("") => ("--codegen", None),
                Some(option) => ("--codegen", Some(option)),
                None => match word.split_once('=') {
                    Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                    _ => (word, None),
                },
            };
            let mut value = || joined.or_else(|| words.next()).map(str::to_owned);
            match name {
                "--crate-name" => compilation.name = value()?,
                "--crate-type" => compilation.types.extend(value()?.split(',').map(str::to_owned)),
                "--target" => compilation.target = value(),
                "--test" => compilation.test = true,
                "--codegen" => {
                    let option = value()?;
                    let (name, value) = option.split_once('=').unwrap_or((&option, ""));
                    compilation.options.push((name.replace('_', "-"), value.to_owned()));
                }
                _ => {}
            }
        }
        (!compilation.name.is_empty()).then_some(compilation)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The file name of the library that is made.
    fn library(&self) -> Option<String> {
        let is_library = self.types.iter().any(|kind| kind == "lib" || kind == "rlib");
        let extra = self.option("extra-filename").unwrap_or_default();
        (is_library && !self.test).then(|| format!("lib{}{extra}.rlib", self.name))
    }

    /// The option that rules a shared object out, if there is one.
    fn contradiction(&self) -> Option<String> {
        let is_on =
            |name: &str| self.option(name).is_some_and(|value| !["off", "no", "n", "false"].contains(&value));
        for name in ["lto", "linker-plugin-lto", "prefer-dynamic"] {
            if is_on(name) {
                return Some(format!("`{name}`"));
            }
        }
        let fixed = self.option("target-feature").is_some_and(|features| features.contains("+crt-static"));
        fixed.then(|| "`+crt-static`".to_owned())
    }

    /// The flags with which rustc makes code for the same machine, with the wanted options about linking.
    fn flags(&self, wanted: fn(&str, &str) -> bool) -> Vec<String> {
        let options = self.options.iter().filter(|(name, value)| {
            let name = name.as_str();
            MACHINE.contains(&name) || (LINKING.contains(&name) && wanted(name, value))
        });
        let options = options.map(|(name, value)| format!("-C{name}={value}"));
        let target = self.target.iter().map(|target| format!("--target={target}"));
        options.chain(target).collect()
    }
}

/// Whether the option applies to the shared object. It is always linked with rustc's own linker, whatever links the program,
/// because wild 0.10 gives the standard library's thread-locals wrong places in a `-Bsymbolic` object.
fn is_for_the_object(name: &str, value: &str) -> bool {
    name.starts_with("link-arg")
        && !value.split_whitespace().any(|word| CHOICES.iter().any(|choice| word.starts_with(choice)))
}

#[cfg(test)]
mod tests {
    use super::{Compilation, is_for_the_object};

    fn read(line: &str) -> Option<Compilation> {
        Compilation::read(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    fn check_library(line: &str, expected: Option<&str>) {
        assert_eq!(read(line).unwrap().library().as_deref(), expected, "{line}");
    }

    #[test]
    fn a_library_s_file_name_is_known() {
        check_library("--crate-name model --crate-type lib -C extra-filename=-1a", Some("libmodel-1a.rlib"));
        check_library(
            "--crate-name=model --crate-type=rlib,cdylib -Cextra-filename=-1a",
            Some("libmodel-1a.rlib"),
        );
        check_library("--crate-name model --crate-type lib --test", None);
        check_library("--crate-name derive --crate-type proc-macro", None);
        assert_eq!(read("-vV"), None);
        assert_eq!(read("--crate-name model @more"), None);
    }

    fn check_contradiction(options: &str, expected: Option<&str>) {
        let line = format!("--crate-name up --crate-type bin {options}");
        assert_eq!(read(&line).unwrap().contradiction().as_deref(), expected, "{options}");
    }

    #[test]
    fn an_option_that_rules_a_shared_object_out_is_named() {
        check_contradiction("-C opt-level=1 -C embed-bitcode=no", None);
        check_contradiction("-C lto=thin", Some("`lto`"));
        check_contradiction("-Clto", Some("`lto`"));
        check_contradiction("-C lto=thin -C lto=off", None);
        check_contradiction("-C prefer_dynamic", Some("`prefer-dynamic`"));
        check_contradiction("-C target-feature=+aes,+crt-static", Some("`+crt-static`"));
    }

    #[test]
    fn the_shared_object_is_for_the_same_machine_and_linked_by_rustc_s_own_linker() {
        let line = "--crate-name up --crate-type bin -C debuginfo=2 --target t -C panic=abort -Clink-arg=-B/l \
            -C link-arg=-L/x -Clinker-features=-lld -C linker=clang";
        let compilation = read(line).unwrap();
        assert_eq!(
            compilation.flags(is_for_the_object).join(" "),
            "-Cpanic=abort -Clink-arg=-L/x -Clinker=clang --target=t"
        );
        assert_eq!(
            compilation.flags(|_, _| true).join(" "),
            "-Cpanic=abort -Clink-arg=-B/l -Clink-arg=-L/x -Clinker-features=-lld -Clinker=clang --target=t"
        );
        assert_eq!(compilation.option("linker"), Some("clang"));
    }
}
