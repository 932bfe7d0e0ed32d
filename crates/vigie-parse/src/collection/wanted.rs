//! Which files of a disk image are worth a look: a server's disk holds a million, of which parsers ask for some
//! thousands. What is not asked for is counted, not read.
//!
//! A new parser whose files lie elsewhere adds their place here.

/// Endings by which a file is wanted wherever it lies, since Exchange and web servers are installed anywhere.
const ENDINGS: &[&str] = &[
    ".evtx",
    ".evt",
    ".aspx",
    ".ashx",
    ".asmx",
    ".asax",
    ".ascx",
    ".asp",
    ".cshtml",
    ".php",
    ".jsp",
    ".config",
    ".log",
    ".compiled",
    ".hve",
];

/// Folders of which every file is wanted, as parts of a path that begins with a slash.
const FOLDERS: &[&str] = &[
    "/inetpub/",
    "/exchange server/",
    "/exchangesetuplogs/",
    "/transportroles/",
    "/frontend/httpproxy/",
    "/clientaccess/",
    "/logging/",
    "/w3svc",
    "/temporary asp.net files/",
    "/windows/system32/logfiles/",
    "/windows/system32/winevt/",
    "/windows/system32/config/",
    "/windows/system32/inetsrv/",
    "/windows/system32/tasks/",
    "/windows/tasks/",
    "/windows/debug/",
    "/windows/appcompat/programs/",
    "/powershell/psreadline/",
    "/microsoft/windows defender/support/",
    "/microsoft/windows/wer/",
    "/powershell_transcript",
];

/// Files that are wanted by their name.
const NAMES: &[&str] = &["$mft", "ntuser.dat", "usrclass.dat", "consolehost_history.txt", "exsetup.exe"];

/// Folders and endings of files that no parser reads, large or many, though another rule would want them.
const NEVER_FOLDERS: &[&str] = &["/windows/winsxs/", "/windows/installer/", "/windows/servicing/"];
const NEVER_ENDINGS: &[&str] = &[".edb", ".stm", ".vhd", ".vhdx", ".avhdx", ".vmdk"];

/// The journal of changes, which has no main stream.
const JOURNAL: &str = "$extend/$usnjrnl";

/// Whether a stream of a file is wanted; its path has slashes, without one at the beginning.
pub(super) fn is_wanted(path: &str, stream: &str) -> bool {
    let path = path.to_ascii_lowercase();
    if path == JOURNAL {
        return stream == "$J";
    }
    // The system's own files beside the journal and the table are none of a parser's.
    if path.starts_with('$')
        && path != "$mft"
        && !path.starts_with("$orphan/")
        && !path.starts_with("$recycle.bin/")
    {
        return false;
    }
    let rooted = format!("/{path}");
    let name = path.rsplit('/').next().unwrap_or_default();
    if NEVER_FOLDERS.iter().any(|folder| rooted.contains(folder)) || ends_with_any(name, NEVER_ENDINGS) {
        return false;
    }
    let plain = name.strip_suffix(".log1").or_else(|| name.strip_suffix(".log2")).unwrap_or(name);
    ends_with_any(name, ENDINGS)
        || NAMES.contains(&plain)
        || FOLDERS.iter().any(|folder| rooted.contains(folder))
}

fn ends_with_any(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::is_wanted;

    #[test]
    fn parsers_get_what_they_ask_for() {
        for (path, stream) in [
            ("$MFT", ""),
            ("$Extend/$UsnJrnl", "$J"),
            ("inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", ""),
            ("mail/V15/Logging/HttpProxy/Owa/x.LOG", ""),
            ("Windows/System32/config/SOFTWARE", ""),
            ("Windows/System32/config/SYSTEM.LOG1", ""),
            ("Users/bob/NTUSER.DAT.LOG2", ""),
            ("inetpub/wwwroot/x.aspx", "Zone.Identifier"),
            ("odd/place/shell.aspx", ""),
            ("$Orphan/x.aspx", ""),
        ] {
            assert!(is_wanted(path, stream), "{path}:{stream}");
        }
        for (path, stream) in [
            ("pagefile.sys", ""),
            ("$BadClus", "$Bad"),
            ("$LogFile", ""),
            ("$Extend/$UsnJrnl", "$Max"),
            ("Windows/WinSxS/x/y.aspx", ""),
            ("mail/V15/Mailbox/DB01/DB01.edb", ""),
            ("Windows/System32/ntdll.dll", ""),
        ] {
            assert!(!is_wanted(path, stream), "{path}:{stream}");
        }
    }
}
