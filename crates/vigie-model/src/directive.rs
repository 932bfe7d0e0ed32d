//! An order of an authority as data, and who has done what of it: declared, proven, or neither.

use serde::{Deserialize, Serialize};

use crate::build::Build;
use crate::finding::Statement;
use crate::pack::Text;
use crate::time::{Day, Time};

/// The version of the JSON Schema that a [`DirectiveReport`] serialises to.
pub const STATUS_SCHEMA: &str = "vigie-directive-status/1";

/// An order, with everything that later papers changed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Directive {
    /// The file's name, `ed-21-02`.
    pub id: String,
    /// The day of what the file knows.
    pub version: Day,
    /// Its name.
    pub title: Text,
    /// Who gave it.
    pub issuer: Text,
    /// One paragraph for somebody who has not read it.
    pub summary: Text,
    /// Whom and what it binds.
    pub scope: Text,
    /// From when it binds.
    pub issued: Moment,
    /// When and how it ended.
    pub closed: Option<Closure>,
    /// Kinds of organisations that it asks different things of; the first is taken where nobody says.
    pub groups: Vec<Group>,
    /// What it and its supplements ask for, in the order of the text.
    pub actions: Vec<Action>,
    /// Later papers, oldest first.
    pub supplements: Vec<Supplement>,
    /// What the organisations have to report.
    pub report_items: Vec<Text>,
    /// What of the above is not verified, and why it stands here all the same.
    pub unverified: Vec<Text>,
    /// Where the facts come from.
    pub references: Vec<String>,
}

/// A moment as the order states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Date and time of day in the zone, or the date alone: `2021-03-05T12:00:00`.
    pub text: String,
    /// The zone's name, `EST`.
    pub zone: String,
    /// The same in UTC. A date alone begins at its first moment where an order begins, and ends at its last where a
    /// deadline ends.
    pub time: Time,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closure {
    /// From when nothing of it is due.
    pub at: Moment,
    /// Why, and how sure that is.
    pub note: Text,
}

/// A kind of organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its word in the register.
    pub id: String,
    /// Who belongs to it.
    pub title: Text,
}

/// A later paper of the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Supplement {
    /// Its short name, `v1`.
    pub id: String,
    /// From when it binds.
    pub issued: Moment,
    /// What it is.
    pub title: Text,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Short name within the directive.
    pub id: String,
    /// What to do, one line.
    pub title: Text,
    /// Why and how.
    pub detail: Text,
    /// Groups that it binds; every group when empty.
    pub groups: Vec<String>,
    /// On what it depends besides.
    pub applies: Condition,
    /// Groups that it binds even where that condition does not hold.
    pub also_groups: Vec<String>,
    /// Whether each server needs it or the organisation as a whole.
    pub per: Per,
    /// What completes it.
    pub evidence: Evidence,
    /// Actions that make this one needless when they are done.
    pub released_by: Vec<String>,
    /// When it was ordered and until when, oldest first: the last one that was out by a moment holds then.
    pub orders: Vec<Order>,
    /// What of it is not verified.
    pub unverified: Option<Text>,
}

/// One paper's word on one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// From when it holds.
    pub from: Time,
    /// The supplement that says so; none for the directive itself.
    pub supplement: Option<String>,
    /// Until when it must be done; none where the text sets no moment.
    pub due: Option<Moment>,
}

/// Whether something is to be done once, or on each server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// On each server.
    #[default]
    Server,
    /// Once.
    Organisation,
}

/// On what an action depends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// The organisation runs an Exchange server of its own, or one is run for it: taken to hold until an exemption is
    /// declared.
    #[default]
    Exchange,
    /// Signs of a compromise were found: an assessment's verdict, or the declared result of the triage.
    Signs {
        /// The campaign.
        pack: String,
    },
    /// The server's build is below all of these: no update exists for it.
    Below {
        /// The lowest builds that count, one for each cumulative update that has one.
        builds: Vec<Build>,
    },
    /// The organisation is, or ever was, joined with Exchange Online: no evidence of a server shows it, so it is taken to
    /// hold until an exemption is declared.
    Hybrid,
}

/// What completes an action: a closed set, since each kind has a meaning in code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Evidence {
    /// The build that runs holds the fixes of all these CVEs.
    Fixed {
        /// The CVEs.
        cves: Vec<String>,
    },
    /// The build that runs is one of these or later in its line.
    AtLeast {
        /// The lowest builds that count, one for each cumulative update that has one.
        builds: Vec<Build>,
    },
    /// Something of which builds can only show that it is not so: each of these or later may meet it, an earlier one
    /// does not.
    NotBelow {
        /// The lowest builds that may meet it.
        builds: Vec<Build>,
    },
    /// Somebody could have seen an attack: the ways in were covered on every day at risk of a span.
    Triage {
        /// The campaign.
        pack: String,
        /// The ways in that have to be covered.
        ways: Vec<String>,
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// The result of the triage is told: `yes` for "no sign of a compromise", `no` for "signs were found".
    Result {
        /// The campaign.
        pack: String,
    },
    /// No outside address reaches the server any more.
    Disconnected,
    /// Logs reach back this many days.
    LogsKept {
        /// Days.
        days: u32,
        /// The stream that is looked at.
        stream: String,
    },
    /// Nothing that a server writes shows it: only a declaration can be had.
    Declared,
}

impl Evidence {
    /// A key for catalogues: what evidence can and cannot prove of it.
    pub const fn key(&self) -> &'static str {
        match self {
            Evidence::Fixed { .. } => "fixed",
            Evidence::AtLeast { .. } => "at_least",
            Evidence::NotBelow { .. } => "not_below",
            Evidence::Triage { .. } => "triage",
            Evidence::Result { .. } => "result",
            Evidence::Disconnected => "disconnected",
            Evidence::LogsKept { .. } => "logs_kept",
            Evidence::Declared => "declared",
        }
    }

    /// Every key of [`Evidence::key`].
    pub const KEYS: &'static [&'static str] =
        &["fixed", "at_least", "not_below", "triage", "result", "disconnected", "logs_kept", "declared"];

    /// Whether evidence of a server can prove it.
    pub const fn provable(&self) -> bool {
        match self {
            Evidence::Fixed { .. }
            | Evidence::AtLeast { .. }
            | Evidence::Triage { .. }
            | Evidence::Result { .. }
            | Evidence::LogsKept { .. } => true,
            Evidence::NotBelow { .. } | Evidence::Disconnected | Evidence::Declared => false,
        }
    }
}

impl Action {
    /// The order that holds at a moment; none before the first one is out.
    pub fn order_at(&self, at: Time) -> Option<&Order> {
        self.orders.iter().rfind(|order| order.from <= at)
    }
}

/// Where somebody stands with one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Declared done, and evidence shows the opposite.
    #[serde(rename = "contradicted")]
    Contradicted,
    /// The deadline has passed, and it is neither proven nor declared.
    #[serde(rename = "late")]
    Late,
    /// Ordered, and neither proven nor declared yet.
    #[serde(rename = "due")]
    Due,
    /// Declared, and no evidence shows it.
    #[serde(rename = "declared only")]
    DeclaredOnly,
    /// Shown by evidence.
    #[serde(rename = "proven")]
    Proven,
    /// The declarations say that it does not bind here.
    #[serde(rename = "exempt")]
    Exempt,
    /// Not ordered yet, not any more, or not for such a server.
    #[serde(rename = "not due")]
    NotDue,
}

impl Status {
    /// Every status, in the order of what to look at first.
    pub const ALL: &'static [Status] = &[
        Status::Contradicted,
        Status::Late,
        Status::Due,
        Status::DeclaredOnly,
        Status::Proven,
        Status::Exempt,
        Status::NotDue,
    ];

    /// The word, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Contradicted => "contradicted",
            Status::Late => "late",
            Status::Due => "due",
            Status::DeclaredOnly => "declared only",
            Status::Proven => "proven",
            Status::Exempt => "exempt",
            Status::NotDue => "not due",
        }
    }

    /// A key for catalogues and styles: `declared_only`.
    pub const fn key(self) -> &'static str {
        match self {
            Status::Contradicted => "contradicted",
            Status::Late => "late",
            Status::Due => "due",
            Status::DeclaredOnly => "declared_only",
            Status::Proven => "proven",
            Status::Exempt => "exempt",
            Status::NotDue => "not_due",
        }
    }

    /// The exit code of `vigie directive status`; the worst one decides. `provable` is [`Evidence::provable`].
    pub const fn exit_code(self, evidence: &Evidence) -> u8 {
        match self {
            Status::Contradicted | Status::Late => 20,
            Status::Due => 10,
            Status::DeclaredOnly if evidence.provable() => 10,
            Status::DeclaredOnly | Status::Proven | Status::Exempt | Status::NotDue => 0,
        }
    }
}

/// Whether something was done by its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InTime {
    /// Shown, or declared, by the deadline.
    Yes,
    /// Only after it.
    No,
    /// First shown after it, and nothing shows the state at the deadline.
    CannotTell,
}

/// Who has done what of the directives, as known at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectiveReport {
    /// [`STATUS_SCHEMA`].
    pub schema: String,
    /// The moment: whatever is dated later does not count.
    pub at: Time,
    /// The strictest TLP marking of the assessments.
    pub tlp: String,
    /// One per directive.
    pub directives: Vec<DirectiveResult>,
    /// Material that was set aside, each with the reason: never silent.
    pub set_aside: Vec<SetAside>,
}

/// Something that was handed in and does not count, or counts under a doubt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetAside {
    /// The file, or the line of a file.
    pub source: String,
    /// The host, where it is known.
    pub host: String,
    /// Why.
    pub reason: Statement,
}

/// Where everybody stands with one directive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectiveResult {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// The day of what is known of it.
    pub version: Day,
    /// Whether it binds at the moment.
    pub state: DirectiveState,
    /// What it asks for at the moment.
    pub actions: Vec<ActionInForce>,
    /// How many pairs of organisation and action have each status; every status is there.
    pub counts: Vec<StatusCount>,
    /// Declarations that evidence contradicts, the standing ones first.
    pub contradictions: Vec<Contradiction>,
    /// One per organisation, in the order of what to look at first.
    pub organisations: Vec<OrganisationResult>,
}

/// Whether a directive binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectiveState {
    /// It was not out yet.
    NotIssued,
    /// It binds.
    InForce,
    /// It had ended.
    Closed,
}

/// How many have a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// The status.
    pub status: Status,
    /// Pairs of organisation and action.
    pub count: u64,
}

/// An action as it was ordered at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionInForce {
    /// Its id.
    pub id: String,
    /// What to do.
    pub title: Text,
    /// The deadline in the words of the order, `2021-03-05T12:00:00 EST`; empty without one.
    pub due: String,
    /// The same in UTC.
    pub due_utc: Option<Time>,
    /// The supplement that says so; empty for the directive itself.
    pub supplement: String,
    /// [`Evidence::key`].
    pub evidence: String,
    /// Whether evidence can prove it at all.
    pub provable: bool,
    /// What of it is not verified.
    pub unverified: Option<Text>,
}

/// A declaration and the evidence against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// Who declared.
    pub organisation: String,
    /// Of which server; empty for all.
    pub host: String,
    /// What.
    pub action: String,
    /// When it was declared.
    pub declared: Time,
    /// What the evidence shows.
    pub shows: Statement,
    /// Where it shows it.
    pub proof: StatusProof,
    /// Whether it still stands: false where it was done, or declared again, after that evidence.
    pub stands: bool,
}

/// The place of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StatusProof {
    /// The assessment's file.
    pub assessment: String,
    /// The evidence file in it; empty where the assessment as a whole is meant.
    pub path: String,
    /// The place in that file.
    pub place: String,
}

/// Where one organisation stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganisationResult {
    /// Its name; empty for servers of which nobody says whose they are.
    pub organisation: String,
    /// Its group in the directive; empty when the directive has none.
    pub group: String,
    /// The status to look at first.
    pub worst: Status,
    /// One per action that is ordered, in the order of the directive.
    pub actions: Vec<ActionResult>,
}

/// Where one organisation stands with one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionResult {
    /// The action.
    pub action: String,
    /// The status of the server to look at first.
    pub status: Status,
    /// Whether it was done by the deadline; none where it is not done, or where there is none.
    pub in_time: Option<InTime>,
    /// One per server; a single one without a host for what concerns the organisation.
    pub servers: Vec<ServerResult>,
}

/// Where one server stands with one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerResult {
    /// The host; empty for the organisation as a whole.
    pub host: String,
    /// The status.
    pub status: Status,
    /// Whether it was done by the deadline.
    pub in_time: Option<InTime>,
    /// Why, in order of weight.
    pub reasons: Vec<Statement>,
    /// When it was declared, if it was.
    pub declared: Option<Time>,
    /// What the organisation wrote beside its declaration.
    pub note: String,
    /// Where evidence shows it.
    pub proof: Option<StatusProof>,
}
