//! Small models, and plans of them, to break one thing in.

use super::parts;
use mlc_compiler::kernel::Buffer;
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Layer, Model, QueryEncoder, WeightSet};
use mlc_compiler::plan::check::check;
use mlc_compiler::plan::{Demands, Plan};
use mlc_compiler::stage::ArrayElem;
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target, compile};

/// A layer with some weights of each kind.
fn layer(inputs: usize, outputs: usize, shift: u8) -> Layer {
    let weight = |at: usize| [1, 0, 0, -1, 0, 1, 0, 0, -2, 0, 1][(at * 7 + at / 13) % 11];
    Layer {
        inputs,
        outputs,
        weights: (0..inputs * outputs).map(weight).collect(),
        bias: (0..outputs).map(|o| (o as i16 % 9) * 11 - 40).collect(),
        shift,
        set: WeightSet::Full,
    }
}

fn layers(widths: &[usize]) -> Vec<Layer> {
    widths.windows(2).map(|w| layer(w[0], w[1], 2)).collect()
}

fn model(context: Option<ContextEncoder>, layers: Vec<Layer>, answer: Answer) -> Model {
    let query = QueryEncoder { buckets: 16, bands: 1, max_length: 20 };
    parts::model(("tiny", "for a test"), (query, context), layers, answer)
}

/// A chat of six characters with these hidden layers.
pub fn chat(hidden: &[usize]) -> Model {
    let widths: Vec<usize> = [32].iter().chain(hidden).chain(&[6]).copied().collect();
    let context = ContextEncoder { buckets: 16, length: 4 };
    let answer = Answer::Chat(Chat { charset: b"ABCDE\0".to_vec(), max_reply: 5 });
    model(Some(context), layers(&widths), answer)
}

/// A classifier of three labels with these hidden layers.
pub fn classifier(hidden: &[usize]) -> Model {
    let widths: Vec<usize> = [16].iter().chain(hidden).chain(&[3]).copied().collect();
    model(None, layers(&widths), parts::label(["on", "off", "what"]))
}

/// A built-in target.
pub fn target(name: &str) -> Target {
    let targets = Assets::builtin().targets().expect("built-in targets are right");
    targets.into_iter().find(|t| t.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
}

/// Compiles with templates of one's own in the place of the built-in ones.
pub fn compile_with(
    model: &Model,
    target: &Target,
    form: Option<Form>,
    templates: &[(&str, &str)],
) -> Result<Compiled, CompileError> {
    let mut assets = Assets::builtin();
    templates.iter().for_each(|(name, text)| assets.set_template(name, text));
    let demands = &Demands::of(form);
    compile(&Request { model, target, assets: &assets, demands, wide: false, calibration: &[] })
}

pub fn compiled(model: &Model, target_name: &str, form: Option<Form>) -> Compiled {
    compile_with(model, &target(target_name), form, &[]).unwrap_or_else(|e| panic!("{target_name}: {e}"))
}

/// What the check says of a plan with one thing broken. The plan as it is must be right.
#[track_caller]
pub fn refused(good: &Plan, break_it: impl FnOnce(&mut Plan)) -> String {
    assert_eq!(check(good), Ok(()));
    let mut plan = good.clone();
    break_it(&mut plan);
    let said = check(&plan).expect_err("the memory map is broken").to_string();
    said.strip_prefix("a bug in mlc: memory map: ").unwrap_or_else(|| panic!("{said}")).into()
}

/// Outputs and element of each array.
pub fn arrays(plan: &Plan) -> Vec<(usize, ArrayElem)> {
    plan.stages().iter().filter_map(|stage| stage.array()).map(|array| (array.outputs, array.elem)).collect()
}

/// The buffer of that name.
pub fn buffer<'p>(plan: &'p mut Plan, name: &str) -> &'p mut Buffer {
    let found = plan.layout.memory.buffers.iter_mut().find(|b| b.name == name);
    found.unwrap_or_else(|| panic!("there is no buffer {name}"))
}
