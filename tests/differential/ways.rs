//! Ways of the kernels of sequence models that only some values take: random networks come along each of them.

use super::sequence::{LIMIT, compile, symbols};
use super::support::sequence;
use mlc_compiler::Image;
use mlc_runtime_z80::{CpmConfig, CpmMachine, End, Memory, Observer, Script, Z80};
use std::collections::{BTreeMap, BTreeSet};

/// How labels of such ways begin and end.
const WAYS: [(&str, &str); 17] = [
    // A sum within a byte, above 0 and below, and one that is not; where results are as large as they can be.
    ("quick_store8_", "_shift"),
    ("quick_store16_", "_shift"),
    ("quick_add16_", "_shift"),
    ("quick_choose_", "_shift"),
    ("quick_", "_minus_more"),
    ("quick_", "_large"),
    ("quick_", "_most"),
    ("quick_", "_least"),
    ("quick_add16_", "_over"),
    ("quick_", "_byte"),
    // Norms whose products are made in place.
    ("norm_", "_twice"),
    ("norm_groups_", "_quick"),
    ("norm_groups_", "_large"),
    ("norm_groups_", "_minus_more"),
    // Values of positions that are new, and that take the place of others.
    ("append_", "_new"),
    ("append_", "_again"),
    // A table has what the first block makes of a token.
    ("first_", "_row"),
];

/// Takes down which of the watched places a program comes to.
#[derive(Default)]
struct Places(BTreeSet<u16>);

impl Observer<Z80> for Places {
    fn on_watch(&mut self, address: u16, _: &Memory, _: u64) {
        self.0.insert(address);
    }
}

/// Which of these labels a program comes to when it answers.
pub fn reached(image: &Image, query: &[u8], labels: &BTreeMap<u16, usize>) -> BTreeSet<usize> {
    let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
    let tail = [b" ", query].concat();
    let mut machine =
        CpmMachine::load(&image.bytes, &tail, Script::new(b""), config).expect("the image loads");
    labels.keys().for_each(|&address| machine.watch(address));
    let mut places = Places::default();
    assert!(matches!(machine.run(&mut places), End::Exit(_)), "it returns to CP/M");
    places.0.iter().map(|address| labels[address]).collect()
}

#[test]
fn random_networks_come_along_each_way() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let model = sequence::model(seed);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let image = &compiled.image;
        let way =
            |name: &str| WAYS.iter().position(|(begin, end)| name.starts_with(begin) && name.ends_with(end));
        let labels: BTreeMap<u16, usize> = image
            .assembly
            .symbols
            .iter()
            .filter_map(|(name, &address)| Some((address as u16, way(name)?)))
            .filter(|(_, way)| !seen.contains(way))
            .collect();
        let queries = sequence::queries(seed, usize::from(model.reader.max_query()).min(126));
        for query in queries.iter().filter(|query| !query.is_empty()).take(2) {
            seen.extend(reached(image, &query.to_ascii_uppercase(), &labels));
        }
    }
    let missing: Vec<_> = (0..WAYS.len()).filter(|way| !seen.contains(way)).map(|way| WAYS[way]).collect();
    assert!(missing.is_empty(), "no network comes along {missing:?}");
}
