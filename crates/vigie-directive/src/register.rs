//! Whose server is it? From a register, from the declarations, or from the name of a folder.
//!
//! Columns of a register, in any order: `host`, `organisation`, and, if wanted, `group` (the groups of directives that the
//! organisation belongs to, with blanks between them). Many servers of many owners are called MAIL01: then the folder
//! decides, and where it does not, the server stays without an organisation and is shown as such.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::directive::{Directive, SetAside};
use vigie_model::finding::Statement;

use crate::declarations::{Declaration, rows_of};
use crate::error::{Mistake, Mistakes};
use crate::known::Known;

const COLUMNS: &[&str] = &["host", "organisation", "group"];

/// One line of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The host; empty for an organisation without servers.
    pub host: String,
    /// Its organisation.
    pub organisation: String,
    /// Groups that it belongs to.
    pub groups: Vec<String>,
}

/// Reads a register.
///
/// # Errors
/// Every mistake with its line.
pub fn read(path: &str, bytes: &[u8], directives: &[Directive]) -> Result<Vec<Registered>, Mistakes> {
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    let known = |group: &str| {
        directives.iter().flat_map(|directive| &directive.groups).any(|known| known.id == group)
    };
    for row in rows_of(path, bytes, COLUMNS, &["group"])? {
        let groups: Vec<String> = row.get("group").split_whitespace().map(str::to_owned).collect();
        if let Some(unknown) = groups.iter().find(|group| !known(group)) {
            let message = format!("no group is called `{unknown}`");
            mistakes.push(Mistake::on_line(
                path,
                row.line,
                message,
                "`vigie directive show ID` lists the groups",
            ));
        }
        if row.get("organisation").is_empty() {
            mistakes.push(Mistake::on_line(
                path,
                row.line,
                "no organisation",
                "columns: host, organisation, group",
            ));
        }
        let (host, organisation) = (row.get("host").to_owned(), row.get("organisation").to_owned());
        found.push(Registered { host, organisation, groups });
    }
    if mistakes.is_empty() { Ok(found) } else { Err(Mistakes(mistakes)) }
}

/// The same name, however it is written.
pub(crate) fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// One organisation and its servers.
#[derive(Debug, Default)]
pub(crate) struct Organisation<'a> {
    /// Its name as first written; empty for servers without one.
    pub(crate) name: String,
    /// Groups by the register.
    pub(crate) groups: BTreeSet<String>,
    /// Its servers by key: the name as first written, and what is known of each.
    pub(crate) hosts: BTreeMap<String, Host<'a>>,
    /// Its declarations, oldest first.
    pub(crate) declarations: Vec<&'a Declaration>,
}

/// One server.
#[derive(Debug, Default)]
pub(crate) struct Host<'a> {
    pub(crate) name: String,
    pub(crate) known: Vec<&'a Known>,
}

/// Everybody, and what of the material is doubtful.
pub(crate) struct Everybody<'a> {
    pub(crate) organisations: BTreeMap<String, Organisation<'a>>,
    pub(crate) doubts: Vec<SetAside>,
}

/// Puts every server and declaration to its organisation.
pub(crate) fn sort_out<'a>(
    register: &'a [Registered],
    declarations: &[&'a Declaration],
    known: &[&'a Known],
) -> Everybody<'a> {
    let mut all = Everybody { organisations: BTreeMap::new(), doubts: Vec::new() };
    for row in register {
        let organisation = all.organisation(&row.organisation);
        organisation.groups.extend(row.groups.iter().cloned());
        add_host(organisation, &row.host);
    }
    let registered: BTreeSet<String> = all.organisations.keys().cloned().collect();
    let by_register = all.owners();
    for declaration in declarations {
        let organisation = all.organisation(&declaration.organisation);
        organisation.declarations.push(declaration);
        add_host(organisation, &declaration.host);
        if !register.is_empty() && !registered.contains(&key(&declaration.organisation)) {
            let reason = Statement::new("not_registered").with("organisation", &declaration.organisation);
            all.doubts.push(SetAside {
                source: declaration.source.clone(),
                host: declaration.host.clone(),
                reason,
            });
        }
    }
    for organisation in all.organisations.values_mut() {
        organisation.declarations.sort_by_key(|one| (one.time, one.line));
    }
    let by_declaration = all.owners();
    for one in known {
        let owner = all.owner(one, &by_register, &by_declaration);
        let organisation = all.organisation(&owner);
        add_host(organisation, &one.host);
        if let Some(host) = organisation.hosts.get_mut(&key(&one.host)) {
            host.known.push(one);
        }
    }
    all
}

/// For each host, by key, the keys of the organisations that name it.
type Owners = BTreeMap<String, Vec<String>>;

fn add_host(organisation: &mut Organisation<'_>, host: &str) {
    if !key(host).is_empty() {
        let entry = organisation.hosts.entry(key(host)).or_default();
        if entry.name.is_empty() {
            host.trim().clone_into(&mut entry.name);
        }
    }
}

impl<'a> Everybody<'a> {
    fn organisation(&mut self, name: &str) -> &mut Organisation<'a> {
        let entry = self.organisations.entry(key(name)).or_default();
        if entry.name.is_empty() {
            name.trim().clone_into(&mut entry.name);
        }
        entry
    }

    /// For each host that was named so far, the keys of the organisations that name it.
    fn owners(&self) -> Owners {
        let mut owners = Owners::new();
        for (organisation, held) in &self.organisations {
            for host in held.hosts.keys() {
                owners.entry(host.clone()).or_default().push(organisation.clone());
            }
        }
        owners
    }

    /// The organisation of an assessment. The register decides; where it names several or none, the folder that is called
    /// after one that is known; where no folder is, the declarations that name the host. Where nobody is known, the
    /// outermost folder, unless it bears the host's own name.
    fn owner(&mut self, one: &Known, by_register: &Owners, by_declaration: &Owners) -> String {
        let host = key(&one.host);
        let named = |owners: &Owners| owners.get(&host).cloned().unwrap_or_default();
        let by_folder =
            one.folders.iter().map(|name| key(name)).find(|name| self.organisations.contains_key(name));
        let registered = named(by_register);
        let by_folder = by_folder.filter(|folder| {
            let other = !registered.is_empty() && !registered.contains(folder);
            if let ([single], true) = (registered.as_slice(), other) {
                let reason = Statement::new("folder_of_another").with("organisation", single);
                let reason = reason.with("other", folder);
                self.doubts.push(SetAside { source: one.path.clone(), host: one.host.clone(), reason });
            }
            !other
        });
        if let Some(folder) = by_folder {
            return folder;
        }
        let candidates = if registered.is_empty() { named(by_declaration) } else { registered };
        match candidates.as_slice() {
            [single] => single.clone(),
            [] => {
                let folder = one.folders.first().filter(|folder| key(folder) != host).cloned();
                if folder.is_none() {
                    self.doubt(one, Statement::new("no_organisation"));
                }
                folder.unwrap_or_default()
            }
            several => {
                let names = several.join(", ");
                self.doubt(one, Statement::new("several_organisations").with("organisations", names));
                String::new()
            }
        }
    }

    fn doubt(&mut self, one: &Known, reason: Statement) {
        self.doubts.push(SetAside { source: one.path.clone(), host: one.host.clone(), reason });
    }
}
