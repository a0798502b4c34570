//! Products of a vector with rows of weights, looked up: a routine for each shape of rows.

use super::layout::Layout;
use serde::Serialize;

/// Where tables of the vectors are that matrices multiply, and those of the weights of positions.
pub const TABLES: &str = "tables";
pub const MIX_TABLES: &str = "mix_tables";
/// T-states of a look, and how many may be without interrupts.
const LOOK: usize = 16;
const MOST_OFF: usize = 3400;

/// What tells routines apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Shape {
    pub layout: Layout,
    /// Planes of each chunk, whose sums are added up in 24 bits.
    pub chunks: Vec<usize>,
    /// A row ends with a mantissa.
    pub mantissa: bool,
    /// Where the tables are: [`TABLES`] or [`MIX_TABLES`].
    pub base: &'static str,
    /// Groups at the end that are left out.
    pub skip: usize,
    /// Rows of closed gates are passed over.
    pub gated: bool,
}

/// Context of the macro `rows`.
#[derive(Serialize)]
pub struct Rows {
    name: String,
    wide: bool,
    planes: Vec<Plane>,
    /// Where the byte behind the looks is, and whether it had a byte too many.
    pop: bool,
    back: bool,
    mantissa: Option<&'static str>,
    chunks: Vec<usize>,
    /// Interrupts are let in between the rings.
    split: bool,
    unsigned: bool,
    skip: usize,
    /// Bytes of a row, where those of closed gates are passed over.
    gated: Option<usize>,
    /// The one sink that it has.
    sink: Option<&'static str>,
}

#[derive(Serialize)]
struct Plane {
    double: bool,
    negate: bool,
    save: Option<usize>,
    /// Pages of both rings, where H is set.
    low: Option<String>,
    high: Option<String>,
    looks: Vec<Look>,
}

#[derive(Serialize)]
struct Look {
    pop: bool,
    reg: &'static str,
    /// The next table is in another page.
    turn: Option<&'static str>,
}

impl Shape {
    /// Its routine's label.
    pub fn name(&self) -> String {
        let chunks: String = self.chunks.iter().map(|c| format!("_{c}")).collect();
        let part = if self.base == TABLES { "rows" } else { "mix" };
        let skip = if self.skip > 0 { format!("_but_{}", self.skip) } else { String::new() };
        let plain = if self.mantissa { "" } else { "_plain" };
        let gated = if self.gated { "_gated" } else { "" };
        format!("{part}_{}{chunks}{skip}{plain}{gated}", self.layout.name())
    }

    /// Whether sums have 24 bits.
    pub fn is_wide(&self) -> bool {
        self.chunks.len() > 1
    }

    /// The context of its routine.
    pub fn rows(&self) -> Rows {
        let planes = self.planes();
        let looks: usize = planes.iter().map(|plane| plane.looks.len()).sum();
        let even = looks.is_multiple_of(2);
        Rows {
            name: self.name(),
            wide: self.is_wide(),
            planes,
            pop: self.mantissa && even,
            back: self.mantissa == even,
            mantissa: self.mantissa.then_some(if even { "e" } else { "d" }),
            chunks: self.chunks.clone(),
            split: looks * 2 * LOOK > MOST_OFF,
            unsigned: self.base == MIX_TABLES,
            skip: self.skip,
            gated: self.gated.then_some(looks + usize::from(self.mantissa)),
            sink: (!self.mantissa && self.base == TABLES).then_some(match self.is_wide() {
                true => "score",
                false => "score_near",
            }),
        }
    }

    /// Weights may wind; keys and values don't.
    fn is_winding(&self) -> bool {
        self.mantissa && self.layout.is_winding()
    }

    fn planes(&self) -> Vec<Plane> {
        let mut places = self.layout.places();
        places.truncate(places.len() - self.skip);
        let pages = self.layout.pages();
        let mut count = 0;
        let mut planes = Vec::new();
        for (chunk, &of_chunk) in self.chunks.iter().enumerate() {
            for plane in 0..of_chunk {
                let is_first = planes.is_empty();
                let sets_page = is_first || (pages > 1 && !self.is_winding()) || self.skip > 0;
                let page = |page: usize| sets_page.then(|| format!("{}/256+{page}", self.base));
                let look = |g: usize| {
                    let pop = (count + g).is_multiple_of(2);
                    let turns = places.get(g + 1).is_some_and(|next| next.0 != places[g].0);
                    let turn = if places.is_sorted_by_key(|place| place.0) { "dec h" } else { "inc h" };
                    Look { pop, reg: if pop { "e" } else { "d" }, turn: turns.then_some(turn) }
                };
                planes.push(Plane {
                    double: plane > 0,
                    negate: is_first && !self.layout.ternary,
                    save: (self.is_wide() && plane + 1 == of_chunk).then_some(2 * chunk),
                    low: page(2 * pages - 1),
                    high: page(pages - 1),
                    looks: (0..places.len()).map(look).collect(),
                });
                count += places.len();
                if self.is_winding() {
                    places.reverse();
                }
            }
        }
        planes
    }
}
