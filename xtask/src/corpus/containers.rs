//! Disk images and archives of the corpus, and what other tools make of them: every file's SHA-256 is compared with what
//! an independent reader gives (sleuthkit for images, 7-Zip and libarchive for archives).

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};
use vigie_container::image::{self, ImageFormat};
use vigie_container::ntfs::{Ntfs, State};
use vigie_container::volumes::{self, FileSystem};
use vigie_container::{Bytes, ReadAt, Reader, bytes};

use crate::tree;

/// What the independent readers are in, on Debian.
const PACKAGES: &[&str] = &["sleuthkit", "ewf-tools", "qemu-utils", "p7zip-full", "libarchive-tools"];

/// Images of the corpus with NTFS in them.
const NTFS_IMAGES: &[&str] = &[
    "dfvfs_test_data/test_data/windows_volume.qcow2",
    "velociraptor_collection/test.ntfs.dd.E01",
    "velociraptor_collection/partition_image.E01",
];

/// Images of the corpus that hold another file system, or lack their parent: named, not read.
const OTHER_IMAGES: &[(&str, &str)] = &[
    ("dfvfs_test_data/test_data/ext2.vhd", "ext2"),
    ("dfvfs_test_data/test_data/image.vhd", ""),
    ("dfvfs_test_data/test_data/image-differential.vhd", ""),
    ("dfvfs_test_data/test_data/fat-differential.vhd", ""),
];

/// Other formats that a disk is turned into, and how.
const FORMATS: &[(&str, &[&str])] = &[
    ("disk.vhdx", &["-O", "vhdx"]),
    ("disk.vmdk", &["-O", "vmdk"]),
    ("stream.vmdk", &["-O", "vmdk", "-o", "subformat=streamOptimized"]),
    ("flat.vmdk", &["-O", "vmdk", "-o", "subformat=monolithicFlat"]),
    ("two.vmdk", &["-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse"]),
    ("disk.vhd", &["-O", "vpc", "-o", "force_size=on"]),
    ("fixed.vhd", &["-O", "vpc", "-o", "subformat=fixed,force_size=on"]),
    ("packed.qcow2", &["-c", "-O", "qcow2"]),
];

type Hashes = BTreeMap<String, String>;

/// Compares what can be compared with the tools at hand; what cannot is named.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let scratch = tree::scratch("corpus-containers")?;
    install();
    let mut offences = Vec::new();
    for path in NTFS_IMAGES {
        let image = data.join(path);
        if let Err(error) = compare(&image, &scratch).map(|count| println!("  {path}: {count} streams equal"))
        {
            offences.push(format!("{path}: {error:#}"));
        }
    }
    for (path, expected) in OTHER_IMAGES {
        match named(&data.join(path)) {
            Ok(said) if said.contains(expected) => println!("  {path}: {said}"),
            Ok(said) => offences.push(format!("{path}: {said}")),
            Err(error) => println!("  {path}: not opened: {error:#}"),
        }
    }
    if let Err(error) = converted(&data.join(NTFS_IMAGES[0]), &scratch) {
        offences.push(format!("converted images: {error:#}"));
    }
    if let Err(error) = archives(&data.join("velociraptor_collection/LICENSE"), &scratch) {
        offences.push(format!("archives: {error:#}"));
    }
    ensure!(offences.is_empty(), "{}", offences.join("\n"));
    Ok(())
}

fn has(tool: &str) -> bool {
    Command::new(tool).arg("--help").output().is_ok()
}

/// Installs the independent readers where that is possible; what is missing after it is skipped by name.
fn install() {
    if ["fls", "ewfacquire", "qemu-img", "7z", "bsdtar"].iter().all(|tool| has(tool)) {
        return;
    }
    let mut command = Command::new("apt-get");
    command
        .args(["-o", "DPkg::Lock::Timeout=60", "install", "-y", "-qq", "--no-install-recommends"])
        .args(PACKAGES);
    let done = command.output().is_ok_and(|output| output.status.success());
    if !done {
        println!("  not installed: {}", PACKAGES.join(", "));
    }
}

/// A file read at places.
#[derive(Debug)]
struct OnDisk(std::fs::File, u64);

impl ReadAt for OnDisk {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(buffer, at)
    }
}

fn on_disk(path: &Path) -> std::io::Result<Bytes> {
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    Ok(Arc::new(OnDisk(file, size)))
}

fn open(path: &Path) -> anyhow::Result<Vec<volumes::Volume>> {
    let image = on_disk(path).with_context(|| format!("{}", path.display()))?;
    let head = bytes::take_at(image.as_ref(), 0, 4096)?;
    let tail = bytes::take_at(image.as_ref(), image.size().saturating_sub(512), 512)?;
    let format = if image::is_vhd_footer(&tail) { Some(ImageFormat::Vhd) } else { ImageFormat::of(&head) };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let sibling = |name: &str| {
        let path = path.with_file_name(name);
        if path.is_file() { on_disk(&path).map(Some) } else { Ok(None) }
    };
    let disk = image::open(format.context("no image")?, image, name, &sibling)?;
    for note in &disk.notes {
        println!("  {}: {note}", path.display());
    }
    Ok(volumes::list(&disk.bytes)?.0)
}

/// What is said of an image without NTFS.
fn named(path: &Path) -> anyhow::Result<String> {
    let words = open(path)?.iter().map(|volume| format!("{:?}", volume.system)).collect::<Vec<_>>();
    ensure!(!words.iter().any(|word| word == "Ntfs"), "NTFS");
    Ok(words.join(", "))
}

/// Every stream of every live file of the first NTFS volume.
fn ours(path: &Path) -> anyhow::Result<Hashes> {
    let volumes = open(path)?;
    let volume = volumes.iter().find(|volume| volume.system == FileSystem::Ntfs).context("no NTFS volume")?;
    let ntfs = Ntfs::open(&volume.bytes)?;
    let mut hashes = Hashes::new();
    for found in ntfs.list(1_000_000)?.found().filter(|found| found.state == State::Live) {
        let stream = ntfs.stream(found.record, &found.stream).with_context(|| found.path.clone())?;
        let name = if found.stream.is_empty() {
            found.path.clone()
        } else {
            format!("{}:{}", found.path, found.stream)
        };
        hashes.insert(name, sha256(&mut Reader::new(Arc::new(stream)))?);
    }
    Ok(hashes)
}

fn sha256(reader: &mut dyn Read) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    let mut room = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut room)?;
        if count == 0 {
            return Ok(hasher.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")));
        }
        hasher.update(&room[..count]);
    }
}

/// The same by sleuthkit.
fn theirs(path: &Path) -> anyhow::Result<Hashes> {
    let output = Command::new("fls").args(["-r", "-p"]).arg(path).output()?;
    ensure!(output.status.success(), "fls: {}", String::from_utf8_lossy(&output.stderr));
    let mut hashes = Hashes::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((head, name)) = line.split_once(":\t") else { continue };
        let Some((kind, place)) = head.split_once(' ') else { continue };
        // Live data streams only: deleted ones carry an asterisk, indexes another type. Of the map of bad clusters, a
        // hole as large as the volume, the two readers have different opinions.
        let is_data = kind == "r/r" && !place.starts_with('*') && place.contains("-128-");
        if !is_data || name == "$BadClus:$Bad" {
            continue;
        }
        let content = Command::new("icat").arg(path).arg(place).output()?;
        hashes.insert(name.to_owned(), sha256(&mut content.stdout.as_slice())?);
    }
    Ok(hashes)
}

/// An image as sleuthkit can read it.
fn readable(image: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    if image.extension().is_none_or(|ending| ending != "qcow2") {
        return Ok(image.to_owned());
    }
    let raw = scratch.join("readable.raw");
    convert(&["-O", "raw"], image, &raw)?;
    Ok(raw)
}

fn convert(how: &[&str], from: &Path, to: &Path) -> anyhow::Result<()> {
    let output = Command::new("qemu-img").arg("convert").args(how).arg(from).arg(to).output()?;
    ensure!(output.status.success(), "qemu-img: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn compare(image: &Path, scratch: &Path) -> anyhow::Result<usize> {
    let ours = ours(image)?;
    if !has("fls") || !has("qemu-img") {
        println!("  sleuthkit or qemu-img is not there: {} is read, not compared", image.display());
        return Ok(0);
    }
    equal(&ours, &theirs(&readable(image, scratch)?)?)
}

/// Every stream of the other reader is ours too, byte for byte.
fn equal(ours: &Hashes, theirs: &Hashes) -> anyhow::Result<usize> {
    ensure!(!theirs.is_empty(), "the other reader found nothing");
    for (name, hash) in theirs {
        match ours.get(name) {
            Some(mine) if mine == hash => {}
            Some(mine) => bail!("{name}: {mine} here, {hash} there"),
            None => bail!("{name} is missing; there are {:?}", ours.keys().collect::<Vec<_>>()),
        }
    }
    Ok(theirs.len())
}

/// The same volume in every format that the tools at hand can write.
fn converted(image: &Path, scratch: &Path) -> anyhow::Result<()> {
    if !has("qemu-img") {
        println!("  qemu-img is not there: no converted images");
        return Ok(());
    }
    let expected = ours(image)?;
    for (name, how) in FORMATS {
        let to = scratch.join(name);
        convert(how, image, &to)?;
        equal(&ours(&to).context(*name)?, &expected).context(*name)?;
    }
    let raw = scratch.join("disk.raw");
    convert(&["-O", "raw"], image, &raw)?;
    let whole = std::fs::read(&raw)?;
    for (index, piece) in whole.chunks(whole.len() / 3 + 1).enumerate() {
        std::fs::write(scratch.join(format!("split.{:03}", index + 1)), piece)?;
    }
    equal(&ours(&scratch.join("split.001")).context("split")?, &expected).context("split")?;
    let mut formats = FORMATS.len() + 1;
    if has("ewfacquire") {
        for (target, how) in [("packed", ["-c", "best"]), ("plain", ["-c", "none"])] {
            let mut command = Command::new("ewfacquire");
            command.args(["-u", "-q", "-f", "encase6", "-S", "4194304"]).args(how);
            let output = command.arg("-t").arg(scratch.join(target)).arg(&raw).output()?;
            ensure!(output.status.success(), "ewfacquire: {}", String::from_utf8_lossy(&output.stderr));
            equal(&ours(&scratch.join(format!("{target}.E01"))).context(target)?, &expected)
                .context(target)?;
            formats += 1;
        }
    }
    println!("  {} streams equal in {formats} converted images", expected.len());
    Ok(())
}

/// The corpus' file packed by other tools, and read back by `collection`.
fn archives(file: &Path, scratch: &Path) -> anyhow::Result<()> {
    let expected = sha256(&mut std::fs::File::open(file)?)?;
    let folder = scratch.join("pack");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(file, folder.join("evidence.bin"))?;
    let plans: &[(&str, &[&str])] = &[
        ("7z", &["a", "-bso0", "-bsp0", "-psecret", "-mhe=on", "p.7z", "evidence.bin"]),
        ("7z", &["a", "-bso0", "-bsp0", "-psecret", "-mem=AES256", "p.zip", "evidence.bin"]),
        ("bsdtar", &["-cJf", "p.tar.xz", "evidence.bin"]),
        ("bsdtar", &["--zstd", "-cf", "p.tar.zst", "evidence.bin"]),
        ("bsdtar", &["-czf", "p.tar.gz", "evidence.bin"]),
    ];
    for (tool, arguments) in plans {
        if !has(tool) {
            println!("  {tool} is not there: its archives are not compared");
            continue;
        }
        let output = Command::new(tool).args(*arguments).current_dir(&folder).output()?;
        ensure!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::remove_file(folder.join("evidence.bin"))?;
    let passwords = [vigie_parse::collection::Password::new(b"secret")];
    let limits = vigie_parse::Limits::default();
    let mut equal = 0;
    for archive in tree::all_files(&folder)? {
        let collections =
            vigie_parse::collection::open_with(std::slice::from_ref(&archive), &limits, &passwords);
        let evidence = collections.iter().flat_map(|collection| &collection.evidence);
        for evidence in evidence.filter(|evidence| evidence.path.ends_with("evidence.bin")) {
            let hash = sha256(&mut evidence.open(&limits)?).with_context(|| evidence.path.clone())?;
            ensure!(hash == expected, "{}: {hash} instead of {expected}", evidence.path);
            equal += 1;
        }
    }
    ensure!(equal > 0, "no archive was read back");
    println!("  {equal} archives of other tools give the same bytes");
    Ok(())
}
