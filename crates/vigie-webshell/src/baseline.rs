//! Microsoft's own pages of Exchange: known by hash, known by place with another hash, look-alikes, and pages that are not listed.
//!
//! The table ends with the builds of March 2021. A hash that it does not hold may be newer: "not in the table" is no accusation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The table: path, SHA-256, first and last build.
const TABLE: &str = include_str!("../data/exchange_pages.tsv");
/// The newest build of the table.
pub const NEWEST: &str = "15.2.858.5";
/// Folders in which Microsoft ships these pages and no other, in every build of the table.
const CLOSED: &[&str] = &[
    "\\frontend\\httpproxy\\owa\\auth\\",
    "\\frontend\\httpproxy\\ecp\\auth\\",
    "\\clientaccess\\owa\\auth\\",
    "\\clientaccess\\oab\\",
    "\\frontend\\httpproxy\\oab\\",
];
/// Names may differ from a shipped one by so many letters and still be meant to be taken for it.
const LOOK_ALIKE: usize = 3;

/// What is known of a page by its place and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Microsoft's page: the first and the last build that hold it.
    Known(String, String),
    /// A page of Microsoft by its place, with a hash that no build of the table has: changed, or newer than the table.
    OtherHash {
        /// Whether a script in it reads a password and sends something.
        sends_passwords: bool,
    },
    /// Not shipped, and named nearly like a page that is.
    LookAlike(String),
    /// In a folder whose pages are all known, and none of them.
    Unlisted,
    /// Nothing is known of this place.
    NoBaseline,
}

/// A path's pages by hash: the first and the last build.
type Pages = BTreeMap<&'static str, Vec<(&'static str, &'static str, &'static str)>>;

fn table() -> &'static Pages {
    static PAGES: OnceLock<Pages> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages: Pages = BTreeMap::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            if let (Some(path), Some(hash), Some(first), Some(last)) =
                (cells.next(), cells.next(), cells.next(), cells.next())
            {
                pages.entry(path).or_default().push((hash, first, last));
            }
        }
        pages
    })
}

/// What is known of a page.
pub fn standing(path: &str, bytes: &[u8]) -> Standing {
    let Some(place) = relative(path) else { return Standing::NoBaseline };
    if let Some(known) = table().get(place.as_str()) {
        let hash = Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
            // Writing into a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        return match known.iter().find(|(shipped, _, _)| *shipped == hash) {
            Some((_, first, last)) => Standing::Known((*first).to_owned(), (*last).to_owned()),
            None => Standing::OtherHash { sends_passwords: sends_passwords(bytes) },
        };
    }
    if !CLOSED.iter().any(|folder| place.starts_with(folder)) {
        return Standing::NoBaseline;
    }
    let file = place.rsplit('\\').next().unwrap_or("");
    if crate::page::extension(file).is_empty() || !is_page(file) {
        return Standing::NoBaseline;
    }
    let shipped = table().keys().filter(|shipped| CLOSED.iter().any(|folder| shipped.starts_with(folder)));
    let near = shipped
        .filter_map(|shipped| {
            let name = shipped.rsplit('\\').next()?;
            Some((likeness(file, name)?, name.to_owned()))
        })
        .min()
        .map(|(_, name)| name);
    near.map_or(Standing::Unlisted, Standing::LookAlike)
}

fn is_page(file: &str) -> bool {
    ["aspx", "ashx", "asmx", "asax", "ascx", "asp", "svc", "cshtml"]
        .contains(&crate::page::extension(file).as_str())
}

/// The path from the installation on, in lower case with backslashes.
fn relative(path: &str) -> Option<String> {
    let lower = path.to_lowercase().replace('/', "\\");
    let at = ["\\frontend\\httpproxy\\", "\\clientaccess\\"].iter().find_map(|root| lower.find(root))?;
    lower.get(at..).map(str::to_owned)
}

/// How many letters a name differs from one that it is meant to be taken for: few, and most are the same.
fn likeness(name: &str, shipped: &str) -> Option<usize> {
    let (a, b) = (stem(name), stem(shipped));
    let longest = a.chars().count().max(b.chars().count());
    let allowed = LOOK_ALIKE.min(longest / 3);
    Some(distance(a, b, allowed)).filter(|found| *found <= allowed)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Letters to change, add or remove; stops counting behind `most`.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX);
            let next = if x == y { before } else { 1 + before.min(left).min(above) };
            before = above;
            left = next;
            if let Some(slot) = row.get_mut(j + 1) {
                *slot = next;
            }
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Whether a script for browsers in it both names the password field and can send: the shipped login pages only post their form.
fn sends_passwords(bytes: &[u8]) -> bool {
    let (text, _) = crate::text::decode(bytes);
    let lower = text.to_lowercase();
    lower.split("<script").skip(1).any(|script| {
        let script = script.split("</script").next().unwrap_or(script);
        let head = script.split('>').next().unwrap_or("");
        let sends =
            ["xmlhttprequest", "fetch(", "sendbeacon", "new image", "microsoft.xmlhttp", "$.post", "$.ajax"]
                .iter()
                .any(|word| script.contains(word));
        !head.contains("runat") && sends && script.contains("password")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTH: &str = r"C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\";

    #[test]
    fn a_shipped_place_with_another_hash_is_told_from_an_unlisted_one() {
        let at = |name: &str| standing(&format!("{AUTH}{name}"), b"x");
        assert_eq!(at("logon.aspx"), Standing::OtherHash { sends_passwords: false });
        assert_eq!(
            at("RedirSuiteServerProxy.aspx"),
            Standing::LookAlike("redirsuiteserviceproxy.aspx".to_owned())
        );
        assert_eq!(at("errorEE.aspx"), Standing::LookAlike("errorfe.aspx".to_owned()));
        assert_eq!(at("TimeoutLogout.aspx"), Standing::LookAlike("timeoutlogout.aspx".to_owned()));
        assert_eq!(at("8Lw7tAhF9i1pJnRo.aspx"), Standing::Unlisted);
        assert_eq!(standing(r"C:\inetpub\wwwroot\a.aspx", b"x"), Standing::NoBaseline);
        assert_eq!(at("readme.txt"), Standing::NoBaseline);
    }

    #[test]
    fn a_changed_login_page_that_sends_passwords_is_told() {
        let page = br#"<script>function clk(){var p=document.getElementById("password").value;var x=new XMLHttpRequest();x.open("POST","/a");x.send(p);}</script>"#;
        assert_eq!(
            standing(&format!("{AUTH}logon.aspx"), page),
            Standing::OtherHash { sends_passwords: true }
        );
    }

    #[test]
    fn the_table_is_whole() {
        let all: usize = table().values().map(Vec::len).sum();
        assert_eq!((all, table().len()), (2222, 1050));
        assert!(table().values().flatten().all(|(hash, first, last)| hash.len() == 64
            && first.starts_with("15.")
            && last.starts_with("15.")));
    }
}
