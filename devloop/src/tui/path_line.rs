//! The pipeline as a line: `API ▸ upstream 148/s ▸ Kinesis ▸ midstream …`, with each hop's throughput and lag.

use devloop_cloud::Arn;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::status::{Hop, Mapping, StatusReport, count, milliseconds};
use crate::tui::notices::Figures;

/// The line of one path through the pipeline.
pub(super) fn line(hops: &[Hop], figures: &Figures) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (index, hop) in hops.iter().enumerate() {
        if index > 0 {
            spans.push(Span::styled(" ▸ ", Modifier::DIM));
        }
        let strong = matches!(hop, Hop::Function(_));
        let style = if strong { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
        spans.push(Span::styled(hop.name().to_owned(), style));
        match hop {
            Hop::Function(binary) => {
                let rate = figures.of(binary).and_then(|(_, rate)| rate).filter(|rate| *rate >= 0.5);
                spans.extend(rate.map(|rate| Span::raw(format!(" {rate:.0}/s"))));
            }
            Hop::Resource { service, .. } => {
                let behind =
                    hops.get(index + 1).and_then(|next| behind(figures.report()?, service, next.name()));
                spans.extend(behind.map(|text| Span::styled(format!(" {text}"), Color::Yellow)));
            }
        }
    }
    if let Some(latency) =
        figures.report().and_then(|report| report.latency.as_ref()).filter(|it| it.count > 0)
    {
        spans.push(Span::styled(format!("   end-to-end p99 {}", milliseconds(latency.p99)), Modifier::DIM));
    }
    Line::from(spans)
}

/// How far the function is behind with the service's records; `None` if it is not behind.
fn behind(report: &StatusReport, service: &str, function: &str) -> Option<String> {
    let mapping = report.mappings.iter().find(|mapping| {
        report.label(&mapping.function) == function && mapping_service(mapping) == Some(service)
    })?;
    if mapping.lag_records == 0 {
        return None;
    }
    let oldest = mapping.oldest_unprocessed_ms.map(|oldest| format!(", {}", milliseconds(oldest as f64)));
    Some(format!("({} behind{})", count(mapping.lag_records), oldest.unwrap_or_default()))
}

fn mapping_service(mapping: &Mapping) -> Option<&str> {
    Arn::parse(&mapping.source).map(|arn| arn.service)
}
