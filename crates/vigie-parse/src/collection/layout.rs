//! Where a file lay on its host, told by how collectors lay out what they gather.
//!
//! KAPE writes `<destination>/C/Users/...`; Velociraptor writes `uploads/<accessor>/C%3A/...` or, for raw devices
//! and shadow copies, `uploads/ntfs/%5C%5C.%5CC%3A/...`; people copy drives as `D/` or `D:/`.

use super::names;

/// Folders that stand at the top of a Windows drive.
const DRIVE_TOPS: &[&str] = &[
    "users",
    "windows",
    "inetpub",
    "program files",
    "program files (x86)",
    "programdata",
    "perflogs",
    "$extend",
    "$recycle.bin",
    "system volume information",
    "exchangesetuplogs",
    "exchange",
    "exchange server",
    "exchsrvr",
];
/// Files that stand there.
const DRIVE_FILES: &[&str] = &["$mft", "$mftmirr", "$logfile", "$boot", "$secure_$sds", "pagefile.sys"];

/// Other folders by which one knows the root of what was gathered from one host.
const ROOT_NAMES: &[&str] =
    &["uploads", "logging", "logfiles", "httpproxy", "transportroles", "winevt", "frontend", "v15"];

/// The path on the host, with backslashes; `None` when the layout does not tell the drive.
pub(super) fn host_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    (0..parts.len()).find_map(|index| {
        let (part, rest) = parts.get(index..)?.split_first()?;
        if part.eq_ignore_ascii_case("uploads") {
            return uploaded(rest);
        }
        let drive = drive_letter(part, rest)?;
        (!rest.is_empty()).then(|| format!("{drive}:\\{}", rest.join("\\")))
    })
}

/// The host path of what stands below Velociraptor's `uploads`.
fn uploaded(parts: &[&str]) -> Option<String> {
    let decoded: Vec<String> = parts.iter().map(|part| names::percent_decode(part)).collect();
    let device = decoded.iter().take(2).position(|part| names::is_drive(part) || part.starts_with("\\\\"))?;
    let (device, rest) = decoded.get(device..)?.split_first()?;
    let device = match device.strip_prefix("\\\\.\\") {
        Some(drive) if names::is_drive(drive) => drive,
        // A shadow copy keeps its device name: it is not the live path.
        _ => device,
    };
    (!rest.is_empty()).then(|| format!("{device}\\{}", rest.join("\\")))
}

/// The letter when a component stands for a drive: `D:`, `D%3A`, or `D` above what stands at the top of a drive;
/// a lone capital from C on is taken for a drive as well, since Exchange is installed anywhere.
fn drive_letter(part: &str, rest: &[&str]) -> Option<char> {
    let (letter, marked) = match part.as_bytes() {
        [letter] => (*letter, false),
        [letter, b':'] | [letter, b'%', b'3', b'A' | b'a'] => (*letter, true),
        _ => return None,
    };
    let top = rest.first()?;
    let known = DRIVE_TOPS.iter().chain(DRIVE_FILES).any(|name| name.eq_ignore_ascii_case(top));
    let is_drive = letter.is_ascii_alphabetic() && (marked || known || (b'C'..=b'Z').contains(&letter));
    is_drive.then(|| char::from(letter.to_ascii_uppercase()))
}

/// A name for what shows that a collection's root is right above this component, if it shows it: collections side by
/// side have the same.
pub(super) fn root_mark(part: &str, rest: &[&str]) -> Option<String> {
    if let Some(letter) = drive_letter(part, rest) {
        return Some(format!("{letter}:"));
    }
    let lower = part.to_ascii_lowercase();
    let is_site = lower.strip_prefix("w3svc").is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    let known =
        ROOT_NAMES.contains(&lower.as_str()) || (DRIVE_TOPS.contains(&lower.as_str()) && lower != "exchange");
    (is_site || lower == "client_info.json" || (known && !rest.is_empty())).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_layouts_of_collectors() {
        let cases = [
            ("C/Users/bob/ntuser.dat", Some("C:\\Users\\bob\\ntuser.dat")),
            ("2021-03-05/D/Exchange/V15/Logging/x.LOG", Some("D:\\Exchange\\V15\\Logging\\x.LOG")),
            ("hotel.zip!/C/inetpub/wwwroot/x.aspx", Some("C:\\inetpub\\wwwroot\\x.aspx")),
            ("e:/mail/x.log", Some("E:\\mail\\x.log")),
            ("uploads/auto/C%3A/inetpub/u_ex.log", Some("C:\\inetpub\\u_ex.log")),
            ("uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J", Some("C:\\$Extend\\$UsnJrnl:$J")),
            (
                "uploads/ntfs/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1/Windows/x",
                Some("\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1\\Windows\\x"),
            ),
            ("uploads/file/tmp/x", None),
            ("inetpub/logs/LogFiles/W3SVC1/u_ex.log", None),
            ("a/b/c.log", None),
        ];
        for (path, expected) in cases {
            assert_eq!(host_path(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn knows_the_roots_of_collections() {
        assert_eq!(root_mark("C", &["Windows", "x"]).as_deref(), Some("C:"));
        assert_eq!(root_mark("W3SVC12", &["x"]).as_deref(), Some("w3svc12"));
        assert_eq!(root_mark("Logging", &["x"]).as_deref(), Some("logging"));
        assert_eq!(root_mark("notes", &["x"]), None);
    }
}
