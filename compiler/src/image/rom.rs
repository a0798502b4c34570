//! `.ROM`: a cartridge of an MSX, of a size that emulators and programmers take. What is free in it is FFh, as in a chip
//! that nobody has written.

use crate::kernel::sequence::Banked;

/// Sizes of a cartridge without a mapper.
const PLAIN: [usize; 2] = [0x4000, 0x8000];
/// The smallest with one: emulators take less for one without.
const LEAST: usize = 0x2_0000;
const ERASED: u8 = 0xFF;

/// The image, padded; behind it the banks that its window shows. With a mapper the file has a power of two of bytes.
pub(super) fn write(bytes: &[u8], banked: Option<&Banked>) -> Vec<u8> {
    let mut file = bytes.to_vec();
    let size = match banked {
        None => PLAIN.into_iter().find(|&size| size >= bytes.len()).unwrap_or(bytes.len()),
        Some(banked) => {
            file.resize(banked.first * banked.bank, ERASED);
            file.extend(&banked.bytes);
            file.len().next_power_of_two().max(LEAST)
        }
    };
    file.resize(size, ERASED);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_sizes_that_cartridges_have() {
        assert_eq!(write(&[1; 0x3FFF], None), [vec![1; 0x3FFF], vec![0xFF]].concat());
        assert_eq!(write(&[1; 0x4001], None).len(), 0x8000);
        let banked = Banked {
            selector: "ASCII16".into(),
            first: 1,
            pages: vec![],
            bank: 0x4000,
            bytes: vec![2; 0x1_C001],
            caches: None,
        };
        let file = write(&[1, 1], Some(&banked));
        assert_eq!((file.len(), file[1], file[2], file[0x3FFF]), (0x4_0000, 1, 0xFF, 0xFF));
        assert_eq!((file[0x4000], file[0x2_0000], file[0x2_0001]), (2, 2, 0xFF));
        let small = Banked { bytes: vec![2], ..banked };
        assert_eq!(write(&[1], Some(&small)).len(), 0x2_0000);
    }
}
