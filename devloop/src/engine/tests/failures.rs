//! Code that does not compile, cannot be put in place or does not start.

use super::*;

#[test]
fn a_failed_build_leaves_the_old_code_serving_and_the_fix_goes_live() {
    let failed = Session::live()
        .check(vec![saved(&["up/src/main.rs"]), diagnostic(2)], &["tell diagnostic 2"])
        .check(
            vec![built(2, &["=mid"], Some("could not compile"))],
            &["tell failed 2 up, 1 diagnostics, could not compile"],
        )
        .function("up", "failed 2, up1 serves")
        .function("mid", "live mid1");
    failed
        .check(vec![saved(&["up/src/main.rs"]), built(3, &["=mid", "up"], None)], &["swap 3 up unless up1"])
        .check(vec![swapped(3, "up", "up3"), live(3, "up")], &["tell live 3 up up3"]);
}

#[test]
fn a_build_that_fails_during_a_burst_is_no_failure_if_the_burst_changes_what_it_read() {
    Session::live()
        .check(vec![saved(&["up/src/main.rs"]), Fact::FsStirred, built(2, &["=mid"], Some("no"))], &[])
        .function("up", "building 2, up1 serves")
        .check(
            vec![saved(&["up/src/other.rs"])],
            &[
                "kill 2",
                "tell cancelled 2 up",
                "tell build 3: up for src/other.rs",
                "build 3 mid+up of up+mid",
            ],
        )
        .check(vec![built(3, &["=mid", "up"], None)], &["swap 3 up unless up1"]);
}

#[test]
fn a_build_that_fails_during_a_burst_has_failed_if_the_burst_is_about_something_else() {
    Session::live()
        .check(vec![saved(&["up/src/main.rs"]), Fact::FsStirred, built(2, &["=mid"], Some("no"))], &[])
        .check(vec![saved(&["up/README.md"])], &["tell failed 2 up, 0 diagnostics, no"])
        .function("up", "failed 2, up1 serves");
}

#[test]
fn a_build_that_succeeds_during_a_burst_is_put_in_place_at_once() {
    let facts = vec![saved(&["up/src/main.rs"]), Fact::FsStirred, built(2, &["=mid", "up"], None)];
    Session::live().check(facts, &["swap 2 up unless up1"]);
}

#[test]
fn what_compiles_goes_live_beside_what_does_not() {
    Session::live()
        .check(
            vec![saved(&["model/src/lib.rs"]), built(2, &["mid"], Some("up does not compile"))],
            &["swap 2 mid unless mid1", "tell failed 2 up, 0 diagnostics, up does not compile"],
        )
        .function("up", "failed 2, up1 serves");
}

#[test]
fn what_failed_is_tried_again_with_the_next_build() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], Some("no")), saved(&["mid/src/main.rs"])],
        &["tell build 3: mid for src/main.rs; up for failed before", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn after_a_failure_an_unknown_file_of_the_package_counts_again() {
    let failed = Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], Some("no"))],
        &["tell failed 2 up, 0 diagnostics, no"],
    );
    failed.check(
        vec![saved(&["up/src/new.rs"])],
        &["tell build 3: up for src/new.rs", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn a_binary_that_cargo_did_not_make_is_a_failure_of_its_own() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], None)],
        &["tell failed 2 up, 0 diagnostics, cargo succeeded without making the binary"],
    );
}

#[test]
fn code_that_does_not_come_up_leaves_the_old_code_serving() {
    let failed = Session::live()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                not_activated(2, "up"),
            ],
            &["tell error up init_failed, up1 serves"],
        )
        .function("up", "failed 2, up1 serves");
    // The old binary is no longer in place, so going back to it is a change.
    failed.check(vec![saved(&["up/src/main.rs"]), built(3, &["up"], None)], &["swap 3 up"]);
}

#[test]
fn what_could_not_be_activated_is_swapped_once_its_function_is_deployed() {
    let deployed = || Fact::Deployed { function: "up".to_owned() };
    let failed = || {
        Session::live().check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                not_activated(2, "up"),
            ],
            &["tell error up init_failed, up1 serves"],
        )
    };
    failed()
        .check(vec![deployed()], &["tell build 3: up for deployed now", "build 3 mid+up of up+mid"])
        .check(vec![built(3, &["=up"], None)], &["swap 3 up"]);
    // A function that answers is deployed already, and one that is being built will be found.
    Session::live().check(vec![deployed()], &[]);
    failed().check(vec![saved(&["up/src/main.rs"]), deployed()], &[]);
}

#[test]
fn a_failed_swap_leaves_the_old_code_serving_and_in_place() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), not_swapped(2, "up")],
            &["tell error up disk_full, up1 serves"],
        )
        .function("up", "failed 2, up1 serves")
        .check(vec![saved(&["up/src/main.rs"]), built(3, &["up"], None)], &["swap 3 up unless up1"]);
}
