//! The builds of Exchange: their numbers and what they say by themselves.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An Exchange build: major, minor, build, revision. Serialised as `15.1.2176.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Build(pub [u32; 4]);

impl Build {
    /// Reads `15.1.2176.9` and the zero-padded `15.01.2176.009` of log headers.
    pub fn parse(text: &str) -> Option<Build> {
        let mut parts = text.trim().splitn(4, '.').map(|part| part.parse::<u32>().ok());
        let build = Build([parts.next()??, parts.next()??, parts.next()??, parts.next()??]);
        // `15.0.0.0` stands in logs that do not tell their build.
        (matches!(build.0[0], 8 | 14 | 15) && build.0[2] > 0).then_some(build)
    }

    /// The cumulative update it belongs to: all but the revision.
    pub fn update(self) -> [u32; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// Microsoft's product year.
    pub fn product(self) -> &'static str {
        match self.0 {
            [8, ..] => "2007",
            [14, ..] => "2010",
            [15, 0, ..] => "2013",
            [15, 1, ..] => "2016",
            [15, 2, build, _] if build >= 2562 => "SE",
            [15, 2, ..] => "2019",
            _ => "",
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

impl Serialize for Build {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Build {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Build, D::Error> {
        let text = String::deserialize(deserializer)?;
        Build::parse(&text).ok_or_else(|| de::Error::custom(format!("not a build of Exchange: {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_logs_and_files_write_them() {
        let build = Build::parse("15.01.2176.009").unwrap();
        assert_eq!((build, build.to_string().as_str()), (Build([15, 1, 2176, 9]), "15.1.2176.9"));
        assert_eq!((build.product(), build.update()), ("2016", [15, 1, 2176]));
        for text in ["15.0.0.0", "15.1.2176", "15.1.2176.9.1", "16.1.2176.9", "15.1.x.9", ""] {
            assert_eq!(Build::parse(text), None, "{text}");
        }
    }
}
