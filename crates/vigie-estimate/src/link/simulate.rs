//! Lists of Exchange victims made up with a known answer: several addresses and web shells a firm, NAT and hosters,
//! renamed firms, misspellings, legal forms of ten languages, heterogeneous visibility, lists that copy one another.

use crate::lists::fields::Field;
use crate::lists::{ListMeta, Lists};
use crate::numeric::random::Random;

const ENDS: &[&str] = &[
    "hof", "werk", "tal", "stein", "mar", "lund", "feld", "gard", "ville", "burg", "haus", "monte", "bach",
    "sund", "kraft",
];
const TRADES: &[&str] = &[
    "Hotel",
    "Logistik",
    "Foods",
    "Energie",
    "Bank",
    "Clinic",
    "Stadtwerke",
    "Textil",
    "Metall",
    "Optik",
    "Travel",
    "Print",
];
/// Country, top-level domain, legal form in front, legal form behind.
const COUNTRIES: &[(&str, &str, &str, &str)] = &[
    ("DE", "de", "", " GmbH & Co. KG"),
    ("FR", "fr", "", " S.A.R.L."),
    ("IT", "it", "", " S.p.A."),
    ("NL", "nl", "", " B.V."),
    ("SE", "se", "", " AB"),
    ("FI", "fi", "Oy ", " Ab"),
    ("PL", "pl", "", " Sp. z o.o."),
    ("CZ", "cz", "", " s.r.o."),
    ("GB", "co.uk", "", " Ltd"),
    ("TR", "com.tr", "", " A.Ş."),
    ("BR", "com.br", "", " Ltda."),
    ("US", "com", "The ", ", Inc."),
];

/// What world to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct World {
    /// Organisations that exist.
    pub organisations: usize,
    /// Chance of an average organisation to be on each list.
    pub visibility: f64,
    /// 0: all alike; 1: half are hardly visible, half twice as visible.
    pub heterogeneity: f64,
    /// Share of the second list that is copied into the third.
    pub copied: f64,
    /// Share of the first list's organisations that were told, cleaned up, and can be on no later list.
    pub cleaned: f64,
    /// Share of each list's organisations that were told, cleaned up before the next list, and can be on no later one.
    pub cleaned_each: f64,
    /// Chance that a name is misspelt, or that identifying fields are missing.
    pub noise: f64,
    /// Share of organisations that the list of names knows by an old name.
    pub renamed: f64,
    /// Share of organisations that share an address with one or two others.
    pub nat: f64,
    /// Share of organisations with the name of another one in the same country, under a domain of their own.
    pub namesakes: f64,
    /// Seed.
    pub seed: u64,
}

impl World {
    /// A world with nothing wrong but what is always there: hosters, several addresses, legal forms.
    pub fn plain(organisations: usize, seed: u64) -> Self {
        Self {
            organisations,
            visibility: 0.25,
            heterogeneity: 0.0,
            copied: 0.0,
            cleaned: 0.0,
            cleaned_each: 0.0,
            noise: 0.0,
            renamed: 0.0,
            nat: 0.0,
            namesakes: 0.0,
            seed,
        }
    }

    /// A world with a little of everything that makes linking hard.
    pub fn hard(organisations: usize, seed: u64) -> Self {
        Self { noise: 0.1, renamed: 0.02, nat: 0.03, namesakes: 0.02, ..Self::plain(organisations, seed) }
    }
}

/// Made lists with the organisation behind each record.
#[derive(Clone, Debug)]
pub struct Made {
    /// The lists as if read.
    pub lists: Lists,
    /// Organisation of each record.
    pub owners: Vec<u32>,
}

struct Organisation {
    name: String,
    plain: String,
    /// Name before it was renamed, when lists still use it.
    old: Option<String>,
    domain: String,
    country: &'static str,
    addresses: Vec<String>,
    certificate: String,
    visible: f64,
}

/// Makes four lists: a scan, telemetry, a list of web shells, and a list of names.
pub fn make(world: &World) -> Made {
    let mut random = Random::new(world.seed, 0x5349_4d00);
    let mut organisations: Vec<Organisation> =
        (0..world.organisations).map(|i| organisation(i, world, &mut random)).collect();
    entangle(&mut organisations, world, &mut random);
    let mut made = Made { lists: Lists::default(), owners: Vec::new() };
    for name in ["scan", "telemetry", "shells", "names"] {
        made.lists.metas.push(ListMeta { name: name.to_owned(), ..ListMeta::default() });
    }
    for (index, organisation) in organisations.iter().enumerate() {
        let owner = u32::try_from(index).unwrap_or(u32::MAX);
        let mut on = [false; 4];
        for slot in &mut on {
            *slot = random.uniform() < world.visibility * organisation.visible;
        }
        if on[0] && random.uniform() < world.cleaned {
            on = [true, false, false, false];
        }
        for list in 0..3 {
            if world.cleaned_each > 0.0 && on[list] && random.uniform() < world.cleaned_each {
                on[list + 1..].fill(false);
            }
        }
        on[2] |= on[1] && random.uniform() < world.copied;
        for (list, _) in on.iter().enumerate().filter(|(_, on)| **on) {
            rows(&mut made, (list, owner), organisation, world, &mut random);
        }
    }
    made
}

/// Organisations that share an address, or a name, with the one before.
fn entangle(organisations: &mut [Organisation], world: &World, random: &mut Random) {
    for i in 1..organisations.len() {
        if random.uniform() < world.nat {
            organisations[i].addresses = vec![organisations[i - 1].addresses[0].clone()];
        }
        if random.uniform() < world.namesakes && organisations[i - 1].old.is_none() {
            let (name, plain, country) = (
                organisations[i - 1].name.clone(),
                organisations[i - 1].plain.clone(),
                organisations[i - 1].country,
            );
            let namesake = &mut organisations[i];
            (namesake.name, namesake.plain, namesake.country, namesake.old) = (name, plain, country, None);
        }
    }
}

fn organisation(index: usize, world: &World, random: &mut Random) -> Organisation {
    let (country, tld, before, behind) = COUNTRIES[random.below(COUNTRIES.len())];
    let core = core(index, random);
    let trade = TRADES[random.below(TRADES.len())];
    let plain = format!("{trade} {}{}", core[..1].to_uppercase(), &core[1..]);
    let old = (random.uniform() < world.renamed).then(|| {
        let before =
            format!("{}{}", syllables(8_000 + random.below(3_000_000)), ENDS[random.below(ENDS.len())]);
        format!("{} {}{}", TRADES[random.below(TRADES.len())], before[..1].to_uppercase(), &before[1..])
    });
    let hosted = random.uniform() < 0.1;
    let count = if hosted { 1 } else { 1 + random.below(3) };
    // Hosted firms share an address and a certificate with about forty others.
    let house = random.below(1 + world.organisations / 400);
    let addresses = (0..count)
        .map(|k| {
            if hosted {
                format!("198.51.{}.{}", house / 250 % 250, house % 250)
            } else {
                address(index * 4 + k)
            }
        })
        .collect();
    Organisation {
        name: format!("{before}{plain}{behind}"),
        domain: format!("{core}.{tld}"),
        plain,
        old,
        country,
        addresses,
        certificate: if hosted { format!("hoster{house:08}") } else { format!("own{index:012}") },
        visible: if random.uniform() < 0.5 {
            1.0 - 0.75 * world.heterogeneity
        } else {
            1.0 + 0.75 * world.heterogeneity
        },
    }
}

/// Names of which no two are equal: scrambled, so that neighbors in number are not neighbors in spelling. The number of
/// names is a prime, so that every index below it has one of its own.
fn core(index: usize, random: &mut Random) -> String {
    const NAMES: usize = 2_999_999;
    format!("{}{}", syllables(8_000 + index.wrapping_mul(777_773) % NAMES), ENDS[random.below(ENDS.len())])
}

/// A number as syllables, so that names differ as names do.
fn syllables(mut number: usize) -> String {
    const PARTS: [&str; 20] = [
        "ba", "co", "di", "fe", "gu", "ha", "jo", "ki", "le", "mu", "na", "po", "ri", "se", "tu", "va", "wo",
        "xi", "ye", "zu",
    ];
    let mut text = String::new();
    loop {
        text.push_str(PARTS[number % 20]);
        number /= 20;
        if number == 0 {
            return text;
        }
    }
}

fn address(number: usize) -> String {
    format!(
        "{}.{}.{}.{}",
        11 + number / 15_625_000 % 150,
        number / 62_500 % 250,
        number / 250 % 250,
        number % 250
    )
}

fn rows(made: &mut Made, (list, owner): (usize, u32), o: &Organisation, world: &World, random: &mut Random) {
    let own_name = format!("mail.{}", o.domain);
    let missing = random.uniform() < world.noise;
    let repeats = 1 + random.below(2);
    for _ in 0..repeats {
        let ip = o.addresses[random.below(o.addresses.len())].clone();
        let url = format!("https://{ip}/aspnet_client/{}.aspx", random.bits() % 1_000_000);
        let name = spelling(o, list, world, random);
        let values: Vec<(Field, &str)> = match list {
            0 if missing => vec![(Field::Address, &ip), (Field::Country, o.country)],
            0 => vec![
                (Field::Address, &ip),
                (Field::Certificate, &o.certificate),
                (Field::OwnName, &own_name),
                (Field::Country, o.country),
            ],
            1 => vec![
                (Field::Address, &ip),
                (Field::OwnName, &own_name),
                (Field::Organisation, &name),
                (Field::Country, o.country),
            ],
            2 if missing => vec![(Field::Url, &url), (Field::Country, o.country)],
            2 => vec![(Field::Url, &url), (Field::OwnName, &own_name), (Field::Country, o.country)],
            _ => vec![(Field::Organisation, &name), (Field::Country, o.country)],
        };
        let before = made.lists.records.len();
        made.lists.add(u16::try_from(list).unwrap_or(0), owner, &values);
        if made.lists.records.len() > before {
            made.owners.push(owner);
        }
        if list == 3 {
            break;
        }
    }
}

/// The name as one list writes it: with or without its form, sometimes with two letters exchanged.
fn spelling(o: &Organisation, list: usize, world: &World, random: &mut Random) -> String {
    if let Some(old) = o.old.as_ref().filter(|_| list == 3) {
        return old.clone();
    }
    let mut name = if random.uniform() < 0.5 { o.name.clone() } else { o.plain.to_uppercase() };
    if random.uniform() < world.noise {
        let letters: Vec<char> = o.plain.chars().collect();
        let at = letters.len() / 2;
        let mut swapped = letters.clone();
        swapped.swap(at, at + 1);
        name = swapped.into_iter().collect();
    }
    name
}

/// The made lists as CSV files by name, with the headers that such lists have: what a user would be handed.
pub fn as_files(made: &Made) -> Vec<(String, String)> {
    const COLUMNS: [(&str, crate::lists::KeyKind); 5] = [
        ("url", crate::lists::KeyKind::Url),
        ("ip", crate::lists::KeyKind::Address),
        ("fqdn", crate::lists::KeyKind::HostName),
        ("cert_sha256", crate::lists::KeyKind::Certificate),
        ("forest", crate::lists::KeyKind::Forest),
    ];
    let mut files: Vec<(String, String)> = Vec::new();
    for meta in &made.lists.metas {
        let titles: Vec<&str> = COLUMNS.iter().map(|c| c.0).collect();
        files.push((meta.name.clone(), format!("{},organisation,country\n", titles.join(","))));
    }
    for record in &made.lists.records {
        let Some((_, text)) = files.get_mut(record.list as usize) else { continue };
        for (_, kind) in COLUMNS {
            let value = record.keys.iter().find(|k| k.0 == kind).map_or("", |k| made.lists.text(k.1));
            text.push_str(value);
            text.push(',');
        }
        text.push_str(record.name.map_or("", |id| made.lists.text(id)));
        text.push(',');
        text.push_str(&record.country.map_or(String::new(), |c| String::from_utf8_lossy(&c).into_owned()));
        text.push('\n');
    }
    files
}

/// Precision and recall of pairs of records that were put into one group.
pub fn pairwise(groups: &[Option<u32>], owners: &[u32]) -> (f64, f64) {
    let pairs = |keys: &mut Vec<(u32, u32)>| -> f64 {
        keys.sort_unstable();
        keys.chunk_by(|a, b| a == b).map(|g| g.len() as f64 * (g.len() as f64 - 1.0) / 2.0).sum()
    };
    let known: Vec<(u32, u32)> = groups.iter().zip(owners).filter_map(|(g, &o)| g.map(|g| (g, o))).collect();
    let both = pairs(&mut known.clone());
    let linked = pairs(&mut known.iter().map(|&(g, _)| (g, 0)).collect());
    let truth = pairs(&mut known.iter().map(|&(_, o)| (o, 0)).collect());
    (both / linked.max(1.0), both / truth.max(1.0))
}
