//! Cargo's arguments. They are the same at every call of a session, except for `--offline` and the binaries.

use crate::engine::BuildOrder;

/// `cargo build` for the order's binaries. Every function package is named even where one binary is wanted, because the
/// named packages decide which features their dependencies are built with. A function that is built apart is alone in
/// `binaries`. `target` is set for cargo-zigbuild only.
pub(crate) fn arguments(
    order: &BuildOrder,
    binaries: &[String],
    profile: &str,
    target: Option<&str>,
) -> Vec<String> {
    let verb = if target.is_some() { "zigbuild" } else { "build" };
    let mut arguments: Vec<String> =
        [verb, "--keep-going", "--message-format=json-diagnostic-rendered-ansi", "--color", "never"]
            .map(str::to_owned)
            .into();
    if order.offline {
        arguments.push("--offline".to_owned());
    }
    arguments.extend(["--profile".to_owned(), profile.to_owned()]);
    let apart = match binaries {
        [one] => order.apart.get(one),
        _ => None,
    };
    let (packages, binaries) = match apart {
        Some((package, binary)) => (std::slice::from_ref(package), std::slice::from_ref(binary)),
        None => (&*order.packages, binaries),
    };
    let spec = |package: &String| order.specs.get(package).unwrap_or(package).clone();
    arguments.extend(packages.iter().flat_map(|package| ["-p".to_owned(), spec(package)]));
    arguments.extend(target.into_iter().flat_map(|target| ["--target".to_owned(), target.to_owned()]));
    let of_packages = |feature: &&String| {
        feature.split_once('/').is_some_and(|(package, _)| packages.iter().any(|known| known == package))
    };
    let features = order.features.iter().filter(of_packages);
    arguments.extend(features.flat_map(|feature| ["--features".to_owned(), feature.clone()]));
    arguments.extend(binaries.iter().flat_map(|binary| ["--bin".to_owned(), binary.clone()]));
    arguments
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::engine::BuildOrder;

    fn check(binaries: &[&str], offline: bool, target: Option<&str>, expected: &str) {
        let order = BuildOrder {
            generation: 1,
            packages: vec!["a".to_owned(), "b".to_owned()],
            specs: [].into(),
            binaries: binaries.iter().map(|&name| name.to_owned()).collect(),
            offline,
            apart: [("c".to_owned(), ("b".to_owned(), "bootstrap".to_owned()))].into(),
            features: vec![],
        };
        let start = if target.is_some() { "zigbuild" } else { "build" };
        let start =
            format!("{start} --keep-going --message-format=json-diagnostic-rendered-ansi --color never");
        assert_eq!(
            arguments(&order, &order.binaries, "dev", target).join(" "),
            format!("{start} {expected}")
        );
    }

    #[test]
    fn a_function_that_is_built_apart_is_its_package_s_binary() {
        check(&["c"], true, None, "--offline --profile dev -p b --bin bootstrap");
    }

    #[test]
    fn packages_are_named_by_their_ids_and_the_features_that_binaries_require_are_asked_for() {
        let order = BuildOrder {
            generation: 1,
            packages: vec!["a".to_owned()],
            specs: [("a".to_owned(), "path+file:///w/a#0.1.0".to_owned())].into(),
            binaries: vec!["a".to_owned()],
            offline: true,
            apart: [].into(),
            features: vec!["a/lambda".to_owned(), "b/other".to_owned()],
        };
        let arguments = arguments(&order, &order.binaries, "dev", None).join(" ");
        assert!(arguments.ends_with("-p path+file:///w/a#0.1.0 --features a/lambda --bin a"), "{arguments}");
    }

    #[test]
    fn the_packages_stay_the_same_whatever_is_built() {
        check(&["a", "b"], true, None, "--offline --profile dev -p a -p b --bin a --bin b");
        check(&["b"], false, None, "--profile dev -p a -p b --bin b");
        let target = "x86_64-unknown-linux-gnu.2.26";
        check(&["b"], false, Some(target), &format!("--profile dev -p a -p b --target {target} --bin b"));
    }
}
