//! The text of a program, as far as it is written: stages, routines that they share, tables and weights.

use super::beam::Beam;
use super::choose::{Choice, Ways};
use super::context::Bar;
use super::flash::Streamed;
use super::form::Form;
use crate::CompileError;
use crate::kernel::avr::core::reads_far;
use crate::kernel::predict::{Known, Runs};
use crate::kernel::sequence::{Home, Offer, Step};
use crate::kernel::{Phase, Templates, lines};
use crate::stage::seen::Seen;
use crate::target::Core;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What kernels must know of the chip.
#[derive(Debug, Clone, Copy)]
pub struct Chip {
    /// Weights are read by `elpm`.
    pub wide: bool,
    /// Return addresses have three bytes.
    pub three: bool,
}

impl Chip {
    pub fn new(core: Core) -> Self {
        Self { wide: reads_far(core), three: core == Core::Avr6 }
    }

    /// What reads weights.
    pub fn lpm(self) -> &'static str {
        if self.wide { "elpm" } else { "lpm" }
    }
}

/// How a matrix lies in flash.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub form: Form,
    /// Rows whose sums are made before they are rescaled.
    pub tile: usize,
}

/// A program in the making.
pub struct Writer<'a> {
    pub templates: &'a Templates,
    pub chip: Chip,
    pub choice: &'a Choice,
    /// What the reference sees of texts.
    pub seen: &'a Seen,
    pub phases: Vec<Phase>,
    /// The stages.
    pub code: String,
    /// Tables of 256 bytes, each on a page of its own.
    pub pages: String,
    /// Other data that `lpm` reads.
    pub data: String,
    /// Bytes of both.
    pub data_bytes: usize,
    pub weights: String,
    /// What goes to a flash chip.
    pub beside: Option<Streamed>,
    /// Routines by name.
    routines: BTreeMap<String, String>,
    pub placed: BTreeMap<String, Placed>,
    /// Most that the length of the vector in `act` can be, where a norm made it.
    pub length: f64,
    /// The same of the stream.
    pub stream_length: f64,
    /// What is known of its jumps, and how often the stages from here on run.
    pub known: Known,
    pub runs: Runs,
    /// Labels of the stages that compute each matrix.
    pub parts: BTreeMap<String, Vec<String>>,
    /// How logits are compared.
    pub bar: Option<Bar>,
    /// Bits that costs of tokens are shifted by, where their logits are less for them.
    pub cost: Option<u8>,
    /// Rows and columns of those costs, and the bytes of all that a prior has.
    pub prior: Option<(usize, usize, usize)>,
    /// The buffer that logits are put aside in.
    pub kept: Option<&'static str>,
    /// Replies that grow side by side.
    pub beam: Option<Beam>,
    /// What the tables of sums hold: of which form, and of which input.
    pub filled: Option<(Form, &'static str)>,
    /// Gates come before what they are multiplied with.
    pub gates_first: bool,
}

impl<'a> Writer<'a> {
    pub fn new(templates: &'a Templates, chip: Chip, choice: &'a Choice, seen: &'a Seen) -> Self {
        Self {
            templates,
            chip,
            choice,
            seen,
            phases: Vec::new(),
            code: String::new(),
            pages: String::new(),
            data: String::new(),
            data_bytes: 0,
            weights: String::new(),
            beside: None,
            routines: BTreeMap::new(),
            placed: BTreeMap::new(),
            length: f64::INFINITY,
            stream_length: f64::INFINITY,
            known: Known::default(),
            runs: Runs::Token,
            parts: BTreeMap::new(),
            bar: None,
            cost: None,
            prior: None,
            kept: None,
            beam: None,
            filled: None,
            gates_first: false,
        }
    }

    /// Adds a routine that stages call, unless it is there.
    pub fn routine(
        &mut self,
        label: &str,
        (file, part): (&str, &str),
        context: impl FnOnce() -> Result<tera::Value, tera::Error>,
    ) -> Result<(), CompileError> {
        if !self.routines.contains_key(label) {
            let context = context().map_err(|e| crate::kernel::text::error(file, &e))?;
            let text = self.templates.call(file, part, context)?;
            self.routines.insert(label.to_string(), text);
        }
        Ok(())
    }

    /// All routines.
    pub fn routines(&self) -> String {
        let past = |name: &str| phase_of(name).map_or(String::new(), |_| format!("{name}_past:\n"));
        self.routines.iter().map(|(name, text)| format!("{text}\n{}", past(name))).collect()
    }

    /// Phases of routines that have one of their own.
    pub fn routine_phases(&self) -> Vec<Phase> {
        let of = |name: &String| {
            let (label, phase) = phase_of(name)?;
            Some([Phase::new(label, phase), Phase::shared(format!("{name}_past"))])
        };
        self.routines.keys().filter_map(of).flatten().collect()
    }

    /// Begins a stage, which belongs to a phase.
    pub fn stage(&mut self, phase: &str, what: &str) {
        let label = format!("net_stage_{}", self.phases.len());
        let _ = writeln!(self.code, "\n; {what}\n{label}:");
        self.known.part(&label, self.runs);
        self.phases.push(Phase::new(label, phase));
    }

    /// The stage that was begun last computes a matrix.
    pub fn computes(&mut self, matrix: &str) {
        let label = self.known.parts.last().map(|part| part.from.clone());
        self.parts.entry(matrix.to_string()).or_default().extend(label);
    }

    /// The matrices, with what each form of theirs takes.
    pub fn steps(&self, rounds: usize) -> Vec<Step> {
        let step = |ways: &Ways| {
            let taken = self.choice.form(&ways.name);
            let is_in_rounds = ways.name.starts_with('b');
            let rounds = if is_in_rounds { rounds as f64 } else { 1.0 };
            let mut forms = ways.forms.clone();
            forms.sort_by_key(|(form, ..)| *form != taken);
            let offer = |(form, bytes, cycles): (Form, usize, f64)| Offer {
                form: form.name(),
                home: if self.is_filed(&ways.name) { Home::File } else { Home::Image },
                bytes,
                cycles: rounds * cycles,
            };
            Step {
                name: long_name(&ways.name),
                rows: ways.rows,
                cols: ways.cols,
                parts: self.parts.get(&ways.name).cloned().unwrap_or_default(),
                offers: forms.into_iter().map(offer).collect(),
            }
        };
        let prior = self.prior.map(|(rows, cols, bytes)| Step {
            name: "prior".into(),
            rows,
            cols,
            parts: self.parts.get("prior").cloned().unwrap_or_default(),
            offers: vec![Offer { form: "bytes", home: Home::Image, bytes, cycles: 0.0 }],
        });
        self.choice.ways().iter().map(step).chain(prior).collect()
    }

    pub fn label(&mut self, label: &str) {
        let _ = writeln!(self.code, "{label}:");
    }

    pub fn line(&mut self, text: &str) {
        let _ = writeln!(self.code, "        {text}");
    }

    /// Loads an address or a number into a pair of registers.
    pub fn pair(&mut self, register: usize, value: &str) {
        self.line(&format!("ldi r{register}, lo8({value})"));
        self.line(&format!("ldi r{}, hi8({value})", register + 1));
    }

    /// Lets Z, with RAMPZ, point to weights, or the flash chip read there.
    pub fn weights_at(&mut self, value: &str) {
        if let Some(place) = self.beside.as_ref().and_then(|beside| beside.place(value)) {
            self.pair(18, &place.to_string());
            self.line(&format!("ldi r20, hh8({place})               ; {value}"));
            self.line("call net_flash_at");
            return;
        }
        self.pair(30, value);
        if self.chip.wide {
            self.line(&format!("ldi r16, hh8({value})"));
            self.line("out 0x3B, r16                   ; RAMPZ");
        }
    }

    /// Adds data that `lpm` reads.
    pub fn data(&mut self, label: &str, values: &[u8]) {
        bytes(&mut self.data, label, values);
        self.data_bytes += values.len();
    }

    /// Adds a table of 256 bytes.
    pub fn page(&mut self, label: &str, values: &[u8]) {
        debug_assert_eq!(values.len(), 256);
        bytes(&mut self.pages, label, values);
        self.data_bytes += values.len();
    }

    /// Adds weights. Their label may have an odd address.
    pub fn weight_bytes(&mut self, label: &str, values: &[u8]) {
        bytes(&mut self.weights, label, values);
    }
}

/// `b0_k` is the key of block 1.
fn long_name(name: &str) -> String {
    let parts = name.strip_prefix('b').and_then(|rest| rest.split_once('_'));
    let Some((block, what)) = parts.and_then(|(at, what)| Some((at.parse::<usize>().ok()? + 1, what))) else {
        return name.to_string();
    };
    let what = match what {
        "q" => "query",
        "k" => "key",
        "v" => "value",
        "o" => "projection",
        other => other,
    };
    format!("{what} of block {block}")
}

/// A routine's label and its phase, if that is not its caller's.
fn phase_of(routine: &str) -> Option<(&str, &'static str)> {
    match routine {
        "net_attend_scores" => Some(("net_scores", "scores")),
        "net_attend_mean" => Some(("net_mean", "mix")),
        _ => routine.starts_with("net_attend_").then_some((routine, "softmax")),
    }
}

/// Bytes with a label, as lines.
fn bytes(out: &mut String, label: &str, values: &[u8]) {
    let _ = writeln!(out, "{label}:");
    for line in lines::gnu_bytes(values.iter().copied()) {
        let _ = writeln!(out, "        {line}");
    }
}

/// A context as a value.
pub fn value(context: impl Serialize) -> Result<tera::Value, tera::Error> {
    tera::to_value(context).map_err(tera::Error::json)
}
