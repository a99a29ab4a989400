//! Figures of the pipeline and of the saves.

use super::*;

#[test]
fn the_pipeline_is_drawn_with_throughput_and_lag() {
    let mut session = running();
    session.screen.event_paths = way();
    session.screen.stands_on(Some(Commit { short: "7f3a1c9".to_owned(), dirty: true }));
    let mut behind = report(START + 2_000, 396.0);
    behind.mappings[0].lag_records = 1_200;
    behind.mappings[0].oldest_unprocessed_ms = Some(240);
    assert!(session.screen.learn(Ok(behind)));
    let text = session.text((120, 40));
    let way =
        "API ▸ upstream 148/s ▸ Kinesis (1,200 behind, 240 ms) ▸ midstream 148/s   end-to-end p99 310 ms";
    assert!(text.contains(way), "{text}");
    assert!(text.contains("· commit 7f3a1c9*"), "{text}");
    let phases =
        "upstream save→live 1.84 s · detect 9 · plan 3 · cargo 1,710 · package 41 · swap 2 · reload 74";
    assert!(text.contains(phases), "{text}");
}

#[test]
fn every_function_has_a_history_of_its_saves() {
    let mut session = running();
    for (generation, cargo) in [(3, 600), (4, 2_000), (5, 1_000)] {
        session.live(generation, "midstream", &digest("5d0e"), cargo);
    }
    let text = session.text((140, 40));
    assert!(text.contains("save→live 1.1 s  p50 1.1 s  p95 2.1 s  ▄█▅"), "{text}");
}

#[test]
fn only_news_is_drawn() {
    let mut session = running();
    assert!(session.screen.learn(Ok(report(START + 2_000, 248.0))), "the rate falls to nothing");
    assert!(!session.screen.learn(Ok(report(START + 3_000, 248.0))));
    let problem = || Problem::new("cloud_unreachable", "ask the cloud: connection refused");
    assert!(session.screen.learn(Err(problem())));
    assert!(!session.screen.learn(Err(problem())));
    assert!(session.text((80, 24)).contains("connection refused"));
    assert!(session.screen.learn(Ok(report(START + 4_000, 248.0))));
}

#[test]
fn ages_are_drawn_again_when_they_change() {
    let mut session = running();
    let since = START + 100_000;
    session.becomes("upstream", FunctionState::Live { digest: digest("beef"), since });
    session.log("upstream", "no change of state");
    let notice = Notice::Unchanged { generation: 3, function: "upstream".to_owned(), digest: digest("beef") };
    session.tell(&notice);
    assert_eq!(view::next_change(&session.screen, since + 300), Some(700));
    assert_eq!(view::next_change(&Session::new().screen, START), None);
}
