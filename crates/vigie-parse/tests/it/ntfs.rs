//! The file table and the change journal of a volume: what fixtures hold of them.

use vigie_example::clock::at;
use vigie_example::ntfs_writer::{Change, Entry, Kind, ROOT, journal, table};

use crate::made::Made;

/// Invented pages: what they hold is put together here, so that no antivirus takes this file for one.
fn page() -> Vec<u8> {
    format!("<%@ Page Language=\"{}\" %>\r\n<% Response.Write(Request[\"q\"]); %>\r\n", "JScript")
        .into_bytes()
}

/// The web folders of a server into which two pages were put; one was deleted again, one was given the times of others.
fn entries() -> Vec<Entry> {
    let (installed, planted) = (at("2020-12-19T04:30:00"), at("2021-03-03T05:12:44.5"));
    let folder = |own, parent, name: &str| Entry::new(own, parent, name, Kind::Folder, installed);
    let mut backdated =
        Entry::new((31, 2), (21, 1), "help.aspx", Kind::Small(page()), at("2019-06-01T08:00:00"));
    backdated.by_name = [planted; 2];
    let mut downloaded = Entry::new((33, 1), (21, 1), "logo.png", Kind::Large(20_480), installed);
    downloaded.streams.push(("Zone.Identifier".to_owned(), b"[ZoneTransfer]\r\nZoneId=3\r\n".to_vec()));
    vec![
        folder(ROOT, ROOT, "."),
        folder((20, 1), ROOT, "inetpub"),
        folder((22, 1), (20, 1), "wwwroot"),
        folder((21, 1), (22, 1), "aspnet_client"),
        Entry::new((30, 1), (22, 1), "iisstart.htm", Kind::Large(703), installed),
        backdated,
        Entry::new((32, 4), (21, 1), "gone.aspx", Kind::Deleted(page()), planted),
        downloaded,
        Entry::new((34, 1), (29, 7), "orphan.exe", Kind::Large(1 << 20), planted),
    ]
}

fn changes() -> Vec<Change> {
    let change = |name: &str, own, parent, time: &str, reason| Change {
        own,
        parent,
        name: name.to_owned(),
        time: at(time),
        reason,
    };
    vec![
        change("gone.aspx", (32, 3), (21, 1), "2021-03-03T05:12:44.5", 0x100),
        change("gone.aspx", (32, 3), (21, 1), "2021-03-03T05:12:44.6", 0x8000_0102),
        change("tmp1.tmp", (35, 1), (21, 1), "2021-03-03T05:13:00", 0x1000),
        change("help.aspx", (35, 1), (21, 1), "2021-03-03T05:13:00", 0x2000),
        change("help.aspx", (35, 1), (21, 1), "2021-03-03T05:14:00", 0x8000_8000),
        change("gone.aspx", (32, 3), (21, 1), "2021-03-03T06:00:00", 0x8000_0200),
        change("lost.txt", (36, 1), (99, 1), "2021-03-03T06:01:00", 0x100),
    ]
}

/// The files of the fixtures.
pub(crate) fn made() -> Vec<Made> {
    let whole = table(&entries());
    let mut torn = whole.clone();
    // The second sector of one record is of another write, one is marked as bad, one holds anything else.
    torn[31 * 1024 + 1022] = 9;
    torn[32 * 1024..32 * 1024 + 4].copy_from_slice(b"BAAD");
    torn[33 * 1024..33 * 1024 + 4].copy_from_slice(b"WHAT");
    let mut looped = entries();
    looped[1].parent = (21, 1);
    let sound = journal(&changes(), 4096);
    let mut damaged = sound.clone();
    damaged[4096 + 80] = 0xff;
    vec![
        ("windows.mft/pages-in-a-web-folder/input/C/$MFT", whole.clone()),
        ("windows.mft/records-that-are-torn-or-bad/input", torn),
        ("windows.mft/folders-that-lie-in-each-other/input", table(&looped)),
        ("windows.mft/cut-in-a-record/input", whole[..33 * 1024 + 100].to_vec()),
        ("windows.usn/a-page-that-came-and-went/input/C/$MFT", whole),
        ("windows.usn/a-page-that-came-and-went/input/C/$Extend/$J", sound.clone()),
        ("windows.usn/without-a-table/input", sound),
        ("windows.usn/a-record-overwritten/input", damaged),
    ]
}
