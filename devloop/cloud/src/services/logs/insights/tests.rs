//! Tests of what the parser refuses.

use super::query::Query;

#[test]
fn functions_and_arithmetic_are_refused_by_name() {
    let check = |query: &str, name: &str| {
        let why = Query::parse(query).unwrap_err();
        assert!(why.contains(name), "{query}: {why}");
    };
    check("fields strlen(x)", "`strlen`");
    check("filter strlen(x) > 3", "`strlen`");
    check("stats median(x)", "`median`");
    check("stats count(*) by datefloor(@timestamp, 5m)", "`datefloor`");
    check("stats max(@memorySize / 1000 / 1000) as mb", "`@memorySize / 1000 / 1000`");
    check("stats sum(a) * 2", "`sum ( a ) * 2`");
    check("filter a % 2 = 1", "`a % 2 = 1`");
    for query in ["stats count(*), pct(a, 95) by bin(5m)", "filter a like /x/ | sort a, b desc"] {
        Query::parse(query).unwrap();
    }
}
