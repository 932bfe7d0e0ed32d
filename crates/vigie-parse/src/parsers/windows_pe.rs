//! Windows programs and libraries (PE): which version they say they are, and whether they carry a signature.
//!
//! Format: <https://learn.microsoft.com/en-us/windows/win32/debug/pe-format>. `ExSetup.exe` tells the build of Exchange with its updates, more surely than
//! any log. That a signature is there is told, not whether it is good: that takes Microsoft's roots and the day.

use std::io::Read;
use std::ops::ControlFlow;

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, IMAGE_DIRECTORY_ENTRY_SECURITY, IMAGE_FILE_DLL, ImageNtHeaders32,
    ImageNtHeaders64,
};
use object::read::pe::{ImageNtHeaders, PeFile, ResourceDirectoryEntryData, ResourceDirectoryTable};
use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::little_endian::{slice, u32_at};
use super::table::{Layout, Table};
use super::web_root_path::WebPath;
use super::windows_pe_version::{Version, read as read_version};
use super::{web_root, web_root_path};
use crate::{Artifact, Head, Input, Parser, Sink};

/// How much of a program is looked at, in bytes; what follows is hashed only.
const LOOKED_AT_MAX: u64 = 64 << 20;
/// Bytes read at a time behind that.
const BLOCK_BYTES: usize = 1 << 18;
/// Resources of one kind that are looked at.
const RESOURCES_MAX: usize = 64;
/// The kind of resource that tells the version.
const VERSION_RESOURCE: u16 = 16;

/// Reads programs and libraries.
#[derive(Clone, Copy, Debug)]
pub struct Program;

static ARTIFACT: Artifact = Artifact {
    name: "windows.pe",
    title: "Program or library (EXE, DLL)",
    density: Density::State,
    proves: "ExSetup.exe: the build of Exchange, updates included. Of modules and other libraries: whose they say they are and whether \
             they carry a signature. `App_Web_*.dll`: that a page was compiled, so asked for.",
    location: r"%ExchangeInstallPath%\Bin\ExSetup.exe; modules; Temporary ASP.NET Files\**\App_Web_*.dll",
    source: "https://learn.microsoft.com/en-us/windows/win32/debug/pe-format",
};

static LAYOUT: Layout = Layout {
    artifact: "windows.pe",
    stream: "",
    fields: &[
        "TargetFilename",
        "FileName",
        "Directory",
        "Kind",
        "FileVersion",
        "ProductVersion",
        "Company",
        "Product",
        "Description",
        "OriginalFileName",
        "Signature",
        "Managed",
        "Linked",
        "Size",
        "sha256",
    ],
};

impl Parser for Program {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        // Where the header of Windows lies stands at 0x3c of that of DOS.
        let at = u32_at(head.bytes, 0x3c).and_then(|at| usize::try_from(at).ok());
        head.bytes.starts_with(b"MZ") && at.and_then(|at| slice(head.bytes, at, 4)) == Some(b"PE\0\0")
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut bytes = Vec::new();
        // `Input` gives its end in place of errors, and the caller reports them.
        let _read = input.take(LOOKED_AT_MAX).read_to_end(&mut bytes);
        let mut block = vec![0; BLOCK_BYTES];
        while matches!(input.read(&mut block), Ok(count) if count > 0) {}
        let is_web = web_root_path::read(input.path).is_web;
        let as_page = |sink: &mut dyn Sink| web_root::give(input, &bytes, web_root::mark_of(&bytes), sink);
        // There is nothing more to give, whether the receiver wants it or not.
        if !is_web || as_page(sink).is_continue() {
            let _stopped = give(input, &describe(&bytes), sink);
        }
        Account { parsed_bytes: input.taken(), rejected_bytes: 0 }
    }
}

/// What is read of a program; of a damaged one less.
#[derive(Default)]
struct Facts {
    /// `library` or `program`; empty where the headers could not be read, and then so are the others.
    kind: &'static str,
    is_signed: bool,
    is_managed: bool,
    linked: Option<Time>,
    version: Version,
}

fn describe(bytes: &[u8]) -> Facts {
    let of_64 = PeFile::<ImageNtHeaders64, &[u8]>::parse(bytes).map(|file| read_facts(&file, bytes));
    let of_any = of_64
        .or_else(|_| PeFile::<ImageNtHeaders32, &[u8]>::parse(bytes).map(|file| read_facts(&file, bytes)));
    of_any.unwrap_or_default()
}

fn read_facts<'d, Pe: ImageNtHeaders>(file: &PeFile<'d, Pe, &'d [u8]>, bytes: &'d [u8]) -> Facts {
    let header = file.nt_headers().file_header();
    let has = |id: usize| file.data_directory(id).is_some_and(|directory| directory.size.get(LE) > 0);
    let seconds = i64::from(header.time_date_stamp.get(LE));
    Facts {
        kind: if header.characteristics.get(LE) & IMAGE_FILE_DLL != 0 { "library" } else { "program" },
        is_signed: has(IMAGE_DIRECTORY_ENTRY_SECURITY),
        is_managed: has(IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR),
        linked: seconds.checked_mul(1_000_000).and_then(Time::from_micros).filter(|_| seconds > 0),
        version: version_resource(file, bytes).map(read_version).unwrap_or_default(),
    }
}

/// The bytes of the version resource.
fn version_resource<'d, Pe: ImageNtHeaders>(
    file: &PeFile<'d, Pe, &'d [u8]>,
    bytes: &'d [u8],
) -> Option<&'d [u8]> {
    let sections = file.section_table();
    let directory = file.data_directories().resource_directory(bytes, &sections).ok()??;
    let root = directory.root().ok()?;
    let mut entries = root.entries.iter().take(RESOURCES_MAX);
    let kind = entries.find(|entry| entry.name_or_id().id() == Some(VERSION_RESOURCE))?;
    let mut table: ResourceDirectoryTable<'_> = kind.data(directory).ok()?.table()?;
    // Below the kind come the name and the language; the first of each is taken.
    for _ in 0..3 {
        match table.entries.first()?.data(directory).ok()? {
            ResourceDirectoryEntryData::Table(below) => table = below,
            ResourceDirectoryEntryData::Data(data) => {
                let all = sections.pe_data_at(bytes, data.offset_to_data.get(LE))?;
                let size = usize::try_from(data.size.get(LE)).ok()?;
                return all.get(..size).or(Some(all));
            }
        }
    }
    None
}

/// Whether it is the program that an installation keeps in its `Bin`; the same lies in every unpacked update.
fn is_installed_setup(path: &WebPath) -> bool {
    let folder = path.directory.rsplit(['\\', '/']).next().unwrap_or_default();
    path.name.eq_ignore_ascii_case("exsetup.exe") && folder.eq_ignore_ascii_case("bin")
}

fn give(input: &Input<'_>, facts: &Facts, sink: &mut dyn Sink) -> ControlFlow<()> {
    let path = web_root_path::read(input.path);
    let version = &facts.version;
    if is_installed_setup(&path) && !version.file.is_empty() {
        // Without a time: its own dates are those of Microsoft's build, and a file that takes the name of another keeps
        // the other's time of creation.
        let (value, place) = (version.file.clone(), "version resource".to_owned());
        sink.fact(Fact { kind: FactKind::BuildInstalled, value, time: None, place });
    }
    let linked = facts.linked.map(|time| time.to_string()).unwrap_or_default();
    let (size, sha256) = (input.taken().to_string(), input.sha256_so_far());
    // Of headers that could not be read nothing is said, lest a cut copy looks like a library without signature.
    let said = |word: &'static str| if facts.kind.is_empty() { "" } else { word };
    let values: [&str; 15] = [
        input.path,
        &path.name,
        &path.directory,
        facts.kind,
        &version.file,
        &version.of_product,
        &version.company,
        &version.product,
        &version.description,
        &version.original,
        said(if facts.is_signed { "present" } else { "none" }),
        said(if facts.is_managed { "true" } else { "false" }),
        &linked,
        &size,
        &sha256,
    ];
    let values = values.map(|value| Some(value).filter(|value| !value.is_empty()));
    let mut table = Table::new(&LAYOUT);
    // It is the state of the host and has no time of its own: dates of programs are what their makers set.
    table.push(None, Position::default(), &values, sink)?;
    table.finish(sink)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_no_program_gives_nothing_and_does_not_panic() {
        for bytes in [&b""[..], b"MZ", &[0x4d; 200]] {
            let facts = super::describe(bytes);
            assert!(facts.kind.is_empty() && facts.version.file.is_empty());
        }
    }
}
