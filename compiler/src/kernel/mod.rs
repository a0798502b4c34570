//! Kernels: what a processor makes of the stages of a network.
//!
//! A [`Kernel`] is all that one way to compute a stage is: which stages it takes, what it would need in each form of
//! weights, what it costs, and its text. Each has a folder, and a template of the same name. A [`Processor`] is a list
//! of kernels and what they have in common. The planner ([`crate::plan`]) knows stages and offers only.

pub mod avr;
pub mod beams;
mod called;
mod choosing;
mod columns;
mod cycles;
pub mod flow;
pub mod hashing;
mod length;
mod lines;
mod look_up;
mod memo;
pub mod memory;
pub mod predict;
mod prior;
mod reply;
pub mod sensors;
pub mod sequence;
mod symbols;
mod text;
pub mod z80;

pub use lines::tidy;
pub use memory::{Buffer, Memory, Need, PAGE};
pub use text::{Fragment, Phase, Section, Templates, error as template_error};

use crate::stage::{Product, Source, Stage, Usage};
use crate::target::{Cpu, Target};
use crate::weights::Form;
use crate::{CompileError, Request};
use sequence::{Beside, Home};
use std::fmt;

/// One way to compute stages.
pub trait Kernel: Sync {
    /// That of its folder and its template.
    fn name(&self) -> &'static str;

    /// What it would need for stage `at`, an offer for each form that it has; nothing for a stage that it does not take.
    fn offers(&self, view: &View, at: usize) -> Vec<Offer>;

    /// Cycles of stage `at` in a form that it has offered, over all queries of `view`, by phase.
    fn cost(&self, view: &View, at: usize, form: Option<Form>) -> Vec<(String, f64)>;

    /// What a reader of the plan should know of stage `at` beside its form, a line each.
    fn remarks(&self, layout: &Layout, at: usize) -> Vec<String> {
        let _ = (layout, at);
        vec![]
    }

    /// Buffers that it counts on for a stage, beside accumulators.
    fn buffers(&self, stage: &Stage) -> Vec<Need> {
        let _ = stage;
        vec![]
    }

    /// Bytes of its code for those of the stages that take its forms, own and shared: what no offer has. Estimated.
    fn code_bytes(&self, stages: &[Stage], forms: &[Option<Form>], machine: Machine) -> usize {
        let _ = (stages, forms, machine);
        0
    }

    /// The text of stage `at`.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError>;

    /// The code that its stages share; nothing if there are none.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    fn shared(&self, site: &Site) -> Result<Fragment, CompileError> {
        let _ = site;
        Ok(Fragment::default())
    }
}

impl fmt::Debug for dyn Kernel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the kernels of a processor have in common.
pub trait Processor: Sync {
    fn kernels(&self) -> &'static [&'static dyn Kernel];

    /// Ways to compute the stages of a network whose queries have up to `longest` bytes, the preferred first.
    fn variants(&self, stages: &[Stage], longest: u8) -> Vec<Variant>;

    /// How much slower than the fastest a plan may be if it is smaller: what is left over may be worth more.
    fn slack(&self) -> f64;

    /// Bytes of the image that no offer has: code that stages share, start values, texts. Estimated.
    fn shared_bytes(&self, view: &Taken) -> usize;

    /// Where the arrays and buffers lie. `scratch`: bytes that each stage needs while it works.
    fn place(&self, stages: &[Stage], scratch: &[usize], target: &Target, longest: u8) -> Memory;

    /// Bytes of memory that they take, what is lost before the first page included. Estimated.
    fn buffer_bytes(&self, stages: &[Stage], scratch: &[usize], target: &Target, longest: u8) -> usize;

    /// Cycles of what is around the stages, over all queries, by phase.
    fn frame_cost(&self, view: &View) -> Vec<(String, f64)>;

    /// The stages with parts in a faster form within `room` more bytes; `None` where that makes nothing faster.
    fn quicken(&self, view: &View, forms: &[Option<Form>], room: usize) -> Option<Vec<Stage>> {
        let _ = (view, forms, room);
        None
    }

    /// What a file beside the program has, or a flash chip, of stages whose home is that.
    ///
    /// # Errors
    /// More than there is room for.
    fn beside(&self, site: &Site, usage: &Usage) -> Result<Option<Beside>, CompileError> {
        let _ = (site, usage);
        Ok(None)
    }

    /// Bytes that a step reads of it.
    fn reads(&self, layout: &Layout, usage: &Usage) -> f64 {
        let _ = (layout, usage);
        0.0
    }

    /// Whether calls can be made to reach the whole image where they do not.
    fn can_reach_far(&self, cpu: Cpu) -> bool {
        let _ = cpu;
        false
    }

    /// The whole program.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    fn program(&self, site: &Site, table: &str) -> Result<Fragment, CompileError>;

    /// Its unit of time, for tables.
    fn unit(&self) -> Unit;
}

/// The kernels of a processor.
pub fn processor(cpu: Cpu) -> &'static dyn Processor {
    match cpu {
        Cpu::Z80 => &z80::Z80,
        Cpu::Avr(_) => &avr::Avr,
    }
}

/// How tables name a processor's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Behind a number: `T`.
    pub short: &'static str,
    /// In a sentence: `T-states`.
    pub long: &'static str,
}

/// The processor that kernels are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Machine {
    pub cpu: Cpu,
    /// Shared code is out of the reach of the shortest calls.
    pub far: bool,
    /// T-states that it adds to each fetch of an opcode.
    pub fetch_wait: u8,
}

impl Machine {
    pub fn of(target: &Target) -> Self {
        Self { cpu: target.cpu, far: false, fetch_wait: target.fetch_wait }
    }

    /// How much longer code takes than the manual says.
    pub fn slowdown(&self) -> f64 {
        1.0 + f64::from(self.fetch_wait) * FETCHES
    }
}

/// Fetches of opcodes in a T-state, on the mean. Measured on the models here: 0.134 to 0.158 of all that a step takes. So
/// costs need not be counted twice.
const FETCHES: f64 = 0.147;

/// Stages, and how often their parts work.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub stages: &'a [Stage],
    pub usage: &'a Usage,
    pub machine: Machine,
    /// Where the weights of each stage live; empty where all are in the image.
    pub homes: &'a [Home],
}

impl View<'_> {
    /// Where the weights of stage `at` live.
    pub fn home(&self, at: usize) -> Home {
        home(self.homes, at)
    }
}

/// Stages in the forms that they take.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    pub stages: &'a [Stage],
    pub forms: &'a [Option<Form>],
    /// See [`View::homes`].
    pub homes: &'a [Home],
    pub machine: Machine,
}

impl Taken<'_> {
    /// Where the weights of stage `at` live.
    pub fn home(&self, at: usize) -> Home {
        home(self.homes, at)
    }
}

fn home(homes: &[Home], at: usize) -> Home {
    homes.get(at).copied().unwrap_or(Home::Image)
}

/// One way to compute all stages of a network.
#[derive(Debug, Clone)]
pub struct Variant {
    pub stages: Vec<Stage>,
    /// Taken only for combinations of forms that no other variant offers.
    pub fallback: bool,
    /// Its program writes to its own code: it cannot be in a ROM.
    pub patches: bool,
}

/// What a stage would need in one form.
#[derive(Debug, Clone)]
pub struct Offer {
    pub kernel: &'static dyn Kernel,
    /// `None` for a stage without weights.
    pub form: Option<Form>,
    /// Where its weights live.
    pub home: Home,
    /// Weights and their tables there, in bytes, without code that stages share.
    pub bytes: usize,
    /// T-states or cycles a step, the share of once-a-query work included.
    pub cost: f64,
    /// Bytes of memory that it needs while it works, beside accumulators.
    pub scratch: usize,
    /// The stage in this form, where that is another one: with shared sums.
    pub stage: Option<Stage>,
}

impl Offer {
    /// The only offer for a stage without weights.
    pub fn plain(kernel: &'static dyn Kernel, view: &View, at: usize) -> Self {
        let cost: f64 = kernel.cost(view, at, None).iter().map(|(_, cycles)| cycles).sum();
        let cost = cost / view.usage.per_step();
        Self { kernel, form: None, home: Home::Image, bytes: 0, cost, scratch: 0, stage: None }
    }

    /// The bytes that it takes of the image.
    pub fn image_bytes(&self) -> usize {
        if self.home == Home::Image { self.bytes } else { 0 }
    }

    /// Its form, and where its weights are if not in the image: `gaps, file`.
    pub fn name(&self) -> String {
        let form = self.form.map_or("", Form::name);
        if self.home == Home::Image { form.into() } else { format!("{form}, file") }
    }
}

/// That a product counts in bytes, said of the last one that does.
fn counting_remark(layout: &Layout, at: usize) -> Option<String> {
    let bytes = layout.stages[at].product()?.counts()?;
    let goes_on = |stage: &Stage| {
        stage.starts_from() == Some(at) && stage.product().is_some_and(|p| p.counts().is_some())
    };
    let (name, threshold, short) = (&layout.stages[at].name, bytes.threshold, bytes.short);
    (!layout.stages.iter().any(goes_on)).then(|| {
        format!("{name} counts in bytes: threshold {threshold}, queries of up to {short} bytes at once")
    })
}

/// What a product computes, in words.
fn title(stage: &Stage, product: &Product, form: Form) -> String {
    let from = match product.source {
        Source::Trigrams { bands: 1, .. } => "trigrams of the query".to_string(),
        Source::Trigrams { bands, .. } => format!("trigrams of the query in {bands} bands"),
        Source::Ngrams { .. } => "n-grams of the last characters".to_string(),
        Source::Hidden { shift, .. } => format!("max(acc >> {shift}, 0) of the stage before"),
    };
    let sums = match product.folds.len() {
        0 => String::new(),
        n => format!(" and {n} sums that they share"),
    };
    let inputs = product.columns.len();
    format!("{}: {inputs} inputs ({from}), {} outputs{sums}, {form} weights", stage.name, product.visible())
}

/// Stages in the forms that they take, and where everything lies.
#[derive(Debug, Clone)]
pub struct Layout {
    pub name: String,
    pub machine: Machine,
    pub stages: Vec<Stage>,
    /// The kernel of each stage, and the form of its weights.
    pub kernels: Vec<&'static dyn Kernel>,
    pub forms: Vec<Option<Form>>,
    /// Where the weights of each live; empty where all are in the image.
    pub homes: Vec<Home>,
    /// Bytes that each stage needs while it works.
    pub scratch: Vec<usize>,
    pub memory: Memory,
}

/// What kernels make text from.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub layout: &'a Layout,
    pub request: &'a Request<'a>,
    pub templates: &'a Templates,
}

impl Layout {
    /// The products with their forms, and where they stand among the stages.
    pub fn products(&self) -> impl Iterator<Item = (usize, &Product, Form)> {
        let stages = self.stages.iter().zip(&self.forms).enumerate();
        stages.filter_map(|(i, (stage, form))| Some((i, stage.product()?, (*form)?)))
    }

    /// Where the weights of stage `at` live.
    pub fn home(&self, at: usize) -> Home {
        home(&self.homes, at)
    }

    /// Whether the weights of any stage are not in the image.
    pub fn has_elsewhere(&self) -> bool {
        self.homes.iter().any(|home| *home != Home::Image)
    }

    /// Its stages, as they are taken for a machine.
    pub fn taken(&self, machine: Machine) -> Taken<'_> {
        Taken { stages: &self.stages, forms: &self.forms, homes: &self.homes, machine }
    }
}
