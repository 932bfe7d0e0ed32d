//! Which column means what: the headers of Shadowserver reports, Shodan and Censys exports, and plain lists.
//!
//! Shadowserver: <https://www.shadowserver.org/what-we-do/network-reporting/>. A network owner (`org` of Shodan, `as_name`)
//! is not the victim and is left out, and so is Shodan's `domains`, which repeats the reverse names of the provider.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A URL.
    Url,
    /// An IP address.
    Address,
    /// Host names that the server itself tells: certificate names, EHLO, NTLM computer name.
    OwnName,
    /// Names that the network's owner gives: reverse DNS.
    ReverseName,
    /// Certificate hash or serial.
    Certificate,
    /// Active Directory domain or forest.
    Forest,
    /// Name of an organisation.
    Organisation,
    /// Country code.
    Country,
    /// When it was seen.
    Time,
    /// What Vigie, or somebody, found of the host: only victims are counted.
    Verdict,
}

const NAMES: &[(&str, Field)] = &[
    ("url", Field::Url),
    ("webshell_url", Field::Url),
    ("web_shell_url", Field::Url),
    ("uri", Field::Url),
    ("ip", Field::Address),
    ("ip_str", Field::Address),
    ("ip_address", Field::Address),
    ("src_ip", Field::Address),
    ("address", Field::Address),
    ("ipv4", Field::Address),
    ("ipv6", Field::Address),
    ("host", Field::OwnName),
    ("http_host", Field::OwnName),
    ("servername", Field::OwnName),
    ("server_name", Field::OwnName),
    ("fqdn", Field::OwnName),
    ("domain", Field::OwnName),
    ("ehlo", Field::OwnName),
    ("smtp_banner", Field::OwnName),
    ("banner", Field::OwnName),
    ("mx", Field::OwnName),
    ("san", Field::OwnName),
    ("subject_alt_name", Field::OwnName),
    ("subject_common_name", Field::OwnName),
    ("ssl.cert.subject.cn", Field::OwnName),
    ("services.tls.certificates.leaf_data.names", Field::OwnName),
    ("certificate_names", Field::OwnName),
    ("ntlm_dns_computer", Field::OwnName),
    ("dns_computer_name", Field::OwnName),
    ("hostname", Field::ReverseName),
    ("hostnames", Field::ReverseName),
    ("reverse_dns", Field::ReverseName),
    ("rdns", Field::ReverseName),
    ("ptr", Field::ReverseName),
    ("dns.names", Field::OwnName),
    ("dns.reverse_dns.names", Field::ReverseName),
    ("cert_sha256", Field::Certificate),
    ("sha256_fingerprint", Field::Certificate),
    ("cert_fingerprint", Field::Certificate),
    ("certificate", Field::Certificate),
    ("cert_serial_number", Field::Certificate),
    ("ssl.cert.fingerprint.sha256", Field::Certificate),
    ("services.tls.certificates.leaf_fp_sha_256", Field::Certificate),
    ("ntlm_forest", Field::Forest),
    ("dns_tree_name", Field::Forest),
    ("dns_forest_name", Field::Forest),
    ("dns_domain_name", Field::Forest),
    ("ntlm_domain", Field::Forest),
    ("organisation", Field::Organisation),
    ("organization", Field::Organisation),
    ("organisation_name", Field::Organisation),
    ("organization_name", Field::Organisation),
    ("company", Field::Organisation),
    ("name", Field::Organisation),
    ("victim", Field::Organisation),
    ("customer", Field::Organisation),
    ("entity", Field::Organisation),
    ("geo", Field::Country),
    ("country", Field::Country),
    ("country_code", Field::Country),
    ("location.country_code", Field::Country),
    ("timestamp", Field::Time),
    ("detected_since", Field::Time),
    ("last_seen", Field::Time),
    ("first_seen", Field::Time),
    ("date", Field::Time),
    ("last_updated_at", Field::Time),
    ("verdict", Field::Verdict),
];

/// What a header names; `None` for a column that links nothing.
pub fn field_of(header: &str) -> Option<Field> {
    let lower = header.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
    NAMES.iter().find(|(name, _)| *name == lower).map(|&(_, field)| field)
}

/// The registrable domain of a host name by the public suffix list, lower case; `None` for what nobody can register.
pub fn registrable(host: &str) -> Option<String> {
    let host = host_name(host)?;
    let suffix_known = psl::suffix(host.as_bytes()).is_some_and(|s| s.is_known());
    suffix_known.then(|| psl::domain_str(&host).map(str::to_owned)).flatten()
}

/// A host name cleaned: from a URL, a banner or a wildcard; `None` for addresses and things that are no names.
pub fn host_name(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let text = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let text = text.strip_prefix("220 ").or_else(|| text.strip_prefix("250-")).unwrap_or(text);
    let text =
        text.split(['/', ' ', '?', '#']).next().unwrap_or("").trim_start_matches("*.").trim_end_matches('.');
    let text = text
        .rsplit_once(':')
        .map_or(text, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { text });
    let good = text.len() >= 4
        && text.len() <= 253
        && text.contains('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'_')
        && text.parse::<std::net::IpAddr>().is_err();
    good.then(|| text.to_owned())
}

/// Whether a reverse name was made by the network's owner out of the address: it says nothing of the customer.
pub fn is_generic_reverse(host: &str) -> bool {
    let digits = host.split(['.', '-']).filter(|part| part.bytes().any(|b| b.is_ascii_digit())).count();
    digits >= 2
        || ["static", "dynamic", "dsl", "dhcp", "pool", "cust", "client"].iter().any(|w| host.contains(w))
}

/// Whether a directory name is one that thousands of firms use: it links nobody.
pub fn is_generic_forest(forest: &str) -> bool {
    let first = forest.split('.').next().unwrap_or(forest);
    let generic = [
        "ad",
        "corp",
        "domain",
        "local",
        "internal",
        "company",
        "contoso",
        "office",
        "lan",
        "dc",
        "home",
        "workgroup",
        "test",
        "intra",
        "mydomain",
        "server",
        "hq",
        "int",
    ];
    first.len() < 3 || generic.contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_by_the_public_suffix_list() {
        assert_eq!(registrable("mail.example.co.uk").as_deref(), Some("example.co.uk"));
        assert_eq!(registrable("https://owa.firma.de:443/owa/").as_deref(), Some("firma.de"));
        assert_eq!(registrable("*.firma.de").as_deref(), Some("firma.de"));
        assert_eq!(registrable("EX01.corp.local"), None);
        assert_eq!(registrable("192.0.2.7"), None);
        assert_eq!(host_name("220 mail.firma.de Microsoft ESMTP").as_deref(), Some("mail.firma.de"));
    }

    #[test]
    fn headers_of_the_known_exports() {
        assert_eq!(field_of("\u{feff}IP"), Some(Field::Address));
        assert_eq!(field_of("Organization Name"), Some(Field::Organisation));
        assert_eq!(field_of("org"), None);
        assert!(
            is_generic_reverse("p5b0d7e21.dip0.t-ipconnect.de")
                || is_generic_reverse("static-1-2-3-4.isp.net")
        );
        assert!(is_generic_forest("corp.local") && !is_generic_forest("kappelhoff.local"));
    }
}
