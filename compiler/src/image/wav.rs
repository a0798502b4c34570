//! `.WAV`: the sound of a cassette, for a real machine's ear socket. One channel of 8 bits, 44,100 samples a second.
//!
//! A block is pulses, each of one level and the next of the other: a leader, longer for headers, two of synchronisation, then each
//! bit of each byte, the upper first, as two pulses of the same length. Lengths are the ROM's, in T-states of 3.5 MHz.

use super::tap::Block;
use super::tzx::PAUSE;

const RATE: u64 = 44_100;
const CLOCK: u64 = 3_500_000;
const LEADER: u64 = 2_168;
/// Pulses of the leader of a header, and of other blocks.
const OF_HEADER: usize = 8_063;
const OF_DATA: usize = 3_223;
const SYNC: [u64; 2] = [667, 735];
const ZERO: u64 = 855;
const ONE: u64 = 1_710;
/// T-states of a millisecond.
const MILLISECOND: u64 = CLOCK / 1000;
const LOW: u8 = 0x40;
const HIGH: u8 = 0xC0;

/// Samples of pulses: where one ends is rounded, so that errors do not add up.
struct Sound {
    samples: Vec<u8>,
    /// T-states so far.
    time: u64,
    high: bool,
}

impl Sound {
    /// A pulse of the other level than that before.
    fn pulse(&mut self, t_states: u64) {
        self.high = !self.high;
        self.hold(t_states);
    }

    /// The level of the last pulse, for so long.
    fn hold(&mut self, t_states: u64) {
        self.time += t_states;
        let end = (self.time * RATE + CLOCK / 2) / CLOCK;
        self.samples.resize(end as usize, if self.high { HIGH } else { LOW });
    }

    fn block(&mut self, block: &[u8]) {
        let leader = if block.first().is_some_and(|flag| flag & 0x80 == 0) { OF_HEADER } else { OF_DATA };
        (0..leader).for_each(|_| self.pulse(LEADER));
        SYNC.iter().for_each(|&pulse| self.pulse(pulse));
        for bit in block.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
            let pulse = if bit == 1 { ONE } else { ZERO };
            self.pulse(pulse);
            self.pulse(pulse);
        }
        // The leader has an odd number of pulses, all others an even one: the last is high, and ends with an edge.
        self.high = false;
        self.hold(u64::from(PAUSE) * MILLISECOND);
    }
}

pub(super) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut sound = Sound { samples: Vec::new(), time: 0, high: false };
    blocks.iter().for_each(|block| sound.block(block));
    let samples = sound.samples;
    // A tape is minutes long: its bytes are far below 2^32.
    let length = samples.len() as u32;
    let padding = length % 2;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length + padding).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // PCM, one channel, samples and bytes a second, bytes and bits of a sample.
    file.extend([1u16, 1].into_iter().flat_map(u16::to_le_bytes));
    file.extend([RATE as u32, RATE as u32].into_iter().flat_map(u32::to_le_bytes));
    file.extend([1u16, 8].into_iter().flat_map(u16::to_le_bytes));
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file.resize(file.len() + padding as usize, 0);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of equal samples.
    fn runs(samples: &[u8]) -> Vec<usize> {
        samples.chunk_by(|a, b| a == b).map(<[u8]>::len).collect()
    }

    #[test]
    fn a_block_is_a_leader_two_pulses_and_its_bits() {
        let file = write(&[vec![0xFF, 0x01, 0xFE]]);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize, file.len() - 8);
        assert_eq!(file[20..36], [1, 0, 1, 0, 0x44, 0xAC, 0, 0, 0x44, 0xAC, 0, 0, 1, 0, 8, 0]);
        let samples = u32::from_le_bytes(file[40..44].try_into().unwrap()) as usize;
        let runs = runs(&file[44..44 + samples]);
        let (leader, rest) = runs.split_at(OF_DATA);
        // 2168 T-states are 27.3 samples, all of them together no half sample more or less.
        assert!(leader.iter().all(|run| [27, 28].contains(run)));
        assert_eq!(leader.iter().sum::<usize>(), (OF_DATA * 2168 * 441 + 17_500) / 35_000);
        assert!([8, 9].contains(&rest[0]) && [9, 10].contains(&rest[1]));
        let bits: Vec<usize> = rest[2..2 + 48].chunks(2).map(|pair| usize::from(pair[0] > 15)).collect();
        let wants = [[1; 8], [0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1, 0]].concat();
        assert_eq!(bits, wants);
        // A second of silence.
        assert_eq!(rest.len(), 2 + 48 + 1);
        assert!((44_099..=44_101).contains(&rest[50]), "{:?}", &rest[50..]);
        assert_eq!(file[44], HIGH, "the first pulse is one");
    }

    #[test]
    fn headers_have_a_longer_leader() {
        let leader = |flag| {
            let file = write(&[vec![flag, flag]]);
            runs(&file[44..]).iter().take_while(|run| **run > 20).count()
        };
        assert_eq!([leader(0), leader(0xFF)], [OF_HEADER, OF_DATA]);
    }
}
