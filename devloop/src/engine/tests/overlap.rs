//! Saves that arrive while binaries are being put in place or started.

use super::*;

#[test]
fn no_cargo_runs_while_its_binaries_are_being_copied() {
    let copying = Session::live().check(
        vec![saved(&["model/src/lib.rs"]), built(2, &["mid", "up"], None)],
        &["swap 2 mid unless mid1", "swap 2 up unless up1"],
    );
    copying
        .check(vec![saved(&["up/src/main.rs"])], &[])
        .check(vec![swapped(2, "mid", "mid2")], &["tell swapped 2 mid", "activate 2 mid mid2"])
        .check(
            vec![swapped(2, "up", "up2")],
            &[
                "tell swapped 2 up",
                "activate 2 up up2",
                "tell build 3: up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
        .function("up", "starting 2 up2, up1 serves");
}

fn starting_with_a_newer_save() -> Session {
    Session::live()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                saved(&["up/src/main.rs"]),
            ],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        )
        .function("up", "starting 2 up2, up1 serves")
}

#[test]
fn a_start_that_a_newer_build_overtakes_is_still_told_and_serves_meanwhile() {
    starting_with_a_newer_save()
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "building 3, up2 serves")
        .check(vec![built(3, &["up"], None)], &["swap 3 up unless up2"]);
}

#[test]
fn a_binary_waits_until_its_function_has_started_the_previous_one() {
    let held = || starting_with_a_newer_save().check(vec![built(3, &["up"], None)], &[]);
    held().check(vec![live(2, "up")], &["tell live 2 up up2", "swap 3 up unless up2"]);
    held().check(vec![not_activated(2, "up")], &["tell error up init_failed, up1 serves", "swap 3 up"]);
}

#[test]
fn a_waiting_binary_is_dropped_for_a_newer_save() {
    starting_with_a_newer_save()
        .check(
            vec![built(3, &["up"], None), saved(&["mid/src/main.rs"])],
            &["tell build 4: mid for src/main.rs; up for src/main.rs", "build 4 mid+up of up+mid"],
        )
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "building 4, up2 serves");
}
