//! When an event happened: a log line once, a file several times.

use vigie_model::Time;
use vigie_model::coverage::Density;

use super::Event;

/// What happened at a moment, in the words that plaso uses for `timestamp_desc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Recorded,
    Created,
    Modified,
    Changed,
    Accessed,
    NameCreated,
    NameModified,
}

impl Moment {
    const fn description(self) -> &'static str {
        match self {
            Moment::Recorded => "Recorded Time",
            Moment::Created => "Creation Time",
            Moment::Modified => "Content Modification Time",
            Moment::Changed => "Metadata Modification Time",
            Moment::Accessed => "Last Access Time",
            Moment::NameCreated => "$FILE_NAME Creation Time",
            Moment::NameModified => "$FILE_NAME Content Modification Time",
        }
    }

    /// Whether it is kept with the file's name: programs cannot set it.
    pub(super) const fn is_of_name(self) -> bool {
        match self {
            Moment::NameCreated | Moment::NameModified => true,
            Moment::Recorded | Moment::Created | Moment::Modified | Moment::Changed | Moment::Accessed => {
                false
            }
        }
    }
}

/// The fields of a state that hold times.
static FIELDS: [(&str, Moment); 6] = [
    ("Created", Moment::Created),
    ("Modified", Moment::Modified),
    ("Changed", Moment::Changed),
    ("Accessed", Moment::Accessed),
    ("CreatedByName", Moment::NameCreated),
    ("ModifiedByName", Moment::NameModified),
];

/// The moments of an event, none when it says of no time.
pub(super) fn of(event: &Event<'_>) -> Vec<(Moment, Time)> {
    let mut moments = Vec::new();
    if event.density == Density::State {
        let told = |(name, moment): &(&str, Moment)| {
            let time = Time::parse(event.field(name)?.as_bytes())?;
            Some((*moment, time))
        };
        moments.extend(FIELDS.iter().filter_map(told));
        if moments.is_empty() {
            moments.extend(event.time.map(|time| (Moment::Modified, time)));
        }
        return moments;
    }
    moments.extend(event.time.map(|time| (Moment::Recorded, time)));
    moments
}

/// Each distinct moment once, in time order, with all that happened then.
pub(super) fn together(moments: &[(Moment, Time)]) -> Vec<(Time, String)> {
    let mut found: Vec<(Time, String)> = Vec::new();
    for (moment, time) in moments {
        match found.iter_mut().find(|(known, _)| known == time) {
            Some((_, description)) => {
                description.push_str("; ");
                description.push_str(moment.description());
            }
            None => found.push((*time, moment.description().to_owned())),
        }
    }
    found.sort();
    found
}
