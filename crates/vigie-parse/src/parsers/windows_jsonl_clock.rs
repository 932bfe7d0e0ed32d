//! Whether an export's clock is told falsely, and by how much.
//!
//! Some exporters write local time with a `Z`, as if it were UTC (the Mordor set of `ProxyLogon` is one: its times lie
//! five hours behind). Sysmon's events carry a second clock, `UtcTime`, which its driver takes from the system in UTC
//! before any exporter sees it: so that one is right. When enough events of a file have both and nearly all differ
//! by the same offset, and this offset is one that time zones have, it is the exporter's error, and every time of the
//! file is moved by it. One event, or a few that an attacker wrote, move nothing.

use vigie_model::Time;

use super::windows_jsonl_names::Event;

/// Time zones lie on quarters of an hour.
const STEP_MICROS: i64 = 15 * 60 * 1_000_000;
/// Event time is taken when the event is written, up to seconds after `UtcTime`.
const TOLERANCE_MICROS: i64 = 60 * 1_000_000;
/// UTC-12 to UTC+14.
const STEPS_MAX: i64 = 14 * 4;
/// Fewer events than these tell nothing.
const SAMPLES_MIN: usize = 20;
/// More are not looked at.
const SAMPLES_MAX: usize = 20_000;
/// How many in a hundred must agree.
const AGREEING_PERCENT: usize = 95;

/// The two clocks of the events seen so far.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// `UtcTime` less the event's time, in steps; `None` when it is no whole number of them.
    steps: Vec<Option<i64>>,
}

/// By how much every time of a file is moved, and what shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    /// Added to every time, in microseconds.
    pub(super) micros: i64,
    /// Events with both clocks.
    pub(super) samples: usize,
    /// Those of them that differ by it.
    pub(super) agreeing: usize,
}

impl Samples {
    /// Looks at one event.
    pub(super) fn add(&mut self, event: &Event) {
        if self.steps.len() >= SAMPLES_MAX {
            return;
        }
        let (Some(time), Some(utc)) = (event.record.time, event.utc_time()) else { return };
        let difference = utc.micros().saturating_sub(time.micros());
        let steps = difference.saturating_add(STEP_MICROS / 2).div_euclid(STEP_MICROS);
        let rest = difference.saturating_sub(steps.saturating_mul(STEP_MICROS));
        let fits = rest.abs() <= TOLERANCE_MICROS && steps.abs() <= STEPS_MAX;
        self.steps.push(fits.then_some(steps));
    }

    /// The shift that they show, if they show one.
    pub(super) fn shift(&self) -> Option<Shift> {
        let mut sorted: Vec<i64> = self.steps.iter().flatten().copied().collect();
        sorted.sort_unstable();
        let most = sorted.chunk_by(|one, other| one == other).max_by_key(|run| run.len())?;
        let (steps, agreeing, samples) = (*most.first()?, most.len(), self.steps.len());
        let enough = samples >= SAMPLES_MIN
            && agreeing.saturating_mul(100) >= samples.saturating_mul(AGREEING_PERCENT);
        (enough && steps != 0).then(|| Shift { micros: steps.saturating_mul(STEP_MICROS), samples, agreeing })
    }
}

impl Shift {
    /// An event's true time: its own UTC clock where it has one, else its time moved.
    pub(super) fn apply(self, event: &Event) -> Option<Time> {
        event.utc_time().or_else(|| event.record.time?.plus_micros(self.micros))
    }

    /// In figures.
    pub(super) fn message(self) -> String {
        let minutes = self.micros.checked_div(60_000_000).unwrap_or_default();
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!(
            "every time was moved by {sign}{hours:02}:{minutes:02} h: in {} of {} events with both clocks, Sysmon's UtcTime differs by it",
            self.agreeing, self.samples
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::windows_jsonl_scan::object;
    use super::*;

    fn event(time: &str, utc: &str) -> Event {
        let mut event = Event::default();
        let text = format!(
            r#"{{"@timestamp":"2021-03-14T{time}Z","SourceName":"Microsoft-Windows-Sysmon","UtcTime":"2021-03-14 {utc}"}}"#
        );
        object(&text, 0, &mut event).unwrap();
        event
    }

    fn shift(events: &[(&str, &str, usize)]) -> Option<Shift> {
        let mut samples = Samples::default();
        for (time, utc, count) in events {
            let event = event(time, utc);
            (0..*count).for_each(|_| samples.add(&event));
        }
        samples.shift()
    }

    #[test]
    fn a_constant_offset_that_a_zone_has_moves_the_file() {
        let found = shift(&[("01:39:32.609", "06:39:30.227", 19), ("01:00:00", "01:00:00", 1)]).unwrap();
        assert_eq!(found, Shift { micros: 5 * 3_600_000_000, samples: 20, agreeing: 19 });
        assert!(found.message().contains("+05:00"));
        assert_eq!(
            found.apply(&event("01:39:32.609", "06:39:30.227")).unwrap().to_string(),
            "2021-03-14T06:39:30.227000Z"
        );
        assert_eq!(shift(&[("12:00:01", "06:30:00", 30)]).unwrap().micros, -(5 * 60 + 30) * 60_000_000);
    }

    #[test]
    fn what_is_not_plain_moves_nothing() {
        assert_eq!(shift(&[("06:39:32", "06:39:30", 100)]), None, "the same clock");
        assert_eq!(shift(&[("01:39:32", "06:39:30", 19)]), None, "too few");
        assert_eq!(shift(&[("01:39:32", "06:39:30", 90), ("06:00:00", "06:00:00", 10)]), None, "two clocks");
        assert_eq!(shift(&[("01:39:32", "06:47:30", 100)]), None, "no zone has this");
        assert_eq!(shift(&[]), None);
    }
}
