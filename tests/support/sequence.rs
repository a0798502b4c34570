//! Random small transformers with tokenizers of every kind that the kernels know.

use super::Random;
use mlc_compiler::model::{
    Activation, Answer, Attention, Block, Body, FeedForward, Grid, Head, Matrix, Model, Norm, NormOrder,
    Output, Pair, Positions, Prior, Reader, Story, Tokens, Transformer,
};
use mlc_compiler::tokens::{
    Alphabet, Fallback, LeadingSpace, Merge, Merges, Prefix, Rule, Scheme, Tokenizer, Unit,
};
use std::collections::BTreeMap;

const GRIDS: [Grid; 8] = [
    Grid::Symmetric { bits: 8 },
    Grid::Symmetric { bits: 5 },
    Grid::Symmetric { bits: 4 },
    Grid::Symmetric { bits: 3 },
    Grid::Symmetric { bits: 7 },
    Grid::Ternary,
    Grid::Ternary,
    Grid::TwoBits,
];

/// What a random network is made with.
struct Maker {
    r: Random,
    /// Results are larger by 2^so many: they saturate.
    loud: i32,
}

impl Maker {
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.r.within(0, of.len() - 1)]
    }

    fn bytes(&mut self, count: usize, least: usize) -> Vec<u8> {
        (0..count).map(|_| self.r.within(least, 255) as u8).collect()
    }

    /// A matrix whose inputs have a root mean square of `input` and whose results have one of about `output`.
    fn matrix(&mut self, (rows, cols): (usize, usize), grid: Grid, input: f64, output: f64) -> Matrix {
        let (low, high) = grid.limits();
        let style = if self.loud == 0 { 3 } else { self.r.within(0, 3) };
        let value = |r: &mut Random| match style {
            0 => {
                if r.chance(90) {
                    high
                } else {
                    low
                }
            }
            1 => {
                if r.chance(80) {
                    0
                } else {
                    low
                }
            }
            _ => {
                let one =
                    |r: &mut Random| r.within(0, (high as i32 - low as i32) as usize) as i32 + i32::from(low);
                let (a, b) = (one(r), one(r));
                // Nearer to 0 more often.
                if high > 1 { ((a + b) / 2) as i8 } else { a as i8 }
            }
        };
        let values: Vec<i8> = (0..rows * cols).map(|_| value(&mut self.r)).collect();
        let squares: f64 = values.iter().map(|&w| f64::from(w) * f64::from(w)).sum();
        let sum = input * (squares / rows as f64).sqrt().max(0.5);
        let shift = ((sum * 190.0 / output).log2().round() as i32 - self.loud).clamp(0, 24) as u8;
        Matrix { rows, cols, grid, values, mantissas: self.bytes(rows, 128), shift, bias: vec![] }
    }

    fn norm(&mut self, n: usize, gain: bool) -> Norm {
        let gain = gain.then(|| (self.bytes(n, 64), 7));
        let down = (2040.0 / (n as f64).sqrt() / 256.0).log2().round().max(0.0) as u8;
        Norm { down, gain, narrow: 4 }
    }

    /// Every other one gives 0 for what is negative: such gates are often closed.
    fn table(&mut self) -> Vec<i8> {
        let mut table: Vec<i8> = self.bytes(256, 0).into_iter().map(|byte| byte as i8).collect();
        if table[0] % 2 == 0 {
            table[128..].fill(0);
        }
        table
    }

    fn falling(&mut self) -> Vec<u8> {
        match self.r.within(0, 5) {
            0 => vec![255; 256],
            1 => [vec![255], vec![0; 255]].concat(),
            _ => {
                let every = self.r.within(8, 60);
                (0..256).map(|i| (255 * every / (every + i * i / 8)) as u8).collect()
            }
        }
    }
}

/// Sizes of a random network.
struct Sizes {
    dim: usize,
    heads: usize,
    kv_heads: usize,
    head_size: usize,
    hidden: usize,
    vocabulary: usize,
    rotates: bool,
    gains: bool,
    biased: bool,
    grid: Option<Grid>,
    order: NormOrder,
}

/// A random network of a shape that the kernels know.
pub fn model(seed: u64) -> Model {
    made(seed, None)
}

/// The same with so wide a residual stream and hidden layers: its weights are more than a bank has.
pub fn large(seed: u64, dim: usize, hidden: usize) -> Model {
    made(seed, Some((dim, hidden)))
}

fn made(seed: u64, widths: Option<(usize, usize)>) -> Model {
    let mut m = Maker { r: Random(seed), loud: 0 };
    m.loud = m.pick(&[0, 0, 0, 2, 4, -3, 8]);
    let tokenizer = tokenizer(&mut m);
    let kv_heads = m.pick(&[1, 1, 2, 3]);
    let how = m.r.within(0, 2);
    let head_size = 4 + m.r.within(0, 12);
    let mixed = m.r.chance(33);
    let mut sizes = Sizes {
        dim: m.pick(&[8, 12, 16, 20, 24, 30, 32, 33, 40, 48]),
        heads: kv_heads * m.pick(&[1, 2, if kv_heads == 1 { 4 } else { 1 }]),
        kv_heads,
        head_size: if how == 0 { head_size & !1 } else { head_size },
        hidden: 5 + m.r.within(0, 60),
        vocabulary: tokenizer.pieces.len(),
        rotates: how == 0,
        gains: m.r.chance(25),
        biased: m.r.chance(33),
        grid: if mixed { None } else { Some(m.pick(&GRIDS)) },
        order: m.pick(&[NormOrder::Pre, NormOrder::Pre, NormOrder::Post]),
    };
    (sizes.dim, sizes.hidden) = widths.unwrap_or((sizes.dim, sizes.hidden));
    let most = m.r.within(2, 40);
    let window = m.r.within(2, 14);
    let blocks = (0..m.r.within(1, 2)).map(|_| block(&mut m, &sizes)).collect();
    let grid = m.pick(&GRIDS);
    let mut embedding = m.matrix((sizes.vocabulary, sizes.dim), grid, 1.0, 1.0);
    embedding.shift = m.pick(&[0, 1, 2, 5, 8, 13, 15, 16, 20]);
    // A token of zeros.
    embedding.values[..sizes.dim].fill(0);
    let output = if m.r.chance(50) {
        Output::Tied { mantissas: m.bytes(sizes.vocabulary, 0), shift: m.r.within(0, 13) as u8 }
    } else {
        let grid = m.pick(&GRIDS);
        let made = m.matrix((sizes.vocabulary, sizes.dim), grid, 16.0, 2000.0);
        Output::Own(if sizes.biased { biased(&mut m, made, 32767) } else { made })
    };
    let positions = match how {
        0 => Positions::Rotary { steps: (0..sizes.head_size / 2).map(|_| m.r.next() as u32 >> 8).collect() },
        1 => {
            let grid = m.pick(&GRIDS);
            let learnt = m.matrix((most, sizes.dim), grid, 1.0, 1.0);
            Positions::Learnt(Matrix { shift: m.pick(&[0, 2, 5]), ..learnt })
        }
        _ => Positions::None,
    };
    let norm = m.r.chance(if sizes.order == NormOrder::Post { 30 } else { 90 });
    let norm = norm.then(|| m.norm(sizes.dim, sizes.gains));
    let rounds = m.pick(&[1, 1, 1, 2, 3]);
    let reach = if m.loud > 0 { 32767 } else { 3000 };
    let start = match rounds {
        1 if m.r.chance(80) => vec![],
        _ => (0..sizes.dim).map(|_| (m.r.within(0, 2 * reach) as i32 - reach as i32) as i16).collect(),
    };
    let Sizes { dim, heads, kv_heads, head_size, vocabulary, order, .. } = sizes;
    let body = Transformer {
        dim,
        heads,
        kv_heads,
        head_size,
        window,
        embedding,
        positions,
        order,
        blocks,
        rounds,
        start,
        norm,
        output,
        prior: prior(seed, vocabulary),
    };
    let ends = if m.r.chance(50) { vec![m.r.within(0, vocabulary - 1) as u32] } else { vec![] };
    let max_length = m.pick(&[5, 20, 127]);
    let model = Model {
        head: Head { name: format!("random-{seed}"), ..Head::default() },
        reader: Reader::Tokens(Tokens { tokenizer, max_length }),
        body: Body::Transformer(body),
        answer: Answer::Story(Story::plain(ends, most as u16, 8)),
    };
    model.check().unwrap_or_else(|e| panic!("{seed}: {e}"));
    model
}

/// Now and then what tokens cost: of every shift, with rows that nothing leads to, and pairs at both ends of the vocabulary.
fn prior(seed: u64, vocabulary: usize) -> Option<Prior> {
    let mut r = Random(seed ^ 0x0BEE);
    if r.chance(55) {
        return None;
    }
    let rows = 1 + r.within(0, 5);
    let cost = |r: &mut Random| [0, 1, 255, 255, 128, r.within(0, 255)][r.within(0, 5)] as u8;
    let costs = (0..rows * vocabulary).map(|_| cost(&mut r)).collect();
    let last = (0..vocabulary).map(|_| r.within(0, rows - 1) as u16).collect();
    let ends = [0, 1, 2, vocabulary - 1];
    let mut pairs = BTreeMap::new();
    let count = if r.chance(30) { 0 } else { r.within(1, 40) };
    for _ in 0..count {
        let mut token =
            || if r.chance(50) { ends[r.within(0, 3)] } else { r.within(0, vocabulary - 1) } as u32;
        let pair = (token(), token());
        pairs.insert(pair, r.within(0, rows - 1) as u16);
    }
    let pairs = pairs.into_iter().map(|((last, before), row)| Pair { last, before, row }).collect();
    Some(Prior { shift: r.within(0, 7) as u8, costs, last, pairs })
}

fn biased(m: &mut Maker, matrix: Matrix, most: usize) -> Matrix {
    let bias = (0..matrix.rows).map(|_| (m.r.within(0, 2 * most) as i32 - most as i32) as i16).collect();
    Matrix { bias, ..matrix }
}

fn block(m: &mut Maker, s: &Sizes) -> Block {
    let (own, shared) = (s.heads * s.head_size, s.kv_heads * s.head_size);
    let make = |m: &mut Maker, shape, input, output: f64| {
        let grid = s.grid.unwrap_or_else(|| m.pick(&GRIDS));
        let made = m.matrix(shape, grid, input, output);
        let most = if output < 100.0 { 100 } else { 30000 };
        if s.biased && m.r.chance(50) { biased(m, made, most) } else { made }
    };
    let head_norms = m.r.chance(33);
    let rotate_bits = match (head_norms, s.rotates) {
        (true, true) => 9 + m.r.within(0, 2),
        (true, false) => 2 + m.r.within(0, 3),
        (false, true) => 7 + m.r.within(0, 5),
        (false, false) => m.r.within(0, 8),
    };
    let attention = Attention {
        norm: m.norm(s.dim, s.gains),
        query: make(m, (own, s.dim), 16.0, 500.0),
        key: make(m, (shared, s.dim), 16.0, 500.0),
        value: make(m, (shared, s.dim), 16.0, 40.0),
        output: make(m, (s.dim, own), 30.0, 400.0),
        head_norms: head_norms.then(|| (m.norm(s.head_size, s.gains), m.norm(s.head_size, s.gains))),
        rotate_bits: rotate_bits as u8,
        score_bits: m.r.within(0, 19) as u8,
        weights: m.falling(),
    };
    let activation = match m.r.within(0, 2) {
        0 => Activation::Relu,
        1 => Activation::Table(m.table()),
        _ => Activation::Gate {
            matrix: make(m, (s.hidden, s.dim), 16.0, 30.0),
            table: m.table(),
            bits: m.r.within(0, 15) as u8,
        },
    };
    let norm =
        Norm { narrow: m.r.within(0, 8) as u8, down: m.r.within(0, 4) as u8, ..m.norm(s.dim, s.gains) };
    let up = make(m, (s.hidden, s.dim), 16.0, 30.0);
    let down = make(m, (s.dim, s.hidden), 25.0, 400.0);
    Block { attention, feed_forward: FeedForward { norm, up, activation, down } }
}

/// A tokenizer of single characters, or with merges.
fn tokenizer(m: &mut Maker) -> Tokenizer {
    let unit = m.pick(&[Unit::Byte, Unit::Character]);
    let refuses = m.r.chance(40);
    let mut pieces: Vec<Vec<u8>> = vec![vec![], b"<end>".to_vec()];
    let mut characters: Vec<Vec<u8>> = b" abcdefgh.A".iter().map(|&byte| vec![byte]).collect();
    characters.retain(|character| character == b" " || !m.r.chance(15));
    if !refuses && unit == Unit::Character {
        characters.extend(["é", "€", "😀"].map(|text| text.as_bytes().to_vec()));
    }
    let mut start = BTreeMap::new();
    for character in characters {
        start.insert(character.clone(), pieces.len() as u32);
        pieces.push(character);
    }
    let fallback = match m.r.within(0, 1) {
        _ if refuses => Fallback::Refuse,
        0 => Fallback::Unknown { id: 0, fuse: m.r.chance(50) },
        _ => {
            let first = pieces.len() as u32;
            pieces.extend((0..=255).map(|byte| vec![byte]));
            Fallback::Bytes((0..256).map(|byte| first + byte).collect())
        }
    };
    let scheme = if m.r.chance(60) { merged(m, &mut pieces) } else { Scheme::Characters };
    let space = || b" ".to_vec();
    let rules = match m.r.within(0, 5) {
        0 => vec![Rule::LowerAscii],
        1 => vec![Rule::Prepend(space())],
        2 => vec![Rule::Replace { from: b"_".to_vec(), to: space() }, Rule::Prepend(space())],
        3 if !refuses => {
            vec![Rule::Prepend(b"_a".to_vec()), Rule::Replace { from: b"_".to_vec(), to: b"b".to_vec() }]
        }
        4 => vec![Rule::LowerAscii, Rule::Prepend(space()), Rule::UpperAscii],
        _ => vec![],
    };
    let vocabulary = pieces.len();
    Tokenizer {
        pieces,
        specials: vec![],
        rules,
        prefix: m.r.chance(30).then(|| Prefix { text: space(), first_only: true }),
        splits: vec![],
        alphabet: Alphabet { unit, start, fallback },
        scheme,
        leading: LeadingSpace::Keep,
        bos: Some(0),
        eos: Some(1.min(vocabulary as u32 - 1)),
        unknown: Some(0),
        adds_bos: m.r.chance(60),
        adds_eos: m.r.chance(20),
    }
}

/// Merges of any tokens, some of them of tokens that merges make; ranks may be shared and in any order.
fn merged(m: &mut Maker, pieces: &mut Vec<Vec<u8>>) -> Scheme {
    let in_order = m.r.chance(50);
    let mut list: BTreeMap<(u32, u32), Merge> = BTreeMap::new();
    for rank in 0..m.r.within(1, 30) as u32 {
        let any = |m: &mut Maker, pieces: &Vec<Vec<u8>>| {
            let most = if m.r.chance(70) { 12.min(pieces.len() - 1) } else { pieces.len() - 1 };
            m.r.within(2, most) as u32
        };
        let (left, right) = (any(m, pieces), any(m, pieces));
        let rank = if in_order { rank } else { m.r.within(0, 9) as u32 };
        let merged = pieces.len() as u32;
        if list.insert((left, right), Merge { rank, left, right, merged }).is_none() {
            pieces.push([pieces[left as usize].as_slice(), &pieces[right as usize]].concat());
        } else {
            list.remove(&(left, right));
        }
    }
    let merges = Merges::new(list.into_values().collect()).expect("each pair is there once");
    Scheme::Merged { merges, whole: BTreeMap::new() }
}

/// Lines for a model: known and unknown characters, bytes that are no UTF-8, nothing, and as much as there may be.
pub fn queries(seed: u64, longest: usize) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0x5EED);
    let parts: [&[u8]; 16] = [
        b" ",
        b"a",
        b"b",
        b"c",
        b"ab",
        b"de",
        b"fgh",
        b"_",
        b"A",
        b"#",
        b".",
        "é".as_bytes(),
        "€".as_bytes(),
        b"\x80",
        b"\xe2\x82",
        b"\xff",
    ];
    let plain = r.chance(50);
    let mut line = |most: usize| {
        let mut out = Vec::new();
        while out.len() < most {
            out.extend_from_slice(parts[r.within(0, if plain { 6 } else { parts.len() - 1 })]);
        }
        out.truncate(most);
        out
    };
    vec![vec![], line(1.min(longest)), line(9.min(longest)), line(30.min(longest)), line(longest)]
}
