//! Disk images: the same disk in every format, and disks as an attacker would make them. `tests/samples/README.md` says how
//! the disk was made.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::LazyLock;

use tempfile::TempDir;
use vigie_model::diagnostic::Code;
use vigie_parse::{Collection, Limits, open, read};

use crate::containers::{evidence, read_path};
use crate::recorder::Recorder;

/// A GPT disk of 12 MiB: a boot partition, and an NTFS volume at 128 KiB.
static DISK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/ntfs-disk.raw.xz")).unwrap();
    let mut disk = Vec::new();
    lzma_rust2::XzReader::new(packed.as_slice(), false).read_to_end(&mut disk).unwrap();
    disk
});
const VOLUME: usize = 256 * 512;
const LOGS: &str = "inetpub/logs/LogFiles/W3SVC1";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(root.path().join(name), bytes).unwrap();
    }
    root
}

fn open_in(root: &TempDir, name: &str) -> Vec<Collection> {
    open(&[root.path().join(name)], &Limits::default())
}

fn said(collections: &[Collection]) -> Vec<(Code, String)> {
    let all = collections.iter().flat_map(|collection| &collection.diagnostics);
    all.map(|diagnostic| (diagnostic.code, format!("{}: {}", diagnostic.path, diagnostic.message))).collect()
}

/// The logs of the disk give their events: small, in many clusters, compressed.
fn assert_logs(collections: &[Collection], label: &str) {
    let logs = [("u_ex210303.log", 1), ("u_ex210304.log", 3000), ("packed/u_ex210305.log", 3000)];
    for (log, events) in logs {
        let report = read_path(collections, &format!("{label}!/{LOGS}/{log}"));
        assert_eq!(
            (report.entry.events, report.entry.rejected_bytes),
            (events, 0),
            "{label} {log} {report:?}"
        );
        let windows = format!("C:\\{}\\{}", LOGS.replace('/', "\\"), log.replace('/', "\\"));
        assert_eq!(report.entry.host_path.as_deref(), Some(windows.as_str()));
    }
}

#[test]
fn a_raw_disk_gives_what_parsers_ask_for_and_names_the_rest() {
    let root = folder(&[("d.raw", &DISK)]);
    let collections = open_in(&root, "d.raw");
    assert_logs(&collections, "d.raw!/p2");
    let paths: Vec<&str> = evidence(&collections).iter().map(|it| it.path.as_str()).collect();
    for wanted in [
        "d.raw!/p2!/$MFT",
        "d.raw!/p2!/Windows/System32/config/SYSTEM",
        "d.raw!/p2!/inetpub/wwwroot/aspnet_client/page.aspx",
        "d.raw!/p2!/inetpub/wwwroot/aspnet_client/page.aspx:Zone.Identifier",
        "d.raw!/p2!/inetpub/logs/many.log",
    ] {
        assert!(paths.contains(&wanted), "{wanted} is not in {paths:?}");
    }
    let said = said(&collections);
    let expected = [
        (Code::VolumeUnread, "d.raw!/p1: 102400 bytes without a known file system"),
        (Code::ShadowUnread, "d.raw!/p2: 1 files of shadow copies"),
        (Code::DeletedFile, "d.raw!/p2: 1434 deleted files are named in the file table"),
    ];
    for (code, text) in expected {
        assert!(
            said.iter().any(|(it, told)| *it == code && told.starts_with(text)),
            "{code:?} {text}: {said:?}"
        );
    }
    assert!(said.iter().any(|(code, _)| *code == Code::NotAsked));
    assert!(said.iter().all(|(code, _)| *code != Code::ContainerDamaged), "{said:?}");
}

#[test]
fn streams_have_their_bytes() {
    let root = folder(&[("d.raw", &DISK)]);
    let collections = open_in(&root, "d.raw");
    let content = |path: &str| {
        let path = format!("d.raw!/p2!/{path}");
        let mut bytes = Vec::new();
        let all = evidence(&collections);
        let found = all.iter().find(|it| it.path == path).unwrap();
        found.open(&Limits::default()).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, found.size, "{path}");
        bytes
    };
    assert_eq!(content("inetpub/wwwroot/aspnet_client/page.aspx"), b"an invented page\n");
    assert_eq!(
        content("inetpub/wwwroot/aspnet_client/page.aspx:Zone.Identifier"),
        b"[ZoneTransfer]\r\nZoneId=3\r\n"
    );
    let holes = content("inetpub/logs/holes.log");
    assert_eq!(&holes[200_000..200_004], b"end\n");
    assert_eq!(holes.iter().filter(|byte| **byte != 0).count(), 4);
    // In hundreds of pieces, whose runs do not fit one record.
    let many = content("inetpub/logs/many.log");
    assert!(many.chunks(4096).enumerate().all(|(at, part)| {
        let letter = b'a' + u8::try_from((at + 1) % 26).unwrap();
        part.iter().all(|byte| *byte == letter)
    }));
}

#[test]
fn what_no_parser_takes_is_not_read_to_its_end() {
    let root = folder(&[("d.raw", &DISK)]);
    let collections = open_in(&root, "d.raw");
    let report = read_path(&collections, "d.raw!/p2!/inetpub/logs/many.log");
    assert_eq!((report.entry.sha256, report.entry.rejected_bytes), (None, report.entry.size));
    assert!(report.entry.unread.unwrap().contains("neither read nor hashed"));
}

#[test]
fn the_same_disk_in_every_format() {
    let pieces: Vec<&[u8]> = DISK.chunks(5 << 20).collect();
    let segments = ewf(&DISK, 5 << 20);
    let flat = format!(
        "# Disk DescriptorFile\nparentCID=ffffffff\nRW {} FLAT \"e-flat.vmdk\" 0\n",
        DISK.len() / 512
    );
    let root = folder(&[
        ("a.001", pieces[0]),
        ("a.002", pieces[1]),
        ("a.003", pieces[2]),
        ("b.E01", &segments[0]),
        ("b.E02", &segments[1]),
        ("b.E03", &segments[2]),
        ("c.vhd", &vhd(&DISK)),
        ("d.vmdk", &vmdk(&DISK)),
        ("e.vmdk", flat.as_bytes()),
        ("e-flat.vmdk", &DISK),
        ("f.qcow2", &qcow2(&DISK)),
        ("g.vhdx", &vhdx(&DISK)),
    ]);
    for name in ["a.001", "b.E01", "c.vhd", "d.vmdk", "e.vmdk", "f.qcow2", "g.vhdx"] {
        let collections = open_in(&root, name);
        assert_logs(&collections, &format!("{name}!/p2"));
        let damaged = said(&collections).into_iter().find(|(code, _)| *code == Code::ContainerDamaged);
        assert_eq!(damaged, None, "{name}");
    }
    // Any piece stands for the whole, and several of one image are one.
    let several: Vec<_> = ["b.E02", "b.E01", "b.E03"].iter().map(|name| root.path().join(name)).collect();
    let collections = open(&several, &Limits::default());
    assert_eq!(collections.len(), 1);
    assert_logs(&collections, "b.E01!/p2");
    // In a folder as well: seven images, and no piece on its own.
    let labels: std::collections::BTreeSet<String> = open(&[root.path().to_owned()], &Limits::default())
        .iter()
        .flat_map(|it| &it.evidence)
        .map(|it| it.path.split('!').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        labels.into_iter().collect::<Vec<_>>(),
        ["a.001", "b.E01", "c.vhd", "d.vmdk", "e.vmdk", "f.qcow2", "g.vhdx"]
    );
}

#[test]
fn a_missing_segment_is_named_and_the_rest_read() {
    let segments = ewf(&DISK, 5 << 20);
    let root = folder(&[("b.E01", &segments[0]), ("b.E02", &segments[1])]);
    let collections = open_in(&root, "b.E01");
    let said = said(&collections);
    assert!(said.iter().any(|(_, text)| text.contains("segment 3 (b.E03) is not there")), "{said:?}");
    assert!(evidence(&collections).iter().any(|it| it.path.ends_with("$MFT")));
}

#[test]
fn an_image_inside_an_archive_is_read_in_place() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("disk.vhdx", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(&vhdx(&DISK)).unwrap();
    let packed = writer.finish().unwrap().into_inner();
    let root = folder(&[("k.zip", &packed)]);
    assert_logs(&open_in(&root, "k.zip"), "k.zip!/disk.vhdx!/p2");
}

#[test]
fn encrypted_and_foreign_volumes_are_named() {
    let mut bitlocker = DISK.clone();
    bitlocker[VOLUME + 3..VOLUME + 11].copy_from_slice(b"-FVE-FS-");
    let mut refs = DISK.clone();
    refs[VOLUME + 3..VOLUME + 11].copy_from_slice(b"ReFS\0\0\0\0");
    let root = folder(&[("b.raw", &bitlocker), ("r.raw", &refs)]);
    for (name, code, text) in [("b.raw", Code::Encrypted, "BitLocker"), ("r.raw", Code::KnownUnread, "ReFS")]
    {
        let collections = open_in(&root, name);
        let said = said(&collections);
        assert!(said.iter().any(|(it, told)| *it == code && told.contains(text)), "{said:?}");
        // Never silently empty.
        assert_eq!(evidence(&collections).len(), 1);
    }
}

#[test]
fn tables_that_lead_outside_or_in_circles_end() {
    // A chain of logical partitions that comes back to itself.
    let mut ring = vec![0; 1 << 20];
    let entry = |kind: u8, start: u32, len: u32| {
        let mut entry = [0; 16];
        entry[4] = kind;
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..16].copy_from_slice(&len.to_le_bytes());
        entry
    };
    ring[446..462].copy_from_slice(&entry(5, 8, 1000));
    ring[8 * 512 + 446..8 * 512 + 462].copy_from_slice(&entry(7, 1, 10));
    ring[8 * 512 + 462..8 * 512 + 478].copy_from_slice(&entry(5, 0, 10));
    for at in [510, 8 * 512 + 510] {
        ring[at..at + 2].copy_from_slice(b"\x55\xaa");
    }
    // Every table of a VMDK far beyond its end; every block of a VHD and VHDX too.
    let mut grains = vmdk(&DISK);
    grains[512..1024].fill(0x7f);
    let mut blocks = vhd(&DISK);
    blocks[1536..1600].fill(0x7f);
    let mut table = vhdx(&DISK);
    table[3 << 20..(3 << 20) + 512].fill(0xfe);
    let root = folder(&[("ring.raw", &ring), ("g.vmdk", &grains), ("b.vhd", &blocks), ("t.vhdx", &table)]);
    for name in ["ring.raw", "g.vmdk", "b.vhd", "t.vhdx"] {
        let collections = open_in(&root, name);
        assert_eq!(evidence(&collections).len(), 1, "{name}");
        for it in evidence(&collections) {
            let entry = read(it, &Limits::default(), &mut Recorder::default()).entry;
            assert_eq!(entry.size, entry.parsed_bytes + entry.rejected_bytes);
        }
    }
    let told = said(&open_in(&root, "ring.raw"));
    assert!(told.iter().any(|(_, text)| text.contains("comes back to sector 8")), "{told:?}");
}

#[test]
fn a_damaged_file_table_ends_and_costs_only_itself() {
    let table = VOLUME + usize::try_from(mft_cluster()).unwrap() * 4096;
    let root = TempDir::new().unwrap();
    // Parents that are their own children, and bytes changed all over the table.
    let mut loops = DISK.clone();
    for record in (table + 64 * 1024..table + 170 * 1024).step_by(1024) {
        let name = (record..record + 500).find(|at| loops[*at..*at + 4] == [0x30, 0, 0, 0]);
        if let Some(at) = name {
            let own = u64::try_from((record - table) / 1024).unwrap();
            loops[at + 24..at + 30].copy_from_slice(&own.to_le_bytes()[..6]);
        }
    }
    let mut damaged = vec![loops];
    for step in [97, 331, 1013] {
        let mut flipped = DISK.clone();
        for at in (table..table + 160 * 1024).step_by(step) {
            flipped[at] ^= 0x55;
        }
        damaged.push(flipped);
    }
    for at in [600, VOLUME + 40, table + 100, table + 2000, DISK.len() / 2] {
        damaged.push(DISK[..at].to_vec());
    }
    for bytes in damaged {
        crate::containers::read_all(&root.path().join("x.raw"), &bytes);
    }
}

#[test]
fn images_cut_or_flipped_do_not_panic() {
    let root = TempDir::new().unwrap();
    // Headers and tables stand at the beginning, of a VHDX in its first four MiB.
    let small = &DISK[..1 << 20];
    let images = [
        ("e.E01", ewf(small, 1 << 20).remove(0)),
        ("v.vhd", vhd(small)),
        ("m.vmdk", vmdk(small)),
        ("q.qcow2", qcow2(small)),
    ];
    for (name, bytes) in images {
        for at in (0..bytes.len().min(2048)).step_by(41) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0xa5;
            crate::containers::read_all(&root.path().join(name), &flipped);
            crate::containers::read_all(&root.path().join(name), &bytes[..at]);
        }
    }
}

fn mft_cluster() -> u64 {
    u64::from_le_bytes(DISK[VOLUME + 48..VOLUME + 56].try_into().unwrap())
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u64, 0_u64);
    for byte in bytes {
        low = (low + u64::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    u32::try_from((high << 16) | low).unwrap()
}

/// An E01 in segments of `bytes` of the disk each, every second chunk compressed.
fn ewf(disk: &[u8], bytes: usize) -> Vec<Vec<u8>> {
    const CHUNK: usize = 32_768;
    let parts: Vec<&[u8]> = disk.chunks(bytes).collect();
    let section = |out: &mut Vec<u8>, name: &[u8], body: &[u8]| {
        let mut head = vec![0; 76];
        head[..name.len()].copy_from_slice(name);
        let size = (76 + body.len()) as u64;
        let is_last = matches!(name, b"next" | b"done");
        let next = out.len() as u64 + if is_last { 0 } else { size };
        head[16..24].copy_from_slice(&next.to_le_bytes());
        head[24..32].copy_from_slice(&size.to_le_bytes());
        let sum = adler32(&head[..72]);
        head[72..76].copy_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(body);
    };
    let mut segments = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let mut out = b"EVF\x09\x0d\x0a\xff\x00\x01".to_vec();
        out.extend_from_slice(&u16::try_from(index + 1).unwrap().to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        if index == 0 {
            let mut volume = vec![0; 94];
            volume[8..12].copy_from_slice(&64_u32.to_le_bytes());
            volume[12..16].copy_from_slice(&512_u32.to_le_bytes());
            volume[16..24].copy_from_slice(&((disk.len() / 512) as u64).to_le_bytes());
            section(&mut out, b"volume", &volume);
        }
        let base = out.len() + 76;
        let (mut data, mut entries) = (Vec::new(), Vec::new());
        for (number, chunk) in part.chunks(CHUNK).enumerate() {
            let offset = u32::try_from(base + data.len()).unwrap();
            if number % 2 == 0 {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(chunk).unwrap();
                data.extend(encoder.finish().unwrap());
                entries.extend((offset | 1 << 31).to_le_bytes());
            } else {
                data.extend_from_slice(chunk);
                data.extend(adler32(chunk).to_le_bytes());
                entries.extend(offset.to_le_bytes());
            }
        }
        section(&mut out, b"sectors", &data);
        let mut table = u32::try_from(entries.len() / 4).unwrap().to_le_bytes().to_vec();
        table.resize(24, 0);
        table.extend(entries);
        section(&mut out, b"table", &table);
        section(&mut out, if index + 1 == parts.len() { b"done" } else { b"next" }, &[]);
        segments.push(out);
    }
    segments
}

/// A dynamic VHD of blocks of 2 MiB, those of zeros left out.
fn vhd(disk: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 2 << 20;
    let mut footer = vec![0; 512];
    footer[..8].copy_from_slice(b"conectix");
    footer[16..24].copy_from_slice(&512_u64.to_be_bytes());
    footer[48..56].copy_from_slice(&(disk.len() as u64).to_be_bytes());
    footer[60..64].copy_from_slice(&3_u32.to_be_bytes());
    let blocks: Vec<&[u8]> = disk.chunks(BLOCK).collect();
    let mut header = vec![0; 1024];
    header[..8].copy_from_slice(b"cxsparse");
    header[16..24].copy_from_slice(&1536_u64.to_be_bytes());
    header[28..32].copy_from_slice(&u32::try_from(blocks.len()).unwrap().to_be_bytes());
    header[32..36].copy_from_slice(&u32::try_from(BLOCK).unwrap().to_be_bytes());
    let mut out = [footer.clone(), header].concat();
    let mut table = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    for block in &blocks {
        if block.iter().all(|byte| *byte == 0) {
            table.extend(u32::MAX.to_be_bytes());
            continue;
        }
        table.extend(u32::try_from((2048 + data.len()) / 512).unwrap().to_be_bytes());
        data.extend([0xff; 512]);
        data.extend_from_slice(block);
        data.resize(data.len() + BLOCK - block.len(), 0);
    }
    table.resize(512, 0xff);
    out.extend(table);
    out.extend(data);
    out.extend(footer);
    out
}

/// A sparse VMDK with grains of 64 KiB.
fn vmdk(disk: &[u8]) -> Vec<u8> {
    const GRAIN: usize = 65_536;
    let tables = disk.len().div_ceil(GRAIN * 512);
    let mut out = vec![0; 512];
    out[..4].copy_from_slice(b"KDMV");
    for (at, value) in [(12, disk.len() / 512), (20, GRAIN / 512), (56, 1)] {
        out[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
    }
    out[44..48].copy_from_slice(&512_u32.to_le_bytes());
    let mut directory: Vec<u8> =
        (0..tables).flat_map(|table| u32::try_from(2 + table * 4).unwrap().to_le_bytes()).collect();
    directory.resize(512, 0);
    let mut sectors = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    let first = 2 + tables * 4;
    for grain in disk.chunks(GRAIN) {
        if grain.iter().all(|byte| *byte == 0) {
            sectors.extend(0_u32.to_le_bytes());
            continue;
        }
        sectors.extend(u32::try_from(first + data.len() / 512).unwrap().to_le_bytes());
        data.extend_from_slice(grain);
    }
    sectors.resize(tables * 2048, 0);
    [out, directory, sectors, data].concat()
}

/// A qcow2 with clusters of 64 KiB.
fn qcow2(disk: &[u8]) -> Vec<u8> {
    const CLUSTER: usize = 65_536;
    let mut out = vec![0; CLUSTER * 3];
    out[..8].copy_from_slice(b"QFI\xfb\0\0\0\x02");
    out[20..24].copy_from_slice(&16_u32.to_be_bytes());
    out[24..32].copy_from_slice(&(disk.len() as u64).to_be_bytes());
    out[36..40].copy_from_slice(&1_u32.to_be_bytes());
    out[40..48].copy_from_slice(&(CLUSTER as u64).to_be_bytes());
    out[CLUSTER..CLUSTER + 8].copy_from_slice(&(CLUSTER as u64 * 2).to_be_bytes());
    for (index, cluster) in disk.chunks(CLUSTER).enumerate() {
        if cluster.iter().any(|byte| *byte != 0) {
            let place = out.len() as u64;
            let at = CLUSTER * 2 + index * 8;
            out[at..at + 8].copy_from_slice(&place.to_be_bytes());
            out.extend_from_slice(cluster);
            out.resize(out.len().next_multiple_of(CLUSTER), 0);
        }
    }
    out
}

/// A VHDX with blocks of 1 MiB: headers, one table of regions, metadata at 2 MiB, the table of blocks at 3 MiB.
fn vhdx(disk: &[u8]) -> Vec<u8> {
    const MIB: usize = 1 << 20;
    let mut out = vec![0; 4 * MIB];
    out[..8].copy_from_slice(b"vhdxfile");
    let mut header = vec![0; 4096];
    header[..4].copy_from_slice(b"head");
    header[8] = 1;
    seal(&mut header);
    out[64 << 10..(64 << 10) + 4096].copy_from_slice(&header);
    let mut regions = vec![0; 64 << 10];
    regions[..4].copy_from_slice(b"regi");
    regions[8] = 2;
    let guids = [
        (*b"\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08", 3 * MIB),
        (*b"\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e", 2 * MIB),
    ];
    for (index, (guid, place)) in guids.iter().enumerate() {
        let at = 16 + index * 32;
        regions[at..at + 16].copy_from_slice(guid);
        regions[at + 16..at + 24].copy_from_slice(&(*place as u64).to_le_bytes());
        regions[at + 24..at + 28].copy_from_slice(&u32::try_from(MIB).unwrap().to_le_bytes());
    }
    seal(&mut regions);
    out[192 << 10..256 << 10].copy_from_slice(&regions);
    let items: [(&[u8; 16], u64); 3] = [
        (b"\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", MIB as u64),
        (b"\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8", disk.len() as u64),
        (b"\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f", 512),
    ];
    out[2 * MIB..2 * MIB + 8].copy_from_slice(b"metadata");
    out[2 * MIB + 10] = 3;
    for (index, (guid, value)) in items.iter().enumerate() {
        let (at, place) = (2 * MIB + 32 + index * 32, (64 << 10) + index * 8);
        out[at..at + 16].copy_from_slice(*guid);
        out[at + 16..at + 20].copy_from_slice(&u32::try_from(place).unwrap().to_le_bytes());
        out[2 * MIB + place..2 * MIB + place + 8].copy_from_slice(&value.to_le_bytes());
    }
    for (index, block) in disk.chunks(MIB).enumerate() {
        let entry = ((out.len() / MIB) as u64) << 20 | 6;
        out[3 * MIB + index * 8..3 * MIB + index * 8 + 8].copy_from_slice(&entry.to_le_bytes());
        out.extend_from_slice(block);
        out.resize(out.len().next_multiple_of(MIB), 0);
    }
    out
}

/// Puts the checksum of a structure of a VHDX in its place.
fn seal(structure: &mut [u8]) {
    let sum = !structure.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    });
    structure[4..8].copy_from_slice(&sum.to_le_bytes());
}
