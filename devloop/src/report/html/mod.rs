//! The page of a run: one HTML file that loads nothing and runs no script, for light and dark screens and for paper. It contains
//! the run's document as JSON, and shows only figures of that document.

mod figures;
mod tables;

use crate::bench::{Document, Outcome};
use crate::report::chart::escape;
use crate::report::number;

const STYLE: &str = include_str!("../page.css");

/// The page of a run, and of the run that it is compared with.
pub(crate) fn html(run: &Document, before: Option<&Document>) -> String {
    let id = escape(&run.run.id);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{id} · devloop bench</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{}{}{}",
        header(run),
        tiles(run),
        findings(run)
    );
    page.push_str("<h2>Over time</h2>\n<div class=\"grid2\">\n");
    page.push_str(&figures::throughput(run));
    page.push_str(&figures::latency_over_time(run));
    if run.chain.is_none() {
        page.push_str(&figures::backlog(run));
    }
    page.push_str(&figures::curves(run, before));
    page.push_str("</div>\n");
    if !run.stages.is_empty() {
        page.push_str("<h2>Where latencies lay when</h2>\n<div class=\"grid3\">\n");
        for stage in &run.stages {
            page.push_str(&figures::stage_heat(stage));
        }
        page.push_str("</div>\n");
    }
    if run.comparison.is_some() {
        page.push_str(&tables::comparison(run));
    }
    match &run.chain {
        Some(chain) => {
            page.push_str(&format!("<h2>Functions behind {}, times in ms</h2>\n", escape(&chain.head)));
            page.push_str(&tables::chain(chain));
        }
        None => {
            page.push_str("<h2>Stages, in ms</h2>\n");
            page.push_str(&tables::stages(run));
        }
    }
    page.push_str("<h2>The client, and what it cost</h2>\n");
    page.push_str(&tables::costs(run));
    page.push_str(&footer(run));
    page.push_str(&embedded("run", run));
    if let Some(before) = before {
        page.push_str(&embedded("before", before));
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// The document as JSON, escaped so that no text in it can close the surrounding element.
fn embedded(id: &str, run: &Document) -> String {
    let json = serde_json::to_string(run).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

fn header(run: &Document) -> String {
    let model = match run.run.rate {
        Some(rate) => format!("{} requests a second, open model", number(rate)),
        None => format!("{} users, closed loop", run.run.vus),
    };
    format!(
        "<header><h1>{}</h1><p>{model} · {} s of load, {} s of drain · {}</p></header>\n",
        escape(&run.run.id),
        number(run.run.load_ms / 1_000.0),
        number(run.run.drain_ms / 1_000.0),
        match run.outcome {
            Outcome::Complete => "complete",
            Outcome::Lost => "something is lost",
            Outcome::TimedOut => "timed out, partial",
        }
    )
}

fn tiles(run: &Document) -> String {
    let counts = &run.counts;
    let tile = |metric: &str, value: f64, unit: &str, name: &str, is_bad: bool| {
        format!(
            "<div class=\"tile{}\"><b data-metric=\"{metric}\" data-value=\"{value}\">{}{unit}</b><span>{name}</span></div>",
            if is_bad { " bad" } else { "" },
            number(value)
        )
    };
    let whole = &run.end_to_end_ms;
    [
        "<div class=\"tiles\">\n".to_owned(),
        tile("rates.complete", run.rates.complete, "/s", "complete runs until drained", false),
        tile("end_to_end_ms.p50", whole.p50, " ms", "end to end, median", false),
        tile("end_to_end_ms.p99", whole.p99, " ms", "end to end, p99", false),
        tile("counts.accepted", counts.accepted as f64, "", "accepted", false),
        tile("counts.backlog", counts.backlog as f64, "", "backlog at the load's end", false),
        tile("counts.lost", counts.lost as f64, "", "lost", counts.lost > 0),
        tile("counts.duplicated", counts.duplicated as f64, "", "came twice", counts.duplicated > 0),
        tile("counts.refused", counts.refused as f64, "", "not answered with 200", counts.refused > 0),
        "</div>\n".to_owned(),
    ]
    .concat()
}

fn findings(run: &Document) -> String {
    if run.findings.is_empty() && run.chain.is_some() {
        return "<ul class=\"findings none\"><li>Nothing was refused, lost or came twice, as far as it is known.</li></ul>\n"
            .to_owned();
    }
    if run.findings.is_empty() {
        return "<ul class=\"findings none\"><li>Everything that was accepted came through once, and no stage is saturated.</li></ul>\n"
            .to_owned();
    }
    let items: String = run.findings.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
    format!("<ul class=\"findings\">{items}</ul>\n")
}

fn footer(run: &Document) -> String {
    let code: Vec<String> = run
        .run
        .functions
        .iter()
        .map(|function| {
            let digest = function.digest.as_deref().map_or("?", |digest| digest.get(..12).unwrap_or(digest));
            format!("{} {digest}", escape(&function.name))
        })
        .collect();
    let began =
        jiff::Timestamp::from_millisecond(run.run.began_ms).map_or(String::new(), |at| at.to_string());
    format!(
        "<footer>{began} · {} · {} cores, load average {} · code: {}</footer>\n",
        escape(&run.run.api),
        run.run.cores,
        run.run.load_average.map_or("unknown".to_owned(), number),
        code.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Stage;

    #[test]
    fn the_page_is_one_file_that_holds_its_document() {
        let mut run = Document::default();
        run.run.id = "</script><b>".to_owned();
        run.stages = vec![Stage { name: "gateway_to_stream".to_owned(), ..Stage::default() }];
        let page = html(&run, None);
        let json = page.split("id=\"run\">").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<Document>(json).unwrap(), run);
        for foreign in ["http://", "https://", "url(", "@import", "<link", "src="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("&lt;/script&gt;&lt;b&gt;"), "texts are escaped");
    }
}
