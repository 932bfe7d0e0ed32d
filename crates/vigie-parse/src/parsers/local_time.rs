//! Times that programs write for people: local, in the words of one language, without a zone.

use vigie_model::Time;
use vigie_model::diagnostic::Code;

use crate::Sink;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Says once that a file's times are local.
pub(crate) fn say(place: &str, sink: &mut dyn Sink) {
    sink.diagnostic(Code::LocalTime, place, "local time without a zone", 0);
}

/// `2021-03-03 05:12:44` or `20210303051244`, taken as if it were UTC.
pub(crate) fn of_digits(text: &str) -> Option<Time> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).take(14).collect();
    let number = |from: usize, to: usize| {
        let part = digits.get(from..to)?;
        Some(part.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(10).wrapping_add(*digit)))
    };
    let clock = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    civil(number(0, 4)?, number(4, 6)?, number(6, 8)?, clock)
}

/// `Wed Mar 10 09:17:04 2021`, as the C library writes it.
pub(crate) fn of_words(text: &str) -> Option<Time> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, month, day, clock, year] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| month.to_ascii_lowercase().starts_with(name))?;
    let mut parts = clock.split(':').map(|part| part.parse::<u32>().ok());
    let clock = (parts.next()??, parts.next()??, parts.next()??);
    let month = u32::try_from(month).ok()?.checked_add(1)?;
    civil(year.parse().ok()?, month, day.parse().ok()?, clock)
}

fn civil(year: u32, month: u32, day: u32, (hour, minute, second): (u32, u32, u32)) -> Option<Time> {
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    Time::from_civil(i32::try_from(year).ok()?, month, day, seconds.min(86_399), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let expected = Time::parse(b"2021-03-10T09:17:04Z");
        assert!(expected.is_some());
        assert_eq!(of_words("Wed Mar 10 09:17:04 2021"), expected);
        assert_eq!(of_digits("2021-03-10 09:17:04 Info: x 77"), expected);
        assert_eq!(of_digits("20210310091704"), expected);
        assert_eq!((of_words("Wed Mar 10 2021"), of_digits("2021-13-10 09:17:04")), (None, None));
        assert_eq!((of_words(""), of_digits("20210310")), (None, None));
    }
}
