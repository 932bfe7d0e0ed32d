//! Moments as logs print them, and the arithmetic of scenarios.

use std::fmt::Write as _;

use vigie_model::Time;
use vigie_model::time::Day;

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A moment given as `2021-03-03T05:12:44`, UTC; the epoch when the text is no time, which tests would show.
pub fn at(text: &str) -> Time {
    Time::parse(text.as_bytes()).unwrap_or(Day(0).start())
}

/// A day given as `2021-03-03`.
pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or(Day(0))
}

/// A moment moved by `micros`.
pub fn later(time: Time, micros: i64) -> Time {
    time.plus_micros(micros).unwrap_or(Time::MAX)
}

/// Tenths of microseconds since 1601; 0 for what lies before.
pub fn filetime(time: Time) -> u64 {
    const EPOCH_1601_MICROS: i64 = -11_644_473_600_000_000;
    u64::try_from(time.micros() - EPOCH_1601_MICROS).map_or(0, |micros| micros.saturating_mul(10))
}

/// 0 for Monday to 6 for Sunday.
pub fn weekday(day: Day) -> u32 {
    // 1970-01-01 was a Thursday.
    u32::try_from((i64::from(day.0) + 3).rem_euclid(7)).unwrap_or(0)
}

/// Year, month, day, hour, minute, second and microsecond.
pub fn parts(time: Time) -> (i32, [u32; 6]) {
    let (year, month, day) = time.day().civil();
    let micros = u64::try_from(time.micros().rem_euclid(DAY)).unwrap_or(0);
    let part = |number: u64| u32::try_from(number).unwrap_or(0);
    let seconds = micros / 1_000_000;
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000].map(part);
    (year, [month, day, clock[0], clock[1], clock[2], clock[3]])
}

/// Appends `2021-03-03T05:12:44.123Z`.
pub fn push_iso(out: &mut String, time: Time) {
    let (year, [month, day, hour, minute, second, micros]) = parts(time);
    push_digits(out, year.unsigned_abs(), 4);
    for (mark, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
        out.push(mark);
        push_digits(out, number, 2);
    }
    out.push('.');
    push_digits(out, micros / 1000, 3);
    out.push('Z');
}

/// Appends `2021-03-03 05:12:44`.
pub fn push_plain(out: &mut String, time: Time) {
    let (year, [month, day, hour, minute, second, _]) = parts(time);
    push_digits(out, year.unsigned_abs(), 4);
    for (mark, number) in [('-', month), ('-', day), (' ', hour), (':', minute), (':', second)] {
        out.push(mark);
        push_digits(out, number, 2);
    }
}

/// `2021-03-03T05:12:44.123Z`.
pub fn iso(time: Time) -> String {
    let mut out = String::with_capacity(24);
    push_iso(&mut out, time);
    out
}

/// `2021-03-03 05:12:44.123`, as Sysmon writes it.
pub fn spaced(time: Time) -> String {
    let (_, [.., micros]) = parts(time);
    let mut out = String::with_capacity(23);
    push_plain(&mut out, time);
    // Writing into a string cannot fail.
    let _ = write!(out, ".{:03}", micros / 1000);
    out
}

/// `20210303`.
pub fn compact(day: Day) -> String {
    let (year, month, day) = day.civil();
    format!("{year:04}{month:02}{day:02}")
}

/// Appends a number with leading zeros; `width` is 9 at most.
pub fn push_digits(out: &mut String, number: u32, width: usize) {
    let mut digits = [b'0'; 9];
    let mut rest = number;
    for digit in digits.iter_mut().rev().take(width) {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out.extend(digits[9 - width.min(9)..].iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_the_logs_do() {
        let time = at("2021-03-03T05:12:44.123456");
        assert_eq!(iso(time), "2021-03-03T05:12:44.123Z");
        assert_eq!(spaced(time), "2021-03-03 05:12:44.123");
        assert_eq!(compact(time.day()), "20210303");
        assert_eq!(weekday(day("2021-02-26")), 4, "a Friday");
    }
}
