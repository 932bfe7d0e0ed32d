//! Names for what no parser reads: a reader of the manifest should know what lies unread.

use vigie_model::diagnostic::Code;

use crate::Head;
use crate::parsers::lines::head_lines;

/// A format by bytes at a place.
struct Magic {
    at: usize,
    bytes: &'static [u8],
    name: &'static str,
}

const fn magic(at: usize, bytes: &'static [u8], name: &'static str) -> Magic {
    Magic { at, bytes, name }
}

/// In order: the first that fits names the file.
static MAGICS: &[Magic] = &[
    magic(0, b"ElfFile\0", "Windows event log (evtx) that its parser refused"),
    magic(4, b"LfLe", "Windows event log of Windows XP/2003 (evt)"),
    magic(0, b"regf", "Windows registry hive"),
    magic(0, b"FILE0", "NTFS master file table ($MFT)"),
    magic(0, b"FILE*", "NTFS master file table ($MFT)"),
    magic(0, b"BAAD", "NTFS master file table ($MFT)"),
    magic(0, b"RSTR", "NTFS $LogFile"),
    magic(3, b"NTFS    ", "NTFS volume image"),
    magic(4, b"\xef\xcd\xab\x89", "ESE database (Exchange mailbox store, SRUM, NTDS, ...)"),
    magic(0, b"SQLite format 3\0", "SQLite database"),
    magic(0, b"EVF\x09\x0d\x0a\xff\x00", "EnCase disk image (E01)"),
    magic(0, b"EVF2\x0d\x0a\x81\x00", "EnCase disk image (Ex01)"),
    magic(0, b"LVF\x09\x0d\x0a\xff\x00", "EnCase logical image (L01)"),
    magic(0, b"QFI\xfb", "QEMU disk image (qcow2)"),
    magic(0, b"vhdxfile", "Hyper-V disk image (VHDX)"),
    magic(0, b"conectix", "Hyper-V disk image (VHD)"),
    magic(0, b"KDMV", "VMware disk image (VMDK)"),
    magic(0, b"# Disk DescriptorFile", "VMware disk descriptor (VMDK)"),
    magic(0, b"AFF", "AFF disk image"),
    magic(0, b"\x1f\x8b", "gzip"),
    magic(0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    magic(0, b"Rar!\x1a\x07", "RAR archive"),
    magic(0, b"BZh", "bzip2"),
    magic(0, b"\xfd7zXZ\0", "xz"),
    magic(0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    magic(0, b"MSCF", "Windows cabinet"),
    magic(0, b"PK\x03\x04", "zip archive or document (zip inside)"),
    magic(0, b"PK\x05\x06", "zip archive without entries"),
    magic(257, b"ustar", "tar archive"),
    magic(0, b"MSWIM\0\0\0", "Windows image (WIM)"),
    magic(0, b"MZ", "Windows program (PE)"),
    magic(0, b"\x7fELF", "Linux program (ELF)"),
    magic(0, b"SCCA", "Windows prefetch file"),
    magic(4, b"SCCA", "Windows prefetch file"),
    magic(0, b"MAM\x04", "Windows prefetch file (compressed)"),
    magic(0, b"L\0\0\0\x01\x14\x02\0", "Windows shortcut (LNK)"),
    magic(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE compound file (Office, MSI, jump list)"),
    magic(0, b"\xd4\xc3\xb2\xa1", "packet capture (pcap)"),
    magic(0, b"\xa1\xb2\xc3\xd4", "packet capture (pcap)"),
    magic(0, b"\x4d\x3c\xb2\xa1", "packet capture (pcap, nanoseconds)"),
    magic(0, b"\x0a\x0d\x0d\x0a", "packet capture (pcapng)"),
    magic(0, b"MDMP", "Windows memory dump of a process"),
    magic(0, b"PAGE", "Windows memory dump"),
    magic(0, b"hibr", "Windows hibernation file"),
    magic(0, b"HIBR", "Windows hibernation file"),
    magic(0, b"%PDF-", "PDF document"),
    magic(0, b"\x89PNG\r\n\x1a\n", "PNG picture"),
    magic(0, b"\xff\xd8\xff", "JPEG picture"),
    magic(0, b"GIF8", "GIF picture"),
    magic(0, b"!BDN", "Outlook mailbox (PST, OST)"),
];

/// The IIS binary central log writes records of this size first: <https://learn.microsoft.com/en-us/windows/win32/http/ibl-log-file-format>.
const IBL_HEADER: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// The diagnostic and the reason for a file that nobody reads.
pub(crate) fn name_of(head: &Head<'_>) -> (Code, String) {
    if head.bytes.iter().all(|byte| *byte == 0) {
        return (Code::NulBytes, format!("only NUL bytes in the first {}", head.bytes.len()));
    }
    let known = MAGICS
        .iter()
        .find(|magic| head.bytes.get(magic.at..).is_some_and(|bytes| bytes.starts_with(magic.bytes)));
    let name =
        known.map(|magic| magic.name).or_else(|| binary_iis_log(head)).or_else(|| text_format(head.bytes));
    match name {
        Some(name) => (Code::KnownUnread, format!("{name}: recognised, not read")),
        None => (Code::UnknownFormat, "no parser knows this content".to_owned()),
    }
}

fn binary_iis_log(head: &Head<'_>) -> Option<&'static str> {
    let is_named = head.path.to_ascii_lowercase().ends_with(".ibl");
    (is_named && (head.bytes.contains(&0) || head.bytes.starts_with(IBL_HEADER)))
        .then_some("IIS central binary log")
}

/// Text formats, by their first line.
fn text_format(head: &[u8]) -> Option<&'static str> {
    let lines = head_lines(head, 8);
    let first = lines.first()?.as_str();
    if lines.iter().any(|line| {
        line.starts_with("#Software: Microsoft Internet Connection Firewall")
            || line.starts_with("#Software: Microsoft Windows Firewall")
    }) {
        return Some("Windows firewall log");
    }
    if lines.iter().any(|line| line.to_ascii_lowercase().starts_with("#fields:")) {
        return Some("W3C extended log of another program than a web server");
    }
    if is_iis_native(first) {
        return Some("IIS log in the native IIS format (comma-separated, local time)");
    }
    if is_ncsa(first) {
        return Some("web server log in the NCSA common or combined format");
    }
    let trimmed = first.trim_start();
    if trimmed.starts_with("<?xml") || trimmed.starts_with("<Event ") || trimmed.starts_with("<Objs ") {
        return Some("XML");
    }
    if trimmed.to_ascii_lowercase().starts_with("<!doctype html")
        || trimmed.to_ascii_lowercase().starts_with("<html")
    {
        return Some("HTML");
    }
    None
}

/// `192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /x.gif, -,`
fn is_iis_native(line: &str) -> bool {
    let cells: Vec<&str> = line.split(", ").collect();
    let service = cells.get(4).is_some_and(|cell| cell.starts_with("W3SVC") || cell.starts_with("MSFTPSVC"));
    cells.len() >= 14 && service && cells.get(2).is_some_and(|date| date.contains(['/', '.', '-']))
}

/// `172.21.13.45 - Microsoft\fred [08/Apr/2001:17:39:04 -0800] "GET /x HTTP/1.0" 200 3401`
fn is_ncsa(line: &str) -> bool {
    let Some((_, rest)) = line.split_once(" [") else { return false };
    let Some((date, request)) = rest.split_once("] \"") else { return false };
    let shape: Vec<bool> = date.bytes().map(|byte| byte.is_ascii_digit()).collect();
    date.len() == 26 && shape.iter().filter(|digit| **digit).count() == 16 && request.contains("\" ")
}
