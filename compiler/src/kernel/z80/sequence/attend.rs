//! Attention: keys and values are appended as bit planes, so that scores and means are products with rows of weights.

use super::bound::Bound;
use super::emit::Emitter;
use super::layout::{Layout, gray_place};
use super::rescale::Kind;
use super::rounds::Cache;
use super::rows::{MIX_TABLES, Shape, TABLES};
use crate::CompileError;
use crate::arithmetic::RECIPROCALS;
use crate::kernel::sequence::SequenceSite;
use crate::kernel::{Phase, beams};
use crate::model::{Attention, Positions, Transformer};
use serde::Serialize;

/// Planes of keys and values.
const PLANES: usize = 8;
/// Positions of a group of values.
const POSITIONS: usize = 4;
/// What fills the tables of a query.
const KEY_TABLES: &str = "tables_keys";

/// How keys and values of a network are kept.
pub struct Caches {
    /// Positions.
    pub window: usize,
    /// Tables of a head's query, and rows of keys.
    pub keys: Layout,
    key_shape: Shape,
    /// The same for queries whose magnitudes are so small together that scores have 16 bits, if others have more.
    near_shape: Option<Shape>,
    /// Tables of the weights of positions, and rows of values.
    mix: Layout,
    mix_shape: Shape,
    /// The same for few positions, and from how many on they are not enough.
    parts: Vec<(Shape, usize)>,
    /// Bytes of a head's keys and values in a block.
    key_bytes: usize,
    value_bytes: usize,
}

#[derive(Serialize)]
struct Append {
    window: usize,
    /// Several tokens of a position, each of its own reply.
    beam: bool,
    size: usize,
    looks: usize,
    groups: Vec<Group>,
    groups_of_plane: usize,
}

#[derive(Serialize)]
struct Group {
    size: usize,
    offset: usize,
}

#[derive(Serialize)]
struct Attend {
    size: usize,
    tables: &'static str,
    rows: String,
    /// Rows for queries whose scores have 16 bits, where those of others have more.
    near: Option<String>,
    /// Scores have 16 bits, and are kept in so many.
    narrow: bool,
    short: bool,
    /// Heads of keys and values, heads of queries for each, and bytes of their caches.
    shared: usize,
    group: usize,
    key_bytes: usize,
    value_bytes: usize,
    /// What shifts a mean that is made exactly.
    tail: String,
    mix_pages: usize,
    mix_rows: String,
    mix_parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    rows: String,
    behind: usize,
}

#[derive(Serialize)]
struct Weigh {
    name: String,
    short: bool,
    shift: u8,
    half_low: u32,
    half_middle: u32,
    half_high: u32,
    page: String,
}

/// Positions that are kept: no more than are read in all.
pub fn window(site: &SequenceSite) -> usize {
    site.body.window.min(site.story.most.into())
}

impl Caches {
    /// Those of a network whose heads have at most 16 elements, and whose window has at most 127 positions.
    pub fn new(site: &SequenceSite) -> Self {
        let (body, window) = (site.body, window(site));
        let size = body.head_size;
        // Where weights are in a file, memory is time: each byte of it keeps a byte of weights. Elsewhere it may be short.
        let short = site.filing.is_some() || site.second_ram.is_some() || site.pages.is_some();
        let keys = match short && size <= 8 {
            true => Layout::even(size, 1),
            false => Layout::even(size, size.div_ceil(if size > 8 { 6 } else { 4 })),
        };
        let chunks = if scores_are_narrow(body) { vec![PLANES] } else { vec![PLANES / 2; 2] };
        let key_shape =
            Shape { layout: keys.clone(), chunks, mantissa: false, base: TABLES, skip: 0, gated: false };
        let near_shape = key_shape.is_wide().then(|| Shape { chunks: vec![PLANES], ..key_shape.clone() });
        let groups = window.div_ceil(POSITIONS);
        let mix = Layout { cols: window, ternary: false, groups: vec![POSITIONS; groups] };
        let mix_shape = Shape {
            layout: mix.clone(),
            chunks: mix_chunks(window),
            mantissa: false,
            base: MIX_TABLES,
            skip: 0,
            gated: false,
        };
        let mut parts: Vec<usize> =
            [groups / 4, groups / 2].map(|n| n.next_multiple_of(2).max(2)).into_iter().collect();
        parts.dedup();
        let parts = parts.into_iter().filter(|&n| n < groups);
        let part = |n| {
            let chunks = mix_chunks(POSITIONS * n);
            (Shape { skip: groups - n, chunks, ..mix_shape.clone() }, POSITIONS * n + 1)
        };
        let parts = parts.map(part).collect();
        let (key_bytes, value_bytes) = (window * PLANES * keys.groups.len(), PLANES * groups * size);
        Self { window, keys, key_shape, near_shape, mix, mix_shape, parts, key_bytes, value_bytes }
    }

    /// The routine that fills a query's tables, and their layout.
    pub fn tables(&self) -> (String, Layout) {
        (KEY_TABLES.into(), self.keys.clone())
    }

    /// Rows of keys: those of all queries, and those of near ones if they are others.
    pub fn key_shapes(&self) -> impl Iterator<Item = &Shape> {
        std::iter::once(&self.key_shape).chain(&self.near_shape)
    }

    /// Rows of values: of all positions, and of few.
    pub fn mix_shapes(&self) -> impl Iterator<Item = &Shape> {
        std::iter::once(&self.mix_shape).chain(self.parts.iter().map(|(shape, _)| shape))
    }

    /// Rows of few positions, by name, and from how many on they are not enough.
    pub fn part_names(&self) -> impl Iterator<Item = (String, usize)> {
        self.parts.iter().map(|(shape, behind)| (shape.name(), *behind))
    }

    /// Bytes of the tables of weights.
    pub fn mix_tables(&self) -> usize {
        512 * self.mix.pages()
    }

    /// Bytes of a plane of a value.
    pub fn mix_groups(&self) -> usize {
        self.mix.groups.len()
    }

    /// Bytes of all keys, and of all values.
    pub fn bytes(&self, body: &Transformer) -> (usize, usize) {
        let (keys, values) = self.round_bytes(body);
        (body.rounds * keys, body.rounds * values)
    }

    /// The same of one round.
    pub fn round_bytes(&self, body: &Transformer) -> (usize, usize) {
        let heads = body.blocks.len() * body.kv_heads;
        (heads * self.key_bytes, heads * self.value_bytes)
    }
}

/// How the planes of values are cut so that sums over so many positions, their weights all at their most, are told from
/// two remainders: of the first planes, which have a sign, from -32768 to 32511, of the others up to 65279.
fn mix_chunks(positions: usize) -> Vec<usize> {
    let most = 255 * positions;
    let first = (1..=PLANES / 2).rev().find(|planes| most << (planes - 1) <= 32_768).unwrap_or(1);
    let others = (1..=PLANES / 2).rev().find(|planes| (most << planes) - most <= 65_279).unwrap_or(1);
    let mut chunks = vec![first];
    let mut left = PLANES - first;
    while left > 0 {
        chunks.push(left.min(others));
        left -= left.min(others);
    }
    chunks
}

/// Whether scores are kept in 16 bits, as `weigh` then finds them: half of what divides them fits in what is left.
fn scores_are_short(body: &Transformer) -> bool {
    scores_are_narrow(body) && body.blocks.iter().all(|block| block.attention.score_bits <= 8)
}

/// Whether norms of queries and keys prove that scores have 16 bits.
fn scores_are_narrow(body: &Transformer) -> bool {
    let turned = matches!(body.positions, Positions::Rotary { .. });
    body.blocks.iter().all(|block| {
        let attention = &block.attention;
        attention.head_norms.as_ref().is_some_and(|(query, key)| {
            let [query, key] =
                [query, key].map(|norm| Bound::head(norm, body.head_size, turned, attention.rotate_bits));
            query.product_fits(key)
        })
    })
}

/// The stage that keeps the keys and values of a block.
pub fn append(e: &mut Emitter, at: usize) {
    let body = e.site.body;
    let caches = Caches::new(e.site);
    e.stage("append");
    e.show_caches(true);
    for head in 0..body.kv_heads {
        let (from, cache) = (head * body.head_size, at * body.kv_heads + head);
        Cache::Keys.place(e, cache * caches.key_bytes);
        e.lines(&["ex de,hl", &format!("ld hl,key_bytes+{from}"), "call append_key"]);
        Cache::Values.place(e, cache * caches.value_bytes);
        e.lines(&["ex de,hl", &format!("ld hl,values+{from}"), "call append_value"]);
    }
    e.show_caches(false);
}

/// The stage that attends to them.
pub fn attend(e: &mut Emitter, at: usize, attention: &Attention) {
    let body = e.site.body;
    let caches = Caches::new(e.site);
    e.stage("scores");
    e.show_caches(true);
    e.attention_page(&format!("attention_{at}"), attention.weights.iter().copied());
    e.set("attend_weigh", &format!("weigh_{at}"));
    e.set("attend_out", "mixed");
    Cache::Keys.place(e, at * body.kv_heads * caches.key_bytes);
    e.line("ld (attend_keys),hl");
    Cache::Values.place(e, at * body.kv_heads * caches.value_bytes);
    e.lines(&["ld (attend_values),hl", "ld hl,query_bytes", "call attend_heads"]);
    caches.known(e.known.here(), e.site, at);
    e.known.grows();
    e.show_caches(false);
}

/// Phases in the routines, which a block's stage calls.
pub fn phases() -> [Phase; 5] {
    let of = [("attend_heads", "scores"), ("attend_mix", "mix"), ("score", "scores"), ("weigh_0", "softmax")];
    let [a, b, c, d] = of.map(|(label, name)| Phase::new(label, name));
    [a, b, c, d, Phase::shared("attend_end")]
}

/// The routines.
pub fn code(e: &mut Emitter) -> Result<String, CompileError> {
    let body = e.site.body;
    let caches = Caches::new(e.site);
    let (window, size) = (caches.window, body.head_size);
    let looks = caches.keys.groups.len();
    let groups = caches.keys.groups.iter().zip(caches.keys.places());
    let groups: Vec<Group> = groups.rev().map(|(&size, (_, offset))| Group { size, offset }).collect();
    let beam = beams::width(e.site.story).is_some();
    let append = Append { window, beam, size, looks, groups, groups_of_plane: caches.mix_groups() };
    let mut code = e.call("append.asm", "code", &append)? + &e.call("append.asm", "value", &append)?;
    let tail = e.rescales.tail(Kind::Store8, 15);
    let part = |(shape, behind): &(Shape, usize)| Part { rows: shape.name(), behind: *behind };
    let attend = Attend {
        size,
        tables: KEY_TABLES,
        rows: caches.key_shape.name(),
        near: caches.near_shape.as_ref().map(Shape::name),
        narrow: !caches.key_shape.is_wide(),
        short: scores_are_short(body),
        shared: body.kv_heads,
        group: body.heads / body.kv_heads,
        key_bytes: caches.key_bytes,
        value_bytes: caches.value_bytes,
        tail,
        mix_pages: caches.mix.pages(),
        mix_rows: caches.mix_shape.name(),
        mix_parts: caches.parts.iter().map(part).collect(),
    };
    code += &e.call("attend.asm", "code", attend)?;
    for (at, block) in body.blocks.iter().enumerate() {
        let shift = block.attention.score_bits;
        let half = (1u32 << shift) / 2;
        let (name, page) = (format!("weigh_{at}"), format!("attention_{at}/256"));
        let (half_low, half_middle, half_high) = (half % 256, half / 256 % 256, half >> 16);
        let short = scores_are_short(body);
        let weigh = Weigh { name, short, shift, half_low, half_middle, half_high, page };
        code += &e.call("attend.asm", "weigh", weigh)?;
    }
    code += "attend_end:\n";
    e.attention_data("mix_pattern", caches.mix.places().iter().map(|place| place.1 as u8));
    let most = caches.keys.groups.iter().max().map_or(7, |&inputs| inputs.max(7));
    e.attention_page("subsets", (0..1 << most).map(|subset| gray_place(subset) as u8));
    e.attention_page("reciprocals", *RECIPROCALS);
    let parts = caches.parts.into_iter().map(|(shape, _)| shape);
    e.shapes.extend(parts.chain([caches.key_shape, caches.mix_shape]).chain(caches.near_shape));
    Ok(code)
}
