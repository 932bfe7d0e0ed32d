//! Volumes whose table lies about itself.

use std::sync::Arc;

use vigie_container::Bytes;
use vigie_container::bytes::Memory;
use vigie_container::ntfs::Ntfs;

const RECORD: usize = 1024;

/// A volume of 8 KiB whose table has one record. It says of itself that it is `size` bytes long, in the given runs.
fn volume(size: u64, runs: &[u8]) -> Bytes {
    let mut data = vec![0; 80];
    data[..4].copy_from_slice(&0x80_u32.to_le_bytes());
    data[4..8].copy_from_slice(&80_u32.to_le_bytes());
    // Not resident, its runs at 64.
    data[8] = 1;
    data[32] = 64;
    data[48..56].copy_from_slice(&size.to_le_bytes());
    data[56..64].copy_from_slice(&size.to_le_bytes());
    data[64..64 + runs.len()].copy_from_slice(runs);
    let mut record = vec![0; RECORD];
    record[..4].copy_from_slice(b"FILE");
    // Without fixups; attributes from 56 on.
    record[6] = 1;
    record[20] = 56;
    record[22] = 1;
    record[24..28].copy_from_slice(&140_u32.to_le_bytes());
    record[56..136].copy_from_slice(&data);
    record[136..140].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut whole = vec![0; 8192];
    whole[3..11].copy_from_slice(b"NTFS    ");
    whole[11..13].copy_from_slice(&512_u16.to_le_bytes());
    (whole[13], whole[48], whole[56], whole[64]) = (8, 1, 1, 0xf6);
    whole[4096..4096 + RECORD].copy_from_slice(&record);
    Arc::new(Memory(Arc::new(whole)))
}

#[test]
fn a_table_that_claims_more_than_its_volume_holds_costs_no_time_and_is_told() {
    // A run of one cluster at the table's place, and a hole of 2^56 clusters; then the table alone, in no run at all.
    let hole = [0x11, 1, 1, 0x08, 0, 0, 0, 0, 0, 0, 0, 1, 0];
    for (runs, damaged) in [(&hole[..], false), (&hole[..3], true)] {
        let volume = volume(1 << 60, runs);
        let listing = Ntfs::open(&volume).unwrap().list(10_000).unwrap();
        assert!(listing.cut, "what it claims is not passed over in silence");
        assert_eq!(listing.damaged > 0, damaged);
    }
    let volume = volume(RECORD as u64, &[0x11, 1, 1, 0]);
    assert_eq!(volume.size(), 8192);
    assert!(!Ntfs::open(&volume).unwrap().list(10_000).unwrap().cut);
}
