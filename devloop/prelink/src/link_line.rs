//! The linker's command line as rustc writes it: objects of the program, then every crate's archive, then the system's
//! libraries. Pure.

use std::collections::BTreeSet;
use std::path::Path;

use crate::refusal::Refusal;

/// The one archive of the standard library that stays in the program: its symbols are hidden, so program and shared object each
/// have their own.
const BUILTINS: &str = "libcompiler_builtins-";

/// The archive that shows where the standard library is.
const STANDARD: &str = "libstd-";

/// A linker's command line in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinkLine<'a> {
    arguments: &'a [String],
    /// The program's own objects.
    pub(super) objects: Vec<&'a str>,
    /// Archives of the workspace's members.
    pub(super) members: Vec<&'a str>,
    /// Archives of all other crates.
    pub(super) dependencies: Vec<&'a str>,
    /// Archives of the standard library that the shared object takes over.
    pub(super) standard: Vec<&'a str>,
    /// Directories in which libraries are looked for.
    pub(super) search: Vec<&'a str>,
}

impl<'a> LinkLine<'a> {
    /// Splits the command line into its parts; `members` are file names.
    pub(super) fn read(arguments: &'a [String], members: &BTreeSet<String>) -> Result<Self, Refusal> {
        let archives = || arguments.iter().map(String::as_str).filter(|argument| is(argument, "rlib"));
        let standard = archives().find(|path| file_name(path).starts_with(STANDARD));
        let Some(standard) = standard.and_then(|path| Path::new(path).parent()) else {
            return Err(Refusal::CommandLine("has no standard library"));
        };
        let mut line = Self {
            arguments,
            objects: Vec::new(),
            members: Vec::new(),
            dependencies: Vec::new(),
            standard: Vec::new(),
            search: Vec::new(),
        };
        let mut given = arguments.iter().map(String::as_str);
        while let Some(argument) = given.next() {
            if argument.starts_with('@') {
                return Err(Refusal::CommandLine("is in a file"));
            } else if argument == "-shared" {
                return Err(Refusal::CommandLine("makes no program"));
            } else if argument == "-L" {
                line.search.extend(given.next());
            } else if argument == "-o" {
                given.next();
            } else if let Some(directory) = argument.strip_prefix("-L") {
                line.search.push(directory);
            } else if is(argument, "o") {
                line.objects.push(argument);
            } else if is(argument, "rlib") {
                let name = file_name(argument);
                if Path::new(argument).parent() == Some(standard) {
                    line.standard.extend((!name.starts_with(BUILTINS)).then_some(argument));
                } else if members.contains(name) {
                    line.members.push(argument);
                } else {
                    line.dependencies.push(argument);
                }
            }
        }
        Ok(line)
    }

    /// The command line with the shared object in place of the archives in it, and without the object file `without`. The program
    /// looks for the shared object beside itself first, and then where it was made.
    pub(super) fn against(&self, library: &str, home: &str, without: Option<&str>) -> Vec<String> {
        let replaced: BTreeSet<&str> = self.dependencies.iter().chain(&self.standard).copied().collect();
        let last = self.arguments.iter().rposition(|argument| replaced.contains(argument.as_str()));
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for (index, argument) in self.arguments.iter().enumerate() {
            if Some(index) == last {
                arguments.extend(["-Wl,-Bdynamic", library, "-Wl,-Bstatic"].map(str::to_owned));
            } else if !replaced.contains(argument.as_str()) && Some(argument.as_str()) != without {
                arguments.push(argument.clone());
            }
        }
        for directory in ["$ORIGIN", home] {
            arguments.extend(["-Xlinker", "-rpath", "-Xlinker", directory].map(str::to_owned));
        }
        arguments
    }
}

/// Whether the argument is a file of this kind.
fn is(argument: &str, extension: &str) -> bool {
    Path::new(argument).extension().is_some_and(|given| given == extension)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::LinkLine;

    const LINE: &str = "-m64 /r/symbols.o /d/up-1.a.rcgu.o /d/up-1.shim.rcgu.o -Wl,--as-needed -Wl,-Bstatic /d/libup-2.rlib \
        /d/libsdk-3.rlib /d/libmodel-4.rlib /d/libserde-5.rlib /s/libstd-6.rlib /s/libcore-7.rlib \
        /s/libcompiler_builtins-8.rlib -Wl,-Bdynamic -lc -L /d/ring/out -L/s -o /d/up.o -pie";

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn members() -> BTreeSet<String> {
        ["libup-2.rlib", "libmodel-4.rlib"].map(str::to_owned).into()
    }

    #[test]
    fn the_parts_are_told_from_each_other() {
        let arguments = words(LINE);
        let members = members();
        let line = LinkLine::read(&arguments, &members).unwrap();
        assert_eq!(line.objects, ["/r/symbols.o", "/d/up-1.a.rcgu.o", "/d/up-1.shim.rcgu.o"]);
        assert_eq!(line.members, ["/d/libup-2.rlib", "/d/libmodel-4.rlib"]);
        assert_eq!(line.dependencies, ["/d/libsdk-3.rlib", "/d/libserde-5.rlib"]);
        assert_eq!(line.standard, ["/s/libstd-6.rlib", "/s/libcore-7.rlib"]);
        assert_eq!(line.search, ["/d/ring/out", "/s"]);
    }

    #[test]
    fn the_shared_object_replaces_its_archives_and_comes_after_the_members() {
        let arguments = words(LINE);
        let members = members();
        let line = LinkLine::read(&arguments, &members).unwrap();
        let expected = "-m64 /r/symbols.o /d/up-1.a.rcgu.o -Wl,--as-needed -Wl,-Bstatic /d/libup-2.rlib /d/libmodel-4.rlib \
            -Wl,-Bdynamic /h/l.so -Wl,-Bstatic /s/libcompiler_builtins-8.rlib -Wl,-Bdynamic -lc -L /d/ring/out -L/s \
            -o /d/up.o -pie -Xlinker -rpath -Xlinker $ORIGIN -Xlinker -rpath -Xlinker /h";
        assert_eq!(line.against("/h/l.so", "/h", Some("/d/up-1.shim.rcgu.o")), words(expected));
        assert!(line.against("/h/l.so", "/h", None).contains(&"/d/up-1.shim.rcgu.o".to_owned()));
    }

    fn check_refused(line: &str, expected: &str) {
        let error = LinkLine::read(&words(line), &BTreeSet::new()).unwrap_err();
        assert_eq!(error.to_string(), format!("the linker's command line {expected}"));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        check_refused("a.o -o a", "has no standard library");
        check_refused("/s/libstd-1.rlib @/r/arguments", "is in a file");
        check_refused("/s/libstd-1.rlib -shared", "makes no program");
    }
}
