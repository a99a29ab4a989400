//! How long a request and its stages took.

use pipeline_model::{ClientTime, Times};

use crate::image::Image;

/// Instants and durations of one request; milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// The run that the request counts for.
    pub run_id: String,
    /// From the gateway to downstream; without the gateway's time, from the client to downstream. Never negative.
    pub latency_ms: i64,
    /// From the client's clock to downstream's clock.
    pub client_latency_ms: i64,
    /// Whether the client's clock counts in seconds.
    pub coarse: bool,
    /// When the measurement was handed to the sink.
    pub completed_ms: i64,
}

impl Measurement {
    /// Measures an item that is complete now.
    pub fn new(image: &Image, completed_ms: i64) -> Self {
        let client = ClientTime::from(image.message.timestamp);
        let client_latency_ms = completed_ms.saturating_sub(client.ms);
        let since_received = image.origin.received_ms.map(|received| completed_ms.saturating_sub(received));
        Self {
            run_id: image.origin.run().to_owned(),
            latency_ms: since_received.unwrap_or(client_latency_ms).max(0),
            client_latency_ms,
            coarse: client.coarse,
            completed_ms,
        }
    }

    /// The times for a log line, including the stages.
    pub fn times<'a>(&'a self, image: &'a Image) -> Times<'a> {
        let received_ms = image.origin.received_ms;
        Times {
            request_id: image.origin.request_id.as_deref(),
            run_id: Some(&self.run_id),
            latency_ms: Some(self.latency_ms),
            client_latency_ms: Some(self.client_latency_ms),
            received_ms,
            arrived_ms: image.arrived_ms,
            stored_ms: image.stored_ms,
            completed_ms: Some(self.completed_ms),
            gateway_to_stream_ms: stage(received_ms, image.arrived_ms),
            stream_to_store_ms: stage(image.arrived_ms, image.stored_ms),
            store_to_sink_ms: stage(image.stored_ms, Some(self.completed_ms)),
            coarse: Some(self.coarse),
        }
    }
}

/// The duration of a stage, never negative: clocks of two machines may differ a little.
fn stage(from: Option<i64>, to: Option<i64>) -> Option<i64> {
    Some(to?.saturating_sub(from?).max(0))
}

#[cfg(test)]
mod tests {
    use pipeline_model::{Message, Origin};

    use super::*;

    const NOW: i64 = 1_763_632_800_900;

    fn image(timestamp: i64, received_ms: Option<i64>) -> Image {
        Image {
            message: Message { id: "1".into(), message: "m".into(), timestamp },
            origin: Origin { request_id: None, run_id: None, received_ms },
            arrived_ms: received_ms.map(|ms| ms + 5),
            stored_ms: received_ms.map(|ms| ms + 25),
        }
    }

    fn check(image: &Image, latency_ms: i64, client_latency_ms: i64, coarse: bool) {
        let seen = Measurement::new(image, NOW);
        assert_eq!(
            (seen.latency_ms, seen.client_latency_ms, seen.coarse),
            (latency_ms, client_latency_ms, coarse)
        );
    }

    #[test]
    fn latency_counts_from_the_gateway_and_apart_from_the_client() {
        check(&image(1_763_632_800_700, Some(1_763_632_800_800)), 100, 200, false);
        check(&image(1_763_632_800, Some(1_763_632_800_800)), 100, 900, true);
    }

    #[test]
    fn without_the_gateway_s_time_the_client_s_clock_counts() {
        check(&image(1_763_632_800_700, None), 200, 200, false);
        check(&image(1_763_632_799, None), 1900, 1900, true);
        check(&image(1_763_632_801_000, None), 0, -100, false);
    }

    #[test]
    fn no_clock_makes_a_latency_negative_or_overflow() {
        check(&image(NOW, Some(NOW + 3)), 0, 0, false);
        check(&image(i64::MIN, Some(i64::MIN)), i64::MAX, i64::MAX, true);
    }

    #[test]
    fn stages_add_up_to_the_latency() {
        let image = image(1_763_632_800_700, Some(1_763_632_800_800));
        let measurement = Measurement::new(&image, NOW);
        let times = measurement.times(&image);
        let stages = (times.gateway_to_stream_ms, times.stream_to_store_ms, times.store_to_sink_ms);
        assert_eq!(stages, (Some(5), Some(20), Some(75)));
        assert_eq!(times.latency_ms, Some(100));
    }
}
