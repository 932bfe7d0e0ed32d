//! Forwarded events: which log an event came from, when a collector wrote its own channel over it.
//!
//! Windows keeps the channel of a forwarded event; exporters and collectors that put `ForwardedEvents` in its place
//! leave the provider, and a provider writes into few channels.

use vigie_model::Schema;

/// The channel that collectors write.
const COLLECTED: &str = "ForwardedEvents";

/// Providers whose name is not that of their channel.
static HOMES: &[(&str, &str)] = &[
    ("Microsoft-Windows-Security-Auditing", "Security"),
    ("Service Control Manager", "System"),
    ("Microsoft-Windows-Eventlog", "System"),
    ("Microsoft-Windows-Eventlog", "Security"),
    ("Microsoft-Windows-Kernel-General", "System"),
    ("Microsoft-Windows-GroupPolicy", "System"),
    ("NETLOGON", "System"),
    ("ESENT", "Application"),
    ("MsiInstaller", "Application"),
    ("Application Error", "Application"),
    ("Windows Error Reporting", "Application"),
    ("PowerShell", "Windows PowerShell"),
    ("PowerShellCore", "PowerShellCore/Operational"),
    ("MSExchange CmdletLogs", "MSExchange Management"),
    ("Microsoft-Windows-IIS-Configuration", "Microsoft-IIS-Configuration/Operational"),
];

/// Whether an event of this schema is of the channel, or was before it was forwarded.
pub(crate) fn is_of(schema: &Schema, channel: &str) -> bool {
    if !schema.stream.eq_ignore_ascii_case(COLLECTED) {
        return schema.stream.eq_ignore_ascii_case(channel);
    }
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let named = channel.split_once('/').is_some_and(|(name, _)| same(name, &schema.provider));
    named || HOMES.iter().any(|(provider, home)| same(provider, &schema.provider) && same(home, channel))
}
