//! What could not be read as expected: kept, counted, shown, and lowering coverage.

use serde::{Deserialize, Serialize};

/// Something about the evidence that a reader of the verdict must know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The evidence file, by its path in the collection; empty for the whole collection.
    pub path: String,
    /// What happened; its stable name is [`Code::id`].
    pub code: Code,
    /// The first place, as `line 12`, `record 7`, `offset 4096`; empty when it is the whole file.
    pub place: String,
    /// What was seen there, in figures: "4 values for 6 fields", not "invalid line".
    pub message: String,
    /// How many times, from that first place on.
    pub count: u64,
    /// How many bytes it cost.
    pub bytes: u64,
}

macro_rules! codes {
    ($($variant:ident $id:literal $effect:ident $title:literal $help:literal;)+) => {
        /// The closed list of diagnostics. `vigie explain V0201` and `docs/reference/diagnostics.md` come from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code { $(#[doc = $title] #[serde(rename = $id)] $variant,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];
            /// The stable name, `V0201`.
            pub const fn id(self) -> &'static str { match self { $(Code::$variant => $id,)+ } }
            /// One line that says what happened.
            pub const fn title(self) -> &'static str { match self { $(Code::$variant => $title,)+ } }
            /// What it means for the verdict and what can be done.
            pub const fn help(self) -> &'static str { match self { $(Code::$variant => $help,)+ } }
            /// What it does to coverage.
            pub const fn effect(self) -> Effect { match self { $(Code::$variant => Effect::$effect,)+ } }
        }
    };
}

/// What a diagnostic does to coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Something was lost: the file's days are damaged.
    Damage,
    /// Good to know; nothing was lost.
    Note,
}

codes! {
    ParserPanicked "V0001" Damage "The parser stopped on an internal error."
        "The rest of the file was not read. Please report it with the file's header, if you may share it.";
    CannotOpen "V0101" Damage "The file or folder could not be opened."
        "Check the rights of the account that runs Vigie, and that the copy is complete.";
    NotRegularFile "V0102" Damage "Not a regular file (link, pipe, device): not followed, not read."
        "Copy what it points to into the collection, if it belongs there.";
    Encrypted "V0103" Damage "The entry is encrypted and was not read."
        "Give its password with --password-file (one a line, all are tried), or decrypt it and run again on the result.";
    LimitReached "V0104" Damage "A limit on size, ratio, entries or depth stopped the reading."
        "An archive bomb, evidence larger than the limits (unpack this part yourself and run again on the folder), or a value longer than what is kept of it (read it in the file).";
    UnsafeName "V0105" Note "The entry's name leaves the collection, or cannot stand in a path."
        "It was read under an escaped name; nothing was written to disk.";
    ContainerDamaged "V0106" Damage "The archive is damaged here."
        "Copy the archive again from its source and compare the SHA-256.";
    ChangedWhileRead "V0107" Damage "The file changed or shrank while it was read."
        "Take a copy first, then run on the copy.";
    Duplicate "V0108" Note "The same path stands twice in the collection."
        "Both were read; compare their SHA-256 in the manifest.";
    VolumeUnread "V0109" Note "A partition without evidence: a boot partition, or one without a known file system."
        "Nothing of a server's logs lies there as a rule. A disk that was encrypted by other means looks the same.";
    ShadowUnread "V0110" Note "The volume holds shadow copies, which are not read."
        "Older states of the same files may be in them: mount them, or collect them with Velociraptor, if days are missing.";
    NotAsked "V0111" Note "Files of a disk image that no parser asks for were neither read nor hashed."
        "They are counted here. Mount the image and run again on a folder of it, if you want them looked at.";
    DeletedFile "V0112" Note "A deleted file is still named in the file table."
        "Its bytes may be recoverable with a forensic tool; Vigie does not read them.";
    DeadlineReached "V0113" Damage "The time that one file may take was over before its end."
        "The rest of it was not read: run again on this file alone, or with a longer --deadline-per-file.";
    BadLine "V0201" Damage "A line does not fit its header."
        "It was kept as rejected bytes and not matched. A line an attacker broke on purpose is itself a trace: look at it.";
    NoHeader "V0202" Damage "Lines stand before any header that says what their fields are."
        "The start of the file is missing: find the complete file.";
    LineTooLong "V0203" Damage "A line is longer than the limit and was rejected."
        "Look at the place given: logs do not hold such lines by themselves.";
    TimeUnreadable "V0204" Damage "An event's time could not be read."
        "The event was matched, but lies on no day.";
    TimeDerived "V0205" Note "The lines have no date: it was taken from the header's #Date."
        "Times across midnight of such a file are less certain.";
    TruncatedTail "V0206" Damage "The file ends in the middle of a line or record."
        "Usual for a log that was being written; otherwise the copy is incomplete.";
    Encoding "V0207" Note "Bytes that are not UTF-8 were read as Windows-1252."
        "Only the display of accented letters can be affected.";
    NulBytes "V0208" Damage "A run of NUL bytes: the system lost power, or the file was wiped in part."
        "What stood there is gone; other traces of the same hours matter more.";
    ExtraFields "V0209" Note "A line has more or fewer values than its header has fields."
        "It was read as far as its fields could be told.";
    ClockShifted "V0210" Note "The two clocks of the events differ by a constant: the recorded UTC one is used."
        "The exporting tool wrote local time as if it were UTC; every time of the file was moved by the same amount.";
    LocalTime "V0211" Note "The file writes local time and does not say its zone: it was read as UTC."
        "Times of this file can be off by up to 14 hours. Compare one of its events with the same event in another log.";
    BadRecord "V0301" Damage "A record could not be decoded."
        "The other records of the file were read.";
    BadChunk "V0302" Damage "A chunk of the event log is damaged."
        "The other chunks were read.";
    DirtyLog "V0303" Note "The event log was not closed properly."
        "Usual for a log copied from a running system.";
    Salvaged "V0304" Note "Records were read from where the log keeps none any more."
        "They are older, cleared or cut off; a hit on one says in Salvaged where it lay. Look at what is beside them.";
    HiveDirty "V0305" Note "The registry hive was copied before its last changes were written to it."
        "Usual for a hive copied from a running system. Collect its transaction logs (.LOG1, .LOG2) beside it: what they hold is applied.";
    RecordsRepeated "V0306" Note "Copies of records lie where the log keeps none any more."
        "They are the same as records that were read, byte for byte, and were left out: what is found twice happened once.";
    UnknownFormat "V0401" Note "No parser of Vigie knows this content."
        "It was hashed and listed, not read. `vigie artifacts` lists what is read.";
    KnownUnread "V0402" Damage "The format is recognised, but Vigie does not read it."
        "Convert it to the W3C extended format, or collect the log another way.";
    Empty "V0403" Note "The file has no content."
        "Not the same as a file that could not be read.";
    WrongContent "V0404" Note "The name says one kind of evidence, the content another."
        "It was treated by its content.";
    HitsCapped "V0501" Note "A rule matched more often than is kept in detail."
        "All matches are counted; the first ones are shown.";
    HostUnnamed "V0502" Note "Nothing in the evidence names its host."
        "Give it with --host NAME.";
    ReportOfOther "V0503" Note "A report of a tool is about another server than the one it lies with."
        "What it says proves nothing of this server and was left out. Hand it over with that server's evidence; if both are one server, give --host as the report calls it.";
    ContentTooLarge "V0601" Note "A file is larger than a content scanner looks at."
        "Its events were matched, its bytes were not: rules on content say nothing about it. Scan this file by itself.";
    ContentTimeLimit "V0602" Note "A content scanner ran out of time on a file."
        "Rules on content say nothing about it. A rule with a costly expression is the usual cause: see which with fewer rules.";
    ContentMatchLimit "V0603" Note "A file holds more matches than a content scanner keeps."
        "That the rule matched is certain; not every place of it is listed.";
    ContentScannerFailed "V0604" Note "A content scanner stopped on an internal error."
        "Rules on content say nothing about this file; everything else was read. Please report it.";
}

impl Code {
    /// Whether it says that rules on content were not tried on a file, or not to the end.
    pub const fn is_of_content(self) -> bool {
        matches!(
            self,
            Code::ContentTooLarge
                | Code::ContentTimeLimit
                | Code::ContentMatchLimit
                | Code::ContentScannerFailed
        )
    }

    /// Whether a reader of a short report must see it: something was lost, or not looked at.
    pub fn is_told_first(self) -> bool {
        self.effect() == Effect::Damage || self.is_of_content()
    }
}

impl Diagnostic {
    /// A diagnostic that happened once, at a place of the given file.
    pub fn once(path: &str, code: Code, place: String, message: String) -> Diagnostic {
        Diagnostic { path: path.to_owned(), code, place, message, count: 1, bytes: 0 }
    }
}
