//! Sums of subsets: the bytes of a window in groups, and for each group a table with the sum of every subset of its bytes.
//!
//! A weight is a number of some bits in two's complement, and a product with all weights of an output is the sum of its bits'
//! planes, each doubled for the next: the sum of a plane is one entry of each group's table. So weights are stored as the
//! places of entries, in the order in which they are looked up.
//!
//! An entry has two bytes. A table of groups of k bytes has 2^k entries; tables follow each other, and none crosses a page.
//! They are written from their end down, the empty subset first.

/// Most bytes of a group: a table is a page then.
const LARGEST: usize = 7;
/// Bytes of tables that are there at once: a window with more is computed in parts. The first is for the fastest.
const ROOMS: [usize; 4] = [8192, 4096, 2048, 1024];
/// Groups that a register counts.
const GROUPS: usize = 240;
/// Outputs of a channel that a register counts, and parts of a window.
pub const EACH: usize = 255;

/// T-states, about: of a group's table beside its entries, of each byte, of each entry; of a look, and of a plane beside its
/// looks. They only order the ways.
const TABLE: f64 = 190.0;
const BYTE: f64 = 85.0;
const ENTRY: f64 = 34.0;
const LOOK: f64 = 50.0;
const PLANE: f64 = 57.0;

/// Bytes of code of a part, and of a look in the plane of signs and in the others.
const PART_BYTES: usize = 260;
const LOOK_BYTES: usize = 22;
/// Looks that are code one by one; more are a loop over the pages of their tables.
pub const LOOKS: usize = 32;

/// How the bytes of a window are grouped: `large` groups of `size`, then `small` ones of a byte less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub size: usize,
    pub large: usize,
    pub small: usize,
}

/// What a layout is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    Speed,
    /// Bytes. `loops`: parts of a window may share one text.
    Size {
        loops: bool,
    },
}

impl Aim {
    /// Whether all of so many parts but the last are a loop over one text: registers count them, and the outputs.
    pub fn is_loop(self, parts: usize, outputs: usize) -> bool {
        self == Self::Size { loops: true } && (3..=EACH + 1).contains(&parts) && outputs <= EACH
    }
}

impl Layout {
    fn new(bytes: usize, size: usize) -> Self {
        let groups = bytes.div_ceil(size);
        let small = groups * size - bytes;
        Self { size, large: groups.saturating_sub(small), small: small.min(groups) }
    }

    /// The fastest for so many outputs with so many planes, or the smallest; and into how many parts the window is cut.
    pub fn choose(bytes: usize, outputs: usize, planes: usize, aim: Aim) -> (Self, usize) {
        let rooms = ROOMS.into_iter().take(if aim == Aim::Speed { 1 } else { ROOMS.len() });
        let sizes = || 1..=LARGEST.min(bytes);
        let all = rooms.flat_map(|room| sizes().map(move |size| (room, size))).map(|(room, size)| {
            let most = (room / (2 << size)).min(GROUPS);
            let parts = bytes.div_ceil(size).div_ceil(most);
            (Self::new(bytes.div_ceil(parts), size), parts)
        });
        let even = |layout: &Self| layout.small < layout.size && layout.large > 0;
        let cost = |(layout, parts): &(Self, usize)| match aim {
            Aim::Size { .. } => {
                let stored = outputs * planes * layout.looks().next_multiple_of(2);
                let code = PART_BYTES + LOOK_BYTES * layout.looks().min(LOOKS);
                let texts = if aim.is_loop(*parts, outputs) { 2 } else { *parts };
                (parts * stored + texts * code + layout.bytes()) as f64
            }
            // Parts are joined in memory.
            Aim::Speed => *parts as f64 * layout.run(outputs, planes) * if *parts > 1 { 1.2 } else { 1.0 },
        };
        let fits = all.filter(|(layout, _)| even(layout) || layout.size == 1);
        fits.min_by(|a, b| cost(a).total_cmp(&cost(b))).expect("groups of a byte are always there")
    }

    /// T-states of filling its tables, about.
    pub fn time(&self) -> f64 {
        let group = |size: usize| TABLE + BYTE * size as f64 + ENTRY * (1 << size) as f64;
        self.large as f64 * group(self.size) + self.small as f64 * group(self.size - 1)
    }

    /// T-states of a position with so many outputs, about.
    pub fn run(&self, outputs: usize, planes: usize) -> f64 {
        self.time() + (outputs * planes) as f64 * (self.looks() as f64 * LOOK + PLANE)
    }

    /// Groups.
    pub fn looks(&self) -> usize {
        self.large + self.small
    }

    /// Bytes of a window.
    pub fn window(&self) -> usize {
        self.large * self.size + self.small * (self.size - 1)
    }

    /// Bytes from one table to the next.
    pub fn stride(&self) -> usize {
        2 << self.size
    }

    /// Tables of a page.
    pub fn of_page(&self) -> usize {
        256 / self.stride()
    }

    /// Bytes of all tables, in whole pages.
    pub fn bytes(&self) -> usize {
        (self.looks() * self.stride()).next_multiple_of(256)
    }

    /// The subset of each group with the bytes of which `is_in` is true.
    pub fn subsets(&self, is_in: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut first = 0;
        let subset = |group: usize| {
            let size = if group < self.large { self.size } else { self.size - 1 };
            let subset = (0..size).filter(|i| is_in(first + i)).fold(0, |all, i| all | 1 << i);
            first += size;
            subset
        };
        (0..self.looks()).map(subset).collect()
    }

    /// Where the entry of a group's subset lies behind the first table.
    pub fn entry(&self, group: usize, subset: usize) -> usize {
        (group + 1) * self.stride() - 2 * (subset + 1)
    }

    /// Where in its page the entry of each group is for the bytes of which `is_in` is true.
    pub fn places(&self, is_in: impl Fn(usize) -> bool) -> Vec<u8> {
        let subsets = self.subsets(is_in).into_iter().enumerate();
        subsets.map(|(group, subset)| (self.entry(group, subset) % 256) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_all_bytes_and_tables_stay_within_pages() {
        for bytes in 1..=300 {
            for outputs in [1, 4, 40] {
                for aim in [Aim::Speed, Aim::Size { loops: false }, Aim::Size { loops: true }] {
                    let (layout, parts) = Layout::choose(bytes, outputs, 8, aim);
                    assert!(layout.window() * parts >= bytes, "{layout:?}");
                    assert!(aim != Aim::Speed || parts == 1, "{layout:?}");
                    assert!(parts > 1 || layout.window() == bytes, "{layout:?}");
                    for place in layout.places(|i| i % 3 == 0) {
                        assert_eq!(place % 2, 0);
                    }
                }
            }
        }
    }

    #[test]
    fn windows_that_are_too_large_are_cut() {
        let (layout, parts) = Layout::choose(4000, 4, 8, Aim::Speed);
        assert!(parts > 1 && layout.bytes() <= ROOMS[0] && layout.window() * parts >= 4000);
    }

    /// Parts that share their code may be many, so that tables are small and groups large.
    #[test]
    fn the_smallest_has_many_parts_that_are_a_loop() {
        let choose = |outputs: usize, loops: bool| {
            let aim = Aim::Size { loops };
            let (layout, parts) = Layout::choose(4000, outputs, 8, aim);
            (layout, parts, aim.is_loop(parts, outputs))
        };
        let (layout, parts, looped) = choose(4, true);
        assert!(looped && layout.size == LARGEST && layout.bytes() == ROOMS[3], "{layout:?}, {parts}");
        for (outputs, loops) in [(256, true), (4, false)] {
            let (layout, parts, looped) = choose(outputs, loops);
            assert!(!looped && parts < 20 && layout.bytes() > ROOMS[3], "{layout:?}, {parts}");
        }
    }

    #[test]
    fn every_subset_has_a_place_of_its_own() {
        let layout = Layout::new(5, 3);
        assert_eq!((layout.large, layout.small), (1, 1));
        let places = |subset: usize| layout.places(|i| subset >> i & 1 == 1);
        assert_eq!(places(0), [14, 30]);
        assert_eq!(places(0b00111), [0, 30]);
        assert_eq!(places(0b11001), [12, 24]);
    }
}
