//! tar archives: ustar, GNU and pax, listed in one pass over their headers.
//!
//! Described in <https://www.gnu.org/software/tar/manual/html_node/Standard.html> and POSIX.1-2017 (pax). Read here,
//! not by a library, because a damaged archive must still give what stands behind the damage, and because a name or a
//! size in a header must cost no memory.

mod header;
mod pax;

use std::io::{self, Read};

use crate::sparse::{self, Piece};
use crate::{Failure, bytes};
use header::Header;
use pax::Extended;

/// Headers and data come in units of this size.
const BLOCK: u64 = 512;
/// Bytes of an extended header or a long name that are read; the rest is skipped and said.
const EXTENDED_BYTES_MAX: u64 = 1 << 20;
/// Pieces of one sparse file.
const PIECES_MAX: usize = 200_000;
/// Bytes of a file that are looked at while listing.
const HEAD_BYTES: usize = 4096;

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name as it stands there.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// Its size in bytes, holes included.
    pub size: u64,
    /// Where its stored bytes begin in the archive.
    pub offset: u64,
    /// How many bytes are stored.
    pub stored: u64,
    /// Last modification, in seconds since 1970, and nanoseconds.
    pub modified: Option<(i64, u32)>,
    /// For a sparse file: the pieces that are stored.
    pub pieces: Option<Vec<Piece>>,
    /// The first bytes, where the caller asked to keep them.
    pub head: Vec<u8>,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Another name for an earlier member.
    HardLink(Vec<u8>),
    /// A symbolic link to this.
    SymbolicLink(Vec<u8>),
    /// A device, a pipe, or a kind of which only the letter is known.
    Special(u8),
}

/// What could be listed.
#[derive(Debug, Default)]
pub struct Listing {
    /// The members, in their order.
    pub members: Vec<Member>,
    /// The first thing that is wrong with the archive, and where.
    pub damage: Option<String>,
    /// Whether there are more members than asked for.
    pub cut: bool,
}

/// An archive as a stream that may know a faster way over what nobody asks for.
pub trait Tape: Read {
    /// Skips bytes; says how many were there.
    ///
    /// # Errors
    /// As reading.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// A stream that can only be read.
pub struct Forward<R>(pub R);

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Tape for Forward<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut self.0.by_ref().take(count), &mut io::sink())
    }
}

impl Tape for bytes::Reader {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let (at, size) = (self.place(), self.size());
        let count = count.min(size.saturating_sub(at));
        self.jump(at.saturating_add(count));
        Ok(count)
    }
}

/// Whether the first bytes are a tar's: a header whose checksum is right.
pub fn is_tar(head: &[u8]) -> bool {
    head.get(..512).and_then(Header::of).is_some_and(|header| !header.name.is_empty())
}

/// Lists the members of an archive, at most `members_max`. `keep` says which files' first bytes stay with them.
pub fn list(tape: &mut dyn Tape, members_max: usize, keep: &dyn Fn(&[u8]) -> bool) -> Listing {
    let mut lister = Lister { tape, at: 0, listing: Listing::default(), keep };
    if let Err(error) = lister.run(members_max) {
        let at = lister.at;
        lister.damage(format!("at offset {at}: {error}"));
    }
    lister.listing
}

struct Lister<'a> {
    tape: &'a mut dyn Tape,
    at: u64,
    listing: Listing,
    keep: &'a dyn Fn(&[u8]) -> bool,
}

impl Lister<'_> {
    fn damage(&mut self, message: String) {
        self.listing.damage.get_or_insert(message);
    }

    fn run(&mut self, members_max: usize) -> io::Result<()> {
        let mut global = Extended::default();
        let mut next = Extended::default();
        let mut lost_from: Option<u64> = None;
        // Ends with the bytes: each turn takes a block of them.
        while let Some(block) = self.block()? {
            let here = self.at.saturating_sub(BLOCK);
            if block.iter().all(|byte| *byte == 0) {
                continue;
            }
            let Some(header) = Header::of(&block) else {
                lost_from.get_or_insert(here);
                continue;
            };
            if let Some(from) = lost_from.take() {
                self.damage(format!("no header from offset {from} to {here}"));
            }
            match header.letter {
                b'x' | b'X' => next.read_pax(&self.extended(header.size)?),
                b'g' => global.read_pax(&self.extended(header.size)?),
                b'L' => next.name = Some(pax::until_nul(&self.extended(header.size)?)),
                b'K' => next.link = Some(pax::until_nul(&self.extended(header.size)?)),
                b'V' => self.skip(padded(header.size))?,
                _ => {
                    if self.listing.members.len() >= members_max {
                        self.listing.cut = true;
                        return Ok(());
                    }
                    let extended = std::mem::take(&mut next).over(&global);
                    self.member(&header, extended)?;
                }
            }
        }
        if let Some(from) = lost_from {
            self.damage(format!("no header from offset {from} to the end at {}", self.at));
        }
        Ok(())
    }

    /// The next block; `None` at the end. A last part of a block is said to be damage.
    fn block(&mut self) -> io::Result<Option<[u8; 512]>> {
        let mut block = [0; 512];
        let count = bytes::fill(&mut self.tape, &mut block)?;
        self.at = self.at.saturating_add(count as u64);
        if count > 0 && count < 512 {
            self.damage(format!("the archive ends at offset {} in the middle of a header", self.at));
        }
        Ok((count == 512).then_some(block))
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let skipped = self.tape.skip(count)?;
        self.at = self.at.saturating_add(skipped);
        if skipped < count {
            self.damage(format!(
                "the archive ends at offset {}, {} bytes short",
                self.at,
                count.saturating_sub(skipped)
            ));
        }
        Ok(())
    }

    /// The content of an extended header or long name, up to a bound.
    fn extended(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(size.min(EXTENDED_BYTES_MAX)).unwrap_or(0);
        let content = self.take(length)?;
        if size > EXTENDED_BYTES_MAX {
            self.damage(format!("an extended header of {size} bytes before offset {}", self.at));
        }
        self.skip(padded(size).saturating_sub(content.len() as u64))?;
        Ok(content)
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut content = vec![0; length];
        let count = bytes::fill(&mut self.tape, &mut content)?;
        content.truncate(count);
        self.at = self.at.saturating_add(count as u64);
        Ok(content)
    }

    fn member(&mut self, header: &Header, extended: Extended) -> io::Result<()> {
        let stored = extended.size.unwrap_or(header.size);
        let name = extended.name.unwrap_or_else(|| header.name.clone());
        let link = extended.link.unwrap_or_else(|| header.link.clone());
        let kind = match header.letter {
            b'0' | 0 | b'7' | b'S' if name.ends_with(b"/") => MemberKind::Folder,
            b'0' | 0 | b'7' | b'S' => MemberKind::File,
            b'1' => MemberKind::HardLink(link),
            b'2' => MemberKind::SymbolicLink(link),
            b'5' | b'D' => MemberKind::Folder,
            letter => MemberKind::Special(letter),
        };
        // Links and devices carry no data whatever their size says; pax allows it for hard links only.
        let stored = match kind {
            MemberKind::HardLink(_)
            | MemberKind::SymbolicLink(_)
            | MemberKind::Special(b'3' | b'4' | b'6') => 0,
            MemberKind::File | MemberKind::Folder | MemberKind::Special(_) => stored,
        };
        let modified = extended.modified.or(header.modified.map(|seconds| (seconds, 0)));
        let mut member = Member {
            name,
            kind,
            size: stored,
            offset: self.at,
            stored,
            modified,
            pieces: None,
            head: Vec::new(),
        };
        let end = self.at.saturating_add(padded(stored));
        if header.letter == b'S' {
            self.old_sparse(header, &mut member)?;
        } else if let Some(sparse) = extended.sparse {
            self.pax_sparse(sparse, &mut member)?;
        }
        let end = if header.letter == b'S' { member.offset.saturating_add(padded(stored)) } else { end };
        if member.kind == MemberKind::File && member.pieces.is_none() && self.at == member.offset {
            let length = HEAD_BYTES.min(usize::try_from(stored).unwrap_or(HEAD_BYTES));
            let head = self.take(length)?;
            if (self.keep)(&head) {
                member.head = head;
            }
        }
        self.listing.members.push(member);
        self.skip(end.saturating_sub(self.at))
    }

    /// GNU's first way: pieces in the header and in blocks behind it.
    fn old_sparse(&mut self, header: &Header, member: &mut Member) -> io::Result<()> {
        let (mut pieces, mut more) = (header.pieces.clone(), header.more_pieces);
        while more && pieces.len() < PIECES_MAX {
            let Some(block) = self.block()? else { break };
            more = header::more_pieces(&block, &mut pieces);
        }
        member.offset = self.at;
        member.size = header.real_size.unwrap_or(member.size);
        self.set_pieces(pieces, member);
        Ok(())
    }

    /// pax's ways: pieces in the extended header (0.0 and 0.1) or as text before the data (1.0).
    fn pax_sparse(&mut self, sparse: pax::Sparse, member: &mut Member) -> io::Result<()> {
        let mut pieces = sparse.pieces;
        if sparse.map_before_data {
            let mut map = pax::MapText::default();
            let mut blocks = 0_u64;
            while !map.is_complete() && blocks.saturating_mul(BLOCK) < member.stored {
                let Some(block) = self.block()? else { break };
                blocks = blocks.saturating_add(1);
                map.feed(&block, PIECES_MAX);
            }
            member.offset = self.at;
            member.stored = member.stored.saturating_sub(blocks.saturating_mul(BLOCK));
            pieces = map.pieces();
        }
        if let Some(name) = sparse.name {
            member.name = name;
        }
        member.size = sparse.size.unwrap_or(member.size);
        self.set_pieces(pieces, member);
        Ok(())
    }

    fn set_pieces(&mut self, mut pieces: Vec<Piece>, member: &mut Member) {
        pieces.retain(|piece| piece.len > 0);
        if sparse::are_in_order(&pieces, member.size) && sparse::stored(&pieces) <= member.stored {
            member.pieces = Some(pieces);
        } else {
            // Read as what is stored: better than zeros at places that nobody can trust.
            member.size = member.stored;
            self.damage(format!("the map of a sparse file before offset {} contradicts itself", self.at));
        }
    }
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// The bytes of a member, given a reader of its stored bytes.
pub fn content(member: &Member, stored: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    match &member.pieces {
        Some(pieces) => Box::new(sparse::Sparse::new(stored, pieces.clone(), member.size)),
        None => Box::new(Exactly { reader: stored, left: member.stored }),
    }
}

/// A file that ends before it should says so.
struct Exactly {
    reader: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.reader.read(buffer)?;
        if count == 0 {
            return Err(Failure::damaged(format!(
                "the archive ends {} bytes before the file does",
                self.left
            ))
            .into());
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
