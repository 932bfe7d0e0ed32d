//! `ExchangeSetup.log`: every run of setup, appended; times in UTC.

use std::fmt::Write as _;

use vigie_model::Time;

use super::Build;
use crate::clock::{MINUTE, SECOND, later, parts};

/// One run of setup.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// When it began.
    pub time: Time,
    /// The build that it installs.
    pub build: Build,
    /// `DOMAIN\user`.
    pub user: &'a str,
    /// `Install`, `Upgrade` or `Patch`.
    pub mode: &'a str,
    /// Whole time, in minutes.
    pub minutes: u32,
}

/// Appends a run.
pub fn run(out: &mut String, run: &Run<'_>) {
    let stars = "*".repeat(46);
    let product = run.build.product();
    line(out, run.time, 0, &stars);
    line(out, run.time, 0, &format!("Starting Microsoft Exchange Server {product} Setup"));
    line(out, run.time, 0, &stars);
    let steps = [
        "Local time zone: (UTC+01:00) Brussels, Copenhagen, Madrid, Paris.".to_owned(),
        "Operating system version: Microsoft Windows NT 6.2.9200.0.".to_owned(),
        format!("Setup version: {}.", run.build),
        format!("Logged on user: {}.", run.user),
        format!("Command Line Parameter Name='mode', Value='{}'.", run.mode),
        "Command Line Parameter Name='iacceptexchangeserverlicenseterms', Value=''.".to_owned(),
        format!(
            "ExSetup was started with the following command: '/mode:{} /IAcceptExchangeServerLicenseTerms'.",
            run.mode
        ),
        "Finished loading screen CheckForUpdatesPage.".to_owned(),
    ];
    let begun = later(run.time, SECOND);
    for step in &steps {
        line(out, begun, 0, step);
    }
    let roles = ["BridgeheadRole", "ClientAccessRole", "MailboxRole", "UnifiedMessagingRole", "CafeRole"];
    for (role, minute) in roles.iter().zip(1_i64..) {
        let time = later(run.time, i64::from(run.minutes) * MINUTE * minute / 6);
        line(out, time, 1, &format!("Executing:  Update{role}"));
        line(out, later(time, SECOND), 1, &format!("Role {role} is at version {}", run.build));
    }
    let end = later(run.time, i64::from(run.minutes) * MINUTE);
    line(out, end, 0, "The Exchange Server setup operation completed successfully.");
    line(out, end, 0, "End of Setup");
    line(out, end, 0, &stars);
}

fn line(out: &mut String, time: Time, depth: u32, text: &str) {
    let (year, [month, day, hour, minute, second, micros]) = parts(time);
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "[{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}.{:04}] [{depth}] {text}\r\n",
        micros / 100
    );
}
