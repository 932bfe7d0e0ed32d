//! Moments and days, always UTC, in microseconds: never the analyst's locale.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
///
/// Serialised as ISO 8601 with six decimals and `Z`. Only moments within years 1 to 9999 can be built,
/// so every `Time` can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The earliest moment that can be printed: 0001-01-01.
    pub const MIN: Time = Time(-62_135_596_800 * MICROS_PER_SECOND);
    /// The last moment that can be printed: 9999-12-30T22:00:00Z, where `jiff` ends.
    pub const MAX: Time = Time(253_402_207_200 * MICROS_PER_SECOND - 1);

    /// From microseconds since the epoch; `None` outside years 1 to 9999.
    pub const fn from_micros(micros: i64) -> Option<Time> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Time(micros)) }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From a civil date and time of day; `None` when a part is out of range. `second` may be 60 (a leap
    /// second), which counts as 59.
    pub fn from_civil(year: i32, month: u32, day: u32, seconds_of_day: u32, micros: u32) -> Option<Time> {
        if micros >= 1_000_000 || seconds_of_day > 86_400 {
            return None;
        }
        let days = i64::from(Day::from_civil(year, month, day)?.0);
        let seconds = i64::from(seconds_of_day.min(86_399));
        Time::from_micros(days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + i64::from(micros))
    }

    /// Reads `2021-03-03T05:12:44.123456Z`, with a blank for `T`, any number of decimals (cut at six),
    /// and `Z`, `+hh:mm`, `-hhmm` or nothing (then UTC) at the end. The fast path of every text parser.
    pub fn parse(text: &[u8]) -> Option<Time> {
        let (head, mut rest) = text.split_at_checked(19)?;
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, sep, h0, h1, b':', i0, i1, b':', s0, s1] = *head
        else {
            return None;
        };
        if !matches!(sep, b'T' | b't' | b' ') {
            return None;
        }
        let year = two(y0, y1)? * 100 + two(y2, y3)?;
        let (hour, minute, second) = (two(h0, h1)?, two(i0, i1)?, two(s0, s1)?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut micros = 0_u32;
        if let [b'.' | b',', decimals @ ..] = rest {
            let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let mut scale = 100_000;
            for digit in decimals.iter().take(digits.min(6)) {
                micros += u32::from(digit - b'0') * scale;
                scale /= 10;
            }
            rest = decimals.get(digits..)?;
        }
        let offset = parse_offset(rest)?;
        let seconds = hour * 3600 + minute * 60 + second;
        let civil = Time::from_civil(year.cast_signed(), two(m0, m1)?, two(d0, d1)?, seconds, micros)?;
        civil.plus_micros(-offset * 60 * MICROS_PER_SECOND)
    }

    /// This moment moved by `micros`; `None` when it leaves the printable range.
    pub fn plus_micros(self, micros: i64) -> Option<Time> {
        self.0.checked_add(micros).and_then(Time::from_micros)
    }

    /// The UTC day that holds this moment.
    pub fn day(self) -> Day {
        let days = self.0.div_euclid(MICROS_PER_DAY);
        Day(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// The hour of the UTC day, 0 to 23.
    pub fn hour(self) -> u8 {
        let hour = self.0.rem_euclid(MICROS_PER_DAY) / (3600 * MICROS_PER_SECOND);
        u8::try_from(hour).unwrap_or(0)
    }
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Minutes east of UTC.
fn parse_offset(text: &[u8]) -> Option<i64> {
    let (sign, h0, h1, m0, m1) = match *text {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, h0, h1] => (sign, h0, h1, b'0', b'0'),
        [sign, h0, h1, m0, m1] | [sign, h0, h1, b':', m0, m1] => (sign, h0, h1, m0, m1),
        _ => return None,
    };
    let minutes = i64::from(two(h0, h1)? * 60 + two(m0, m1)?);
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day().civil();
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse(text.as_bytes()).ok_or_else(|| de::Error::custom(format!("not an ISO 8601 time: {text}")))
    }
}

/// A UTC day, in days since 1970-01-01. Serialised as `2021-03-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// From a civil date; `None` when it is not one or its year is outside 1 to 9999.
    pub fn from_civil(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1..=9999).contains(&year) {
            return None;
        }
        let date = jiff::civil::Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok()?;
        let epoch = jiff::civil::Date::constant(1970, 1, 1);
        Some(Day(date.since(epoch).ok()?.get_days()))
    }

    /// Reads `2021-03-03`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.splitn(3, '-').map(str::parse::<u32>);
        let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        Day::from_civil(i32::try_from(year).ok()?, month, day)
    }

    /// Year, month and day of the month, by Howard Hinnant's `civil_from_days`.
    pub fn civil(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        (
            i32::try_from(year).unwrap_or(i32::MAX),
            u32::try_from(month).unwrap_or(1),
            u32::try_from(day).unwrap_or(1),
        )
    }

    /// The first moment of the day; clamped to what can be printed.
    pub fn start(self) -> Time {
        let micros = i64::from(self.0) * MICROS_PER_DAY;
        Time(micros.clamp(Time::MIN.0, Time::MAX.0))
    }

    /// The last microsecond of the day; clamped to what can be printed.
    pub fn end(self) -> Time {
        let micros = i64::from(self.0) * MICROS_PER_DAY + MICROS_PER_DAY - 1;
        Time(micros.clamp(Time::MIN.0, Time::MAX.0))
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Day {
        Day(self.0.saturating_add(1))
    }

    /// Every day from this one to `last`, both included; empty when `last` is earlier.
    pub fn through(self, last: Day) -> impl Iterator<Item = Day> {
        (self.0..=last.0).map(Day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        Day::parse(&text).ok_or_else(|| de::Error::custom(format!("not a date: {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        for text in
            ["2021-03-03T05:12:44.123456Z", "1601-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"]
        {
            assert_eq!(Time::parse(text.as_bytes()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn offsets_blanks_and_decimals() {
        let utc = Time::parse(b"2021-03-14T06:39:30.2Z").unwrap();
        assert_eq!(Time::parse(b"2021-03-14 06:39:30.200").unwrap(), utc);
        assert_eq!(Time::parse(b"2021-03-14T01:39:30.2000000-05:00").unwrap(), utc);
        assert_eq!(Time::parse(b"2021-03-14T08:39:30.2+0200").unwrap(), utc);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "2021-13-01T00:00:00Z", "2021-02-30T00:00:00Z", "2021-03-03T24:00:00Z", "DateTime"] {
            assert_eq!(Time::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn days_before_the_epoch_round_down() {
        assert_eq!(Time::parse(b"1969-12-31T23:00:00Z").unwrap().day().to_string(), "1969-12-31");
        assert_eq!(Day::parse("0001-01-01").unwrap().start(), Time::MIN);
    }
}
