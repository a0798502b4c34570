//! What the tests of machines share on which a query is typed.

use super::support::{self, Random, sequence};
use mlc_compiler::model::Model;
use mlc_compiler::plan::LayerError;
use mlc_compiler::{CompileError, Compiled, Image, weights::Form};
use mlc_runtime_z80::{Memory, Observer, Z80};

/// Takes down the logits of each pass, and when the query's line was ended.
pub struct Watch<'a> {
    image: &'a Image,
    pub logits: Vec<Vec<i16>>,
    pub asked: u64,
}

impl<'a> Watch<'a> {
    pub fn new(image: &'a Image) -> Self {
        Self { image, logits: Vec::new(), asked: 0 }
    }
}

impl Observer<Z80> for Watch<'_> {
    fn on_watch(&mut self, _: u16, memory: &Memory, _: u64) {
        self.logits.push(self.image.logits.read(|address| memory.byte(address)));
    }

    fn on_line_end(&mut self, t: u64) {
        self.asked = t;
    }
}

/// Two queries of a random sequence model that can be typed, or fewer.
pub fn two_queries(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let is_plain = |query: &Vec<u8>| !query.is_empty() && query.iter().all(|byte| (32..127).contains(byte));
    let all = sequence::queries(seed, model.reader.max_query().into()).into_iter().filter(is_plain);
    all.filter(|query| query.trim_ascii() != b"!").take(2).collect()
}

/// Random networks, each compiled as the planner wants it and in each form, given to `exact` with two queries. How many
/// programs there were; `salt` makes the queries different from those of another machine.
pub fn in_every_form(
    salt: u64,
    compile: fn(&Model, Option<Form>) -> Result<Compiled, CompileError>,
    exact: impl Fn(&Model, &Compiled, &str, &[Vec<u8>]),
) -> usize {
    let mut compared = 0;
    for seed in 0..24 {
        let model = support::model(seed);
        let mut r = Random(seed ^ salt);
        let longest = usize::from(model.reader.max_query());
        let mut queries: Vec<_> = (0..2).map(|_| support::query(&mut r, longest)).collect();
        queries.retain(|q| !matches!(q.trim_ascii(), b"" | b"!"));
        for form in std::iter::once(None).chain(Form::ALL.map(Some)) {
            let compiled = match compile(&model, form) {
                Ok(compiled) => compiled,
                Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => {
                    continue;
                }
                Err(error) => panic!("{}: {error}", model.head.name),
            };
            exact(&model, &compiled, form.map_or("auto", Form::name), &queries);
            compared += 1;
        }
    }
    eprintln!("{compared} programs compared");
    compared
}
