//! Intel HEX: "Hexadecimal Object File Format Specification", Revision A, Intel 1988, 32-bit form.

use ihex::{Record, create_object_file_representation};

/// Bytes in a data record, as `avr-objcopy` has them.
const RECORD: usize = 16;
/// What the offset of a data record reaches.
const SEGMENT: usize = 0x1_0000;

/// Bytes from address 0 on as an Intel HEX file. Every 64 KiB but the first begin with an extended linear address.
pub fn hex(bytes: &[u8]) -> String {
    let mut records = Vec::new();
    for (segment, chunk) in (0..=u16::MAX).zip(bytes.chunks(SEGMENT)) {
        if segment > 0 {
            records.push(Record::ExtendedLinearAddress(segment));
        }
        for (index, value) in chunk.chunks(RECORD).enumerate() {
            // A segment's offsets have 16 bits.
            records.push(Record::Data { offset: (index * RECORD) as u16, value: value.to_vec() });
        }
    }
    records.push(Record::EndOfFile);
    create_object_file_representation(&records)
        .expect("records are short enough, and only the last one ends the file")
}
