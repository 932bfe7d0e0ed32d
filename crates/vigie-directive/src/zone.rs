//! Moments with their zone: deadlines are written in the words of the order, `2021-03-05 12:00 EST`.
//!
//! Only a few zones are known, each with a fixed offset; whether summer time was in force there on that day is checked,
//! since `EST` in July is a mistake of an hour. Rules: United States since 2007 (Energy Policy Act of 2005), European
//! Union since 1996 (Directive 2000/84/EC).

use vigie_model::directive::Moment;
use vigie_model::{Day, Time};

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MICROS_PER_DAY: i64 = 1_440 * MICROS_PER_MINUTE;

/// A zone: its name, its minutes east of UTC, and when it is in force.
struct Zone {
    name: &'static str,
    minutes: i64,
    season: Season,
}

enum Season {
    Always,
    UsWinter,
    UsSummer,
    EuWinter,
    EuSummer,
}

const ZONES: &[Zone] = &[
    Zone { name: "UTC", minutes: 0, season: Season::Always },
    Zone { name: "EST", minutes: -300, season: Season::UsWinter },
    Zone { name: "EDT", minutes: -240, season: Season::UsSummer },
    Zone { name: "CET", minutes: 60, season: Season::EuWinter },
    Zone { name: "CEST", minutes: 120, season: Season::EuSummer },
];

/// Which moment of a day a date alone stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayMeans {
    /// Its first.
    Start,
    /// Its last: a deadline.
    End,
}

/// A moment of an order: a date, or a date and a time of day, in a named zone.
///
/// # Errors
/// One line on what is wrong: no date, an unknown zone, or one that was not in force on that day.
pub fn moment(text: &str, zone: &str, means: DayMeans) -> Result<Moment, String> {
    let known = ZONES.iter().find(|known| known.name == zone).ok_or_else(|| {
        let names: Vec<&str> = ZONES.iter().map(|known| known.name).collect();
        format!("no zone is called `{zone}`; known are {}", names.join(", "))
    })?;
    let unreadable = || format!("`{text}` is no date and no date with a time of day");
    let wall = match Day::parse(text).filter(|_| text.len() == 10) {
        Some(day) if means == DayMeans::Start => day.start(),
        Some(day) => day.end(),
        None if is_bare_time(text) => parse_time(text).ok_or_else(unreadable)?,
        None => return Err(unreadable()),
    };
    let time = wall.plus_micros(-known.minutes * MICROS_PER_MINUTE).ok_or_else(unreadable)?;
    if !in_force(&known.season, time) {
        return Err(format!("{zone} was not in force on {}: summer time began or ended", wall.day()));
    }
    Ok(Moment { text: text.to_owned(), zone: zone.to_owned(), time })
}

/// A moment that a person typed, with its zone: `2021-03-05T12:00:00-05:00`, `2021-03-05 12:00 EST`, or with `Z`.
///
/// # Errors
/// One line on what is wrong; a time without a zone is wrong.
pub fn with_zone(text: &str) -> Result<Time, String> {
    let text = text.trim();
    if let Some((wall, zone)) =
        text.rsplit_once(' ').filter(|(_, zone)| zone.starts_with(char::is_alphabetic))
    {
        if Day::parse(wall.trim()).is_some() {
            return Err(format!("`{text}` has no time of day"));
        }
        return moment(wall.trim(), zone, DayMeans::Start).map(|moment| moment.time);
    }
    if text.len() == 10 && Day::parse(text).is_some() {
        return Err(format!("`{text}` has no time of day and no zone"));
    }
    if is_bare_time(text) {
        return Err(format!("`{text}` does not say in which zone: add Z, -05:00 or a name such as EST"));
    }
    parse_time(text).ok_or_else(|| format!("`{text}` is no time"))
}

/// Whether a text of a date and a time of day ends without an offset.
fn is_bare_time(text: &str) -> bool {
    let tail = text.get(11..).unwrap_or_default();
    !tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
}

/// As [`Time::parse`], and without seconds, too.
fn parse_time(text: &str) -> Option<Time> {
    Time::parse(text.as_bytes()).or_else(|| {
        let (minutes, rest) = text.split_at_checked(16)?;
        Time::parse(format!("{minutes}:00{rest}").as_bytes())
    })
}

fn in_force(season: &Season, time: Time) -> bool {
    match season {
        Season::Always => true,
        Season::UsWinter => !us_summer(time),
        Season::UsSummer => us_summer(time),
        Season::EuWinter => !eu_summer(time),
        Season::EuSummer => eu_summer(time),
    }
}

/// From the second Sunday of March, 02:00 EST, to the first Sunday of November, 02:00 EDT.
fn us_summer(time: Time) -> bool {
    let (year, ..) = time.day().civil();
    let begins = sunday_from(year, 3, 8).map(|day| after(day, 7 * 60));
    let ends = sunday_from(year, 11, 1).map(|day| after(day, 6 * 60));
    begins.zip(ends).is_some_and(|(begins, ends)| time.micros() >= begins && time.micros() < ends)
}

/// From the last Sunday of March to the last Sunday of October, 01:00 UTC each.
fn eu_summer(time: Time) -> bool {
    let (year, ..) = time.day().civil();
    let begins = sunday_from(year, 3, 25).map(|day| after(day, 60));
    let ends = sunday_from(year, 10, 25).map(|day| after(day, 60));
    begins.zip(ends).is_some_and(|(begins, ends)| time.micros() >= begins && time.micros() < ends)
}

fn after(day: Day, minutes: i64) -> i64 {
    i64::from(day.0) * MICROS_PER_DAY + minutes * MICROS_PER_MINUTE
}

/// The first Sunday that is no earlier than this day of the month.
fn sunday_from(year: i32, month: u32, day: u32) -> Option<Day> {
    let first = Day::from_civil(year, month, day)?;
    // Day 0 was a Thursday.
    let weekday = (first.0 + 4).rem_euclid(7);
    Some(Day(first.0 + (7 - weekday).rem_euclid(7)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, zone: &str) -> String {
        moment(text, zone, DayMeans::End).unwrap().time.to_string()
    }

    #[test]
    fn friday_noon_in_washington() {
        assert_eq!(utc("2021-03-05T12:00:00", "EST"), "2021-03-05T17:00:00.000000Z");
        assert_eq!(utc("2021-04-16T00:01", "EDT"), "2021-04-16T04:01:00.000000Z");
        assert_eq!(utc("2022-05-03", "EDT"), "2022-05-04T03:59:59.999999Z");
        let begins = moment("2021-03-03", "EST", DayMeans::Start).unwrap().time;
        assert_eq!(begins.to_string(), "2021-03-03T05:00:00.000000Z");
    }

    #[test]
    fn summer_time_is_checked_to_the_second() {
        for (text, zone, right) in [
            ("2021-03-14T01:59:59", "EST", true),
            ("2021-03-14T02:00:00", "EST", false),
            ("2021-03-14T03:00:00", "EDT", true),
            ("2021-03-14T02:59:59", "EDT", false),
            ("2021-11-07T01:59:59", "EDT", true),
            ("2021-11-07T02:00:00", "EDT", false),
            ("2021-11-07T01:00:00", "EST", true),
            ("2021-03-28T01:59:59", "CET", true),
            ("2021-03-28T02:00:00", "CET", false),
            ("2021-10-31T02:59:59", "CEST", true),
            ("2021-10-31T03:00:00", "CEST", false),
            ("2021-07-01T12:00:00", "UTC", true),
            ("2021-07-01T12:00:00", "PST", false),
            ("2021-02-30", "EST", false),
            ("2021-03-05T12:00:00-05:00", "EST", false),
        ] {
            assert_eq!(moment(text, zone, DayMeans::End).is_ok(), right, "{text} {zone}");
        }
    }

    #[test]
    fn a_typed_time_needs_its_zone() {
        let noon = "2021-03-05T17:00:00.000000Z";
        for text in [
            "2021-03-05T12:00:00-05:00",
            "2021-03-05 12:00 EST",
            "2021-03-05T17:00Z",
            "2021-03-05T18:00:00+01:00",
        ] {
            assert_eq!(with_zone(text).unwrap().to_string(), noon, "{text}");
        }
        for text in
            ["2021-03-05", "2021-03-05T12:00:00", "2021-03-05 EST", "soon", "", "é", "2021-07-05 12:00 EST"]
        {
            assert!(with_zone(text).is_err(), "{text}");
        }
    }
}
