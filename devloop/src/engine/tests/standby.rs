//! When the next build's cargo is started ahead of it.

use super::*;

fn resting() -> Session {
    Session::live().showing_standby()
}

/// After a save whose build is live; the cargo of the next one stands by.
fn standing_by() -> Session {
    resting().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), swapped(2, "up", "up2"), live(2, "up")],
        &["tell live 2 up up2", "stand by for mid+up"],
    )
}

#[test]
fn a_cargo_stands_by_when_everything_answers_and_what_it_was_made_from_is_known() {
    standing_by().check(
        vec![saved(&["up/src/main.rs"])],
        &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
    );
    resting()
        .slow()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), swapped(2, "up", "up2"), live(2, "up")],
            &[],
        )
        .check(
            vec![inputs_read(2, [("up", Some(sources("up")))])],
            &["tell live 2 up up2", "stand by for mid+up"],
        );
}

#[test]
fn a_cargo_stands_by_for_what_mends_a_broken_build() {
    resting()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], Some("error"))],
            &["tell failed 2 up, 0 diagnostics, error", "stand by for mid+up"],
        )
        .check(
            vec![saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        );
}

#[test]
fn a_file_that_no_build_has_read_may_be_a_program_or_a_build_script() {
    standing_by().check(
        vec![saved(&["up/build.rs"])],
        &["stand down", "tell build 3: up for build.rs", "build 3 mid+up of up+mid"],
    );
    standing_by().check(
        vec![deleted(&["model/src/lib.rs"])],
        &[
            "stand down",
            "tell build 3: mid for path dependency model, src/lib.rs; up for path dependency model, src/lib.rs",
            "build 3 mid+up of up+mid",
        ],
    );
    standing_by().check(vec![saved(&["up/Cargo.toml"])], &["stand down", "read 3"]);
    standing_by().check(vec![saved(&["notes.txt"])], &["stand down", "stand by for mid+up"]);
}

#[test]
fn an_editor_s_side_file_and_a_new_module_are_nothing_that_cargo_looks_for_ahead() {
    let paths = ["up/src/main.rs", "up/src/main.rs___jb_tmp___", "up/src/4913", "up/src/part.rs"];
    let paths = paths.map(|path| Path::new("/w").join(path)).to_vec();
    let gone = paths[1..3].to_vec();
    standing_by().check(
        vec![Fact::FsChanged { seen_at: 0, paths, gone, lost: false }],
        &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn a_file_that_was_gone_when_it_started_is_not_known_when_it_comes_back() {
    standing_by()
        .check(
            vec![deleted(&["model/src/lib.rs"]), built(3, &[], Some("no model"))],
            &["tell failed 3 mid+up, 0 diagnostics, no model", "stand by for mid+up"],
        )
        .check(
            vec![saved(&["model/src/lib.rs"])],
            &[
                "stand down",
                "tell build 4: mid for path dependency model, src/lib.rs; up for path dependency model, src/lib.rs",
                "build 4 mid+up of up+mid",
            ],
        );
}

#[test]
fn nobody_stands_by_while_nothing_is_built() {
    standing_by()
        .check(vec![Fact::Pause], &["tell paused", "stand down"])
        .check(vec![Fact::Resume], &["tell resumed 0", "stand by for mid+up"]);
    standing_by().check(vec![Fact::FsStirred], &[]);
}
