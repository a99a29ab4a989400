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

#[test]
fn code_that_answers_before_cargo_has_ended_is_live_when_its_inputs_are_watched() {
    let read = Some(["/w/up/src/main.rs".into(), "/w/schema.json".into()].into_iter().collect());
    Session::live()
        .slow()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["=mid", "up"], None), swapped(2, "up", "up2")],
            &["tell swapped 2 up", "activate 2 up up2"],
        )
        .check(vec![live(2, "up")], &[])
        .function("up", "starting 2 up2, up1 serves")
        .check(
            vec![inputs_read(2, [("up", read)])],
            &["watch mid+model+up and Cargo.lock+Cargo.toml+schema.json", "tell live 2 up up2"],
        )
        .function("up", "live up2");
}

#[test]
fn a_failure_that_waited_for_a_burst_does_not_wait_for_inputs_too() {
    let stirred = vec![saved(&["model/src/lib.rs"]), Fact::FsStirred, built(2, &["up"], Some("mid fails"))];
    Session::live()
        .check(stirred, &[])
        .check(vec![saved(&["notes.txt"]), swapped(2, "up", "up2"), live(2, "up")], &["tell live 2 up up2"]);
}

#[test]
fn what_is_known_of_files_stays_known_when_the_build_is_not_wanted_any_more() {
    let read = Some(["/w/up/src/main.rs".into(), "/w/schema.json".into()].into_iter().collect());
    Session::live()
        .slow()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                saved(&["mid/src/main.rs"]),
                built(2, &["up"], None),
                inputs_read(2, [("up", read), ("gone", None)]),
            ],
            &["watch mid+model+up and Cargo.lock+Cargo.toml+schema.json"],
        )
        .check(vec![inputs_read(2, [("up", None)])], &["watch mid+model+up and Cargo.lock+Cargo.toml"]);
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
