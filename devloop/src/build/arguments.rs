//! Cargo's arguments: the same at every call of a session, but for the network.

use crate::engine::BuildOrder;

/// `cargo build` for the order's binaries. Every function package is named even where one binary is wanted, because the
/// named packages decide which features their dependencies are built with.
pub(super) fn arguments(order: &BuildOrder, profile: &str) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["build", "--keep-going", "--message-format=json-diagnostic-rendered-ansi", "--color", "never"]
            .map(str::to_owned)
            .into();
    if order.offline {
        arguments.push("--offline".to_owned());
    }
    arguments.extend(["--profile".to_owned(), profile.to_owned()]);
    arguments.extend(order.packages.iter().flat_map(|package| ["-p".to_owned(), package.clone()]));
    arguments.extend(order.binaries.iter().flat_map(|binary| ["--bin".to_owned(), binary.clone()]));
    arguments
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::engine::BuildOrder;

    fn check(binaries: &[&str], offline: bool, expected: &str) {
        let order = BuildOrder {
            generation: 1,
            packages: vec!["a".to_owned(), "b".to_owned()],
            binaries: binaries.iter().map(|&name| name.to_owned()).collect(),
            offline,
        };
        let start = "build --keep-going --message-format=json-diagnostic-rendered-ansi --color never";
        assert_eq!(arguments(&order, "dev").join(" "), format!("{start} {expected}"));
    }

    #[test]
    fn the_packages_stay_the_same_whatever_is_built() {
        check(&["a", "b"], true, "--offline --profile dev -p a -p b --bin a --bin b");
        check(&["b"], false, "--profile dev -p a -p b --bin b");
    }
}
