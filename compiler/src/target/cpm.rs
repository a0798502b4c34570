//! Memory of CP/M 2.2 systems: everything in it lies relative to the entry of the BDOS.

use super::description::{Machine, Target};

/// CP/M's program area.
const TPA: u16 = 0x0100;
const RECORD: u16 = 128;
/// From the command processor to the BDOS's entry.
const CCP_BELOW_BDOS: u16 = 0x0806;
/// The entry of a 20 KB system, and what each KB adds.
const BDOS_OF_20K: u16 = 0x3C06;
const KILOBYTE: u16 = 0x0400;
const PAGE: u16 = 0x0100;
/// Programs need a page behind 0100h below the command processor.
pub const LOWEST_BDOS: u16 = 0x0B06;
/// Above it the BIOS, with 17 jumps at least, would not fit.
pub const HIGHEST_BDOS: u16 = 0xF1D0;

/// Where the command processor lies. It begins with a page; where what 0006h holds lies not 06h behind one (there are such
/// systems, and debuggers move it), this is on the safe side.
pub(super) fn ccp(bdos: u16) -> u16 {
    bdos.saturating_sub(CCP_BELOW_BDOS) / PAGE * PAGE
}

/// The first address that the command processor does not load to: it loads whole records, and refuses a file whose last
/// one reaches up to itself.
pub(super) fn image_end(bdos: u16) -> u16 {
    TPA + ccp(bdos).saturating_sub(TPA + 1) / RECORD * RECORD
}

/// The lowest BDOS with which a file of so many bytes is loaded that uses memory up to `memory_end`. `None`: there is
/// none.
pub fn lowest_bdos(image: usize, memory_end: usize) -> Option<u16> {
    let loaded = usize::from(TPA) + image.next_multiple_of(RECORD.into());
    let below = (loaded + 1).next_multiple_of(PAGE.into()) + usize::from(CCP_BELOW_BDOS);
    u16::try_from(below.max(memory_end)).ok().filter(|&bdos| bdos <= HIGHEST_BDOS)
}

/// The size of the smallest standard system with its BDOS at `bdos` or above, in KB: what its sign-on message says.
/// `None`: no standard system has it so high.
pub fn kilobytes(bdos: u16) -> Option<u16> {
    let more = bdos.saturating_sub(BDOS_OF_20K).div_ceil(KILOBYTE);
    Some(20 + more).filter(|&kilobytes| kilobytes <= 64)
}

/// What a file with this stem is called on CP/M, without its extension: the stem in capitals, or letters and digits of
/// it where CP/M cannot have it.
pub fn file_name(stem: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=8).contains(&stem.len()) && stem.chars().all(plain) {
        return stem.to_ascii_uppercase();
    }
    let short: String = stem.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    if short.is_empty() { "TALK".into() } else { short.to_ascii_uppercase() }
}

impl Target {
    /// Whether it is MSX-DOS, which offers CP/M's calls and has disks of its own kind: of the systems with such a BDOS only the
    /// MSX's have that wait state.
    pub fn is_msx_dos(&self) -> bool {
        self.machine == Machine::Cpm && self.fetch_wait > 0
    }

    /// The same system with its BDOS elsewhere, and so with more or less memory. `None`: this is no CP/M system, or an
    /// address outside of [`LOWEST_BDOS`] to [`HIGHEST_BDOS`].
    pub fn with_bdos(self, bdos: u16) -> Option<Self> {
        if self.machine != Machine::Cpm || !(LOWEST_BDOS..=HIGHEST_BDOS).contains(&bdos) {
            return None;
        }
        Some(Self { image_end: image_end(bdos), memory_end: bdos, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command processor's own rule: a record is refused when it would begin in it or end where it begins.
    #[test]
    fn the_limit_is_the_command_processor_s() {
        for bdos in [0xE406, 0xD806, 0xD811, 0xAC05, 0xAC06, 0xAC07] {
            let fits = |records: u16| TPA + records * RECORD < ccp(bdos);
            let records = (image_end(bdos) - TPA) / RECORD;
            assert!(fits(records) && !fits(records + 1), "{bdos:04X}");
            let bytes = usize::from(image_end(bdos) - TPA);
            assert!(lowest_bdos(bytes, 0) <= Some(bdos) && lowest_bdos(bytes + 1, 0) > Some(bdos));
        }
        assert_eq!((ccp(0xE406), image_end(0xE406)), (0xDC00, 0xDB80));
        assert_eq!((ccp(0xD806), image_end(0xD806)), (0xD000, 0xCF80));
        assert_eq!((ccp(0xD811), ccp(0xD805)), (0xD000, 0xCF00));
        assert_eq!((image_end(LOWEST_BDOS), image_end(LOWEST_BDOS - 1)), (0x0280, 0x0180));
    }

    #[test]
    fn the_lowest_bdos_has_room_for_file_and_buffers() {
        assert_eq!(lowest_bdos(0x1000, 0x8000), Some(0x8000));
        assert_eq!(lowest_bdos(0x1000, 0x1200), Some(0x1200 + 0x0806));
        assert_eq!(lowest_bdos(0x10F0, 0), Some(0x1300 + 0x0806));
        assert_eq!(lowest_bdos(0, 0xF1D0), Some(0xF1D0));
        assert_eq!(lowest_bdos(0, 0xF1D1), None);
        assert_eq!(lowest_bdos(100_000, 0), None);
    }

    #[test]
    fn files_have_names_of_cp_m() {
        let names = [
            ("talk", "TALK"),
            ("a-1", "A-1"),
            ("stories-5bit_w64", "STORIES5"),
            ("a_b", "AB"),
            ("ä!", "TALK"),
        ];
        for (stem, name) in names {
            assert_eq!(file_name(stem), name);
        }
    }

    #[test]
    fn systems_have_kilobytes() {
        // Digital Research's alteration guide: BIOS at 4A00h + (n - 20) KB, the BDOS's entry 0DFAh below it.
        for (kilobytes_of_it, bdos) in [(20, 0x3C06), (48, 0xAC06), (62, 0xE406), (64, 0xEC06)] {
            assert_eq!(kilobytes(bdos), Some(kilobytes_of_it));
        }
        assert_eq!((kilobytes(0xE407), kilobytes(0x1000), kilobytes(0xEC07)), (Some(63), Some(20), None));
    }
}
