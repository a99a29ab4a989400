//! The previous code serves again, and whatever is saved after that goes live.

use super::*;

fn wanted(function: &str, agreed: bool) -> Fact {
    Fact::RollBack { function: function.to_owned(), agreed }
}

fn rolled_back(function: &str, digest: &str) -> Fact {
    let (function, code) = (function.to_owned(), digest.to_owned());
    Fact::RolledBack(RolledBack { name: function.clone(), function, code, digest: Digest::new(digest) })
}

fn not_rolled_back(function: &str) -> Fact {
    let problem = Problem::new("nothing_to_roll_back", "no former code");
    Fact::RollbackFailed { function: function.to_owned(), problem }
}

/// A second code of `up` has gone live.
fn twice_live() -> Session {
    Session::live().check(
        vec![
            saved(&["up/src/main.rs"]),
            built(2, &["=mid", "up"], None),
            swapped(2, "up", "up2"),
            live(2, "up"),
        ],
        &["tell live 2 up up2"],
    )
}

#[test]
fn the_former_code_serves_and_the_code_that_was_left_is_swapped_when_it_is_saved_again() {
    twice_live()
        .check(vec![wanted("up", false)], &["roll up back"])
        .function("up", "rolling back, up2 serves")
        .check(vec![rolled_back("up", "up1")], &["tell rolled up back to up1"])
        .function("up", "rolled back to up1")
        .function("mid", "live mid1")
        .check(vec![saved(&["up/src/main.rs"]), built(3, &["=mid", "up"], None)], &["swap 3 up unless up1"])
        .check(vec![swapped(3, "up", "up2"), live(3, "up")], &["tell live 3 up up2"])
        .function("up", "live up2");
}

#[test]
fn a_build_of_something_else_leaves_it_rolled_back() {
    twice_live()
        .check(vec![wanted("up", false), rolled_back("up", "up1")], &["tell rolled up back to up1"])
        .check(
            vec![saved(&["mid/src/main.rs"]), built(3, &["mid", "=up"], None)],
            &["swap 3 mid unless mid1"],
        )
        .function("up", "rolled back to up1");
}

#[test]
fn an_account_is_only_changed_after_the_user_has_agreed() {
    let planned = Fact::RollbackPlanned { function: "up".to_owned(), plan: vec!["account 1".to_owned()] };
    twice_live()
        .check(vec![wanted("up", false), planned], &["tell roll up back? account 1"])
        .function("up", "live up2")
        .check(vec![wanted("up", true)], &["roll up back, agreed"]);
}

#[test]
fn what_cannot_be_rolled_back_stays_as_it_is() {
    twice_live()
        .check(
            vec![wanted("up", false), not_rolled_back("up")],
            &["tell up not rolled back: nothing_to_roll_back"],
        )
        .function("up", "live up2")
        .check(vec![wanted("ghost", false)], &["tell ghost not rolled back: function_unknown"]);
}

#[test]
fn code_that_is_on_its_way_is_not_disturbed() {
    twice_live()
        .check(
            vec![saved(&["up/src/main.rs"]), wanted("up", false)],
            &["tell up not rolled back: rollback_busy"],
        )
        .function("up", "building 3, up2 serves")
        .check(vec![wanted("mid", false)], &["roll mid back"])
        .check(vec![wanted("mid", false)], &["tell mid not rolled back: rollback_busy"]);
}

#[test]
fn a_save_during_a_rollback_is_swapped_behind_it() {
    twice_live()
        .check(
            vec![wanted("up", false), saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        )
        .check(vec![built(3, &["=mid", "up"], None)], &[])
        .check(vec![rolled_back("up", "up1")], &["tell rolled up back to up1", "swap 3 up unless up1"])
        .check(vec![swapped(3, "up", "up3"), live(3, "up")], &["tell live 3 up up3"]);
}

#[test]
fn what_does_not_compile_is_still_tried_again_after_a_rollback() {
    twice_live()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(3, &["=mid"], Some("no")),
                wanted("up", false),
                rolled_back("up", "up1"),
            ],
            &["tell rolled up back to up1"],
        )
        .function("up", "failed 3, up1 serves")
        .check(
            vec![saved(&["mid/src/main.rs"])],
            &["tell build 4: mid for src/main.rs; up for failed before", "build 4 mid+up of up+mid"],
        );
}
