//! Disk images: the disk inside, read at any place. Chunks are decompressed as they are asked for, and a few are kept.

mod ewf;
mod qcow2;
mod split;
mod vhd;
mod vhdx;
mod vhdx_log;
mod vmdk;

use std::io;

use crate::{Bytes, Failure, Kind};

/// Other files beside an image, by name: `None` when there is none of that name. Whoever gives it holds it to one folder.
pub type Siblings<'a> = &'a dyn Fn(&str) -> io::Result<Option<Bytes>>;

/// The formats of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// The disk as it is, in one file or in numbered pieces.
    Raw,
    /// `EnCase`, E01.
    Ewf,
    /// Virtual PC and Hyper-V before 2012.
    Vhd,
    /// Hyper-V.
    Vhdx,
    /// `VMware`: sparse, or a descriptor with its extents.
    Vmdk,
    /// QEMU.
    Qcow2,
    /// A format that is recognised and not read.
    Unread(&'static str),
}

/// A disk.
#[derive(Debug)]
pub struct Disk {
    /// Its bytes.
    pub bytes: Bytes,
    /// What a reader of the results should know: missing pieces, a log that was not replayed.
    pub notes: Vec<String>,
}

impl ImageFormat {
    /// By the first bytes (at least 512 of them) of a file.
    pub fn of(head: &[u8]) -> Option<ImageFormat> {
        const MAGICS: &[(&[u8], ImageFormat)] = &[
            (b"EVF\x09\x0d\x0a\xff\x00", ImageFormat::Ewf),
            (b"EVF2\x0d\x0a\x81\x00", ImageFormat::Unread("an EnCase image of the second format (Ex01)")),
            (b"LVF\x09\x0d\x0a\xff\x00", ImageFormat::Unread("an EnCase logical image (L01)")),
            (
                b"LEF2\x0d\x0a\x81\x00",
                ImageFormat::Unread("an EnCase logical image of the second format (Lx01)"),
            ),
            (b"vhdxfile", ImageFormat::Vhdx),
            (b"conectix", ImageFormat::Vhd),
            (b"KDMV", ImageFormat::Vmdk),
            (b"COWD", ImageFormat::Unread("a sparse disk of VMware ESX (COWD)")),
            (b"# Disk DescriptorFile", ImageFormat::Vmdk),
            (b"QFI\xfb", ImageFormat::Qcow2),
            (b"AFF10", ImageFormat::Unread("an AFF image")),
        ];
        let known = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format);
        known.or_else(|| crate::volumes::is_disk(head).then_some(ImageFormat::Raw))
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            ImageFormat::Raw => "raw disk",
            ImageFormat::Ewf => "EnCase image",
            ImageFormat::Vhd => "VHD",
            ImageFormat::Vhdx => "VHDX",
            ImageFormat::Vmdk => "VMDK",
            ImageFormat::Qcow2 => "qcow2",
            ImageFormat::Unread(name) => name,
        }
    }
}

/// Opens the disk in an image. `name` is the image's own file name, by which its further pieces are found.
///
/// # Errors
/// When the image is damaged beyond use, of a kind that is not read, or lacks a piece that nothing can do without.
pub fn open(format: ImageFormat, image: Bytes, name: &str, siblings: Siblings<'_>) -> io::Result<Disk> {
    match format {
        ImageFormat::Raw => split::open(image, name, siblings),
        ImageFormat::Ewf => ewf::open(image, name, siblings),
        ImageFormat::Vhd => vhd::open(image, siblings),
        ImageFormat::Vhdx => vhdx::open(image),
        ImageFormat::Vmdk => vmdk::open(image, siblings),
        ImageFormat::Qcow2 => qcow2::open(image),
        ImageFormat::Unread(name) => {
            Err(Failure::new(Kind::Unsupported, format!("{name}: recognised, not read")).into())
        }
    }
}

/// Whether a file is a further piece of an image, and the name of the file that stands for the whole, by its own name
/// and first bytes.
pub fn first_piece(name: &str, head: &[u8]) -> Option<String> {
    ewf::first_segment(name, head).or_else(|| split::first_piece(name)).or_else(|| vmdk::descriptor_of(name))
}

/// Whether the last bytes of a file are the footer of a fixed VHD, which has no head.
pub fn is_vhd_footer(tail: &[u8]) -> bool {
    tail.starts_with(b"conectix")
}
