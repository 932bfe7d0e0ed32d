//! The frame of every page: head, policy, style, marking at the top and at the bottom.

use crate::Lang;
use crate::catalog::text;
use crate::markup::{Page, csp_hash};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the frame of a page shows.
pub(crate) struct Frame<'a> {
    pub(crate) lang: Lang,
    pub(crate) title: &'a str,
    pub(crate) tlp: &'a str,
}

/// A whole document, with what `body` writes in its main part.
pub(crate) fn document(frame: &Frame<'_>, page: &mut Page, body: impl FnOnce(&mut Page)) {
    page.fixed("<!DOCTYPE html>\n");
    page.within("html", &[("lang", frame.lang.code())], |page| {
        page.within("head", &[], |page| head(frame, page));
        page.within("body", &[], |page| {
            page.leaf("a", &[("class", "skip"), ("href", "#report")], text(frame.lang, "ui.skip"));
            page.within("header", &[("class", "edge")], |page| edge(frame, page));
            page.within("main", &[("id", "report")], body);
            page.within("footer", &[("class", "edge")], |page| edge(frame, page));
            page.within("script", &[], |page| page.fixed(SCRIPT));
        });
    });
    page.fixed("\n");
}

fn head(frame: &Frame<'_>, page: &mut Page) {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        csp_hash(STYLE),
        csp_hash(SCRIPT)
    );
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    page.void("meta", &[("name", "robots"), ("content", "noindex")]);
    page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.leaf("title", &[], frame.title);
    page.within("style", &[], |page| page.fixed(STYLE));
}

fn edge(frame: &Frame<'_>, page: &mut Page) {
    page.leaf("span", &[("class", "mark")], "Vigie");
    page.leaf("span", &[("class", "utc")], text(frame.lang, "ui.utc"));
    page.leaf("span", &[("class", "tlp")], &format!("TLP:{}", frame.tlp.to_uppercase()));
}

/// A wide table, scrolled on its own on narrow screens, with its column titles.
pub(crate) fn table(lang: Lang, columns: &[&'static str], page: &mut Page, rows: impl FnOnce(&mut Page)) {
    let hint = text(lang, "ui.filter_hint");
    let attributes = [
        ("class", "scroll"),
        ("data-filter", text(lang, "ui.filter")),
        ("data-hint", hint),
        ("tabindex", "0"),
    ];
    page.within("div", &attributes, |page| {
        page.within("table", &[], |page| {
            page.within("thead", &[], |page| {
                page.within("tr", &[], |page| {
                    for column in columns {
                        page.leaf("th", &[("scope", "col")], text(lang, column));
                    }
                });
            });
            page.within("tbody", &[], rows);
        });
    });
}

/// A list of labels and values; empty values are left out.
pub(crate) fn facts(lang: Lang, rows: &[(&'static str, String)], page: &mut Page) {
    page.within("dl", &[("class", "facts")], |page| {
        for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
            page.leaf("dt", &[], text(lang, label));
            page.leaf("dd", &[], value);
        }
    });
}
