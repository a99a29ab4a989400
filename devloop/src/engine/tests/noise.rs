//! Files that are written all the time while somebody saves.

use super::*;

/// A live session in which a file of `up` has changed, and cargo found nothing to do for it.
fn with_an_unread_file() -> Session {
    Session::live()
        .check(vec![saved(&["up/run.out"])], &["tell build 2: up for run.out", "build 2 mid+up of up+mid"])
        .check(vec![built(2, &["=mid", "=up"], None)], &["swap 2 up unless up1"])
        .check(vec![unchanged(2, "up", "up1")], &["tell unchanged 2 up"])
}

#[test]
fn a_file_that_cargo_does_not_read_is_built_once_and_no_more() {
    with_an_unread_file().check(vec![saved(&["up/run.out"])], &[]).check(
        vec![saved(&["up/src/main.rs"])],
        &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn the_cargo_that_stands_by_goes_on_waiting_while_such_a_file_is_written() {
    with_an_unread_file().showing_standby().check(vec![saved(&["up/run.out"])], &[]);
}

#[test]
fn a_build_is_not_cancelled_for_a_file_that_cargo_does_not_read() {
    with_an_unread_file()
        .slow()
        .check(vec![saved(&["up/src/main.rs"]), saved(&["up/run.out"]), saved(&["up/run.out"])], &[])
        .check(vec![built(3, &["=mid", "up"], None)], &["swap 3 up unless up1"])
        // The edited source may have named the file, so cargo looks once more when the save is in place.
        .check(
            vec![swapped(3, "up", "up3")],
            &[
                "tell swapped 3 up",
                "activate 3 up up3",
                "tell build 4: up for run.out",
                "build 4 mid+up of up+mid",
            ],
        )
        .check(vec![inputs_read(3, [("up", Some(sources("up")))])], &[])
        // That build reads what the one before read.
        .check(vec![saved(&["up/run.out"])], &[]);
}

#[test]
fn a_file_that_was_not_read_counts_as_soon_as_it_is() {
    let read = sources("up").files.into_iter().chain(["/w/up/run.out".into()]).collect();
    with_an_unread_file()
        .slow()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(3, &["=mid", "up"], None),
                swapped(3, "up", "up3"),
                live(3, "up"),
                inputs_read(3, [("up", Some(read))]),
            ],
            &["watch mid+model+up and Cargo.lock+Cargo.toml", "tell live 3 up up3"],
        )
        .check(vec![saved(&["up/run.out"])], &["tell build 4: up for run.out", "build 4 mid+up of up+mid"])
        .check(
            vec![saved(&["up/run.out"])],
            &["kill 4", "tell cancelled 4 up", "tell build 5: up for run.out", "build 5 mid+up of up+mid"],
        );
}

#[test]
fn after_three_cancelled_builds_the_next_one_runs_to_its_end() {
    let save = || saved(&["up/src/main.rs"]);
    Session::live()
        .check(
            vec![save(), save(), save(), save()],
            &[
                "kill 4",
                "tell cancelled 4 up",
                "tell build 5: up for src/main.rs",
                "build 5 mid+up of up+mid",
            ],
        )
        .check(vec![save()], &[])
        .check(vec![saved(&["mid/src/main.rs"])], &[])
        .function("up", "building 5, up1 serves")
        .check(vec![built(5, &["=mid", "up"], None)], &["swap 5 up unless up1"])
        .check(
            vec![swapped(5, "up", "up5")],
            &[
                "tell swapped 5 up",
                "activate 5 up up5",
                "tell build 6: mid for src/main.rs; up for src/main.rs",
                "build 6 mid+up of up+mid",
            ],
        )
        .check(
            vec![save()],
            &[
                "kill 6",
                "tell cancelled 6 mid+up",
                "tell build 7: mid for src/main.rs; up for src/main.rs",
                "build 7 mid+up of up+mid",
            ],
        );
}

#[test]
fn a_source_that_is_saved_while_the_workspace_is_read_is_built_with_it() {
    Session::live().check(vec![saved(&["up/Cargo.toml"]), saved(&["mid/src/main.rs"])], &[]).check(
        vec![read(2, Ok(workspace()))],
        &["tell build 2: mid for src/main.rs; up for Cargo.toml", "build 2 mid+up of up+mid"],
    );
}

#[test]
fn a_manifest_that_is_written_all_the_time_is_read_in_the_end() {
    let save = || saved(&["up/Cargo.toml"]);
    let reading =
        || Session::live().check(vec![save(), save(), save(), save()], &["read 5"]).check(vec![save()], &[]);
    reading()
        .check(
            vec![read(5, Ok(workspace()))],
            &["tell build 5: up for Cargo.toml", "build 5 mid+up of up+mid"],
        )
        .check(
            vec![built(5, &["=mid", "=up"], None), unchanged(5, "up", "up1")],
            &["tell unchanged 5 up", "read 6"],
        );
    reading().check(vec![read(5, Err("bad TOML"))], &["tell failed 5 up, 0 diagnostics, bad TOML", "read 6"]);
}
