//! The program around the stages.

use super::column::{COLUMN_KERNELS, find_kernel};
use super::lists::Lists;
use super::{reply, taken_by};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::called::Called;
use crate::kernel::cycles::{Code, START};
use crate::kernel::{Fragment, Phase, Processor, Section, Site, lines};
use crate::stage::{Answer, Product, answer};
use crate::target::Target;
use crate::weights::Form;
use serde::Serialize;

/// The whole program of a layout, with the table of its plan on top.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn program(site: &Site, table: &str) -> Result<Fragment, CompileError> {
    let layout = site.layout;
    let mut stages = Vec::new();
    for (at, kernel) in layout.kernels.iter().enumerate() {
        stages.push(kernel.emit(site, at)?);
    }
    let shared = shared(site)?;
    let all = || stages.iter().chain(&shared);
    let called = Called::of_stages(site.request, layout, "bss");
    let mut phases = vec![Phase::new(console_start(site.request.target), "console")];
    phases.extend(all().flat_map(|fragment| fragment.phases.iter().cloned()));
    let section = |section| all().map(|f| f.section(section)).collect::<String>();
    let code = |in_loop: bool| {
        let of_stage = layout.stages.iter().zip(&stages).filter(|(stage, _)| stage.in_loop == in_loop);
        of_stage.map(|(_, fragment)| fragment.code.clone()).collect()
    };
    let (model, target) = (site.request.model, site.request.target);
    let begin = match answer(&layout.stages) {
        Answer::Chat { context, max_reply, .. } => reply::begin(site, *context, *max_reply)?,
        Answer::Label { .. } => String::new(),
    };
    let answer = Shown::new(answer(&layout.stages));
    let context = Program {
        name: &layout.name,
        about: model.head.about.replace(char::is_control, " "),
        target: &target.name,
        origin: format!("{:05X}h", target.code_origin()),
        bss: bss(layout.memory.start, target),
        called,
        table: table.lines().collect(),
        max_query: model.reader.max_query().min(target.longest_query),
        answer,
        query: site.templates.call("query.asm", "set_query", ())?,
        begin,
        stages_once: code(false),
        stages_in_loop: code(true),
        shared: shared.iter().map(|fragment| fragment.code.as_str()).collect(),
        starts: section(Section::Starts),
        weights: section(Section::Weights),
        tables: section(Section::Tables),
        enables: all().flat_map(|fragment| &fragment.enables).collect(),
        buffers: layout
            .memory
            .buffers
            .iter()
            .map(|b| Buffer { name: format!("{:<15}", b.name), offset: b.offset })
            .collect(),
        memory_size: layout.memory.size,
    };
    Ok(Fragment { code: site.templates.render("program.asm", context)?, phases, ..Fragment::default() })
}

/// Code that stages share: of each column kernel, what carries into high bytes, that of other kernels, and what copies
/// start values.
fn shared(site: &Site) -> Result<Vec<Fragment>, CompileError> {
    let products: Vec<(&Product, Form)> = site.layout.products().map(|(_, p, form)| (p, form)).collect();
    let quick = || products.iter().filter(|(p, _)| !p.quick.is_empty()).map(|(p, _)| *p);
    let mut shared = Vec::new();
    for kernel in COLUMN_KERNELS {
        let mut taken = taken_by(kernel, &products);
        if kernel.template() == column_template() {
            taken.extend(quick());
        }
        shared.push(kernel.shared(site, &taken)?);
    }
    if products.iter().filter_map(|(p, form)| find_kernel(*form, p)).any(|kernel| kernel.calls_carry()) {
        let code = site.templates.call("carry.asm", "code", ())?;
        shared.push(Fragment { code, phases: vec![Phase::shared("carry")], ..Fragment::default() });
    }
    for kernel in super::Z80.kernels() {
        shared.push(kernel.shared(site)?);
    }
    let code = site.templates.call("starts.asm", "copy", ())?;
    shared.push(Fragment { code, phases: vec![Phase::shared("copy")], ..Fragment::default() });
    Ok(shared)
}

/// The template of the kernel that quick columns need.
fn column_template() -> &'static str {
    super::column::ColumnKernel::template(&Lists)
}

/// The code that takes a query.
fn query_code() -> Code {
    Code::of(Isa::Z80, "query.asm", "set_query", (), &["query_text", "query_length"])
}

/// T-states of a space before a query.
pub fn space_cost() -> f64 {
    query_code().way(&["set_query_lead", "set_query_lead"])
}

/// T-states of taking a query, and of each of its bytes. A byte is taken to be a small letter, and to have no space before
/// the first.
pub fn query_cost() -> (f64, f64) {
    let code = query_code();
    let each = code.way(&["set_query_next", "cp 'Z'+1", "set_query_put", "set_query_next"]);
    let first =
        code.way(&["set_query_lead", "set_query_fold"]) - code.way(&["set_query_next", "set_query_fold"]);
    let last =
        code.way(&["set_query_put", "set_query_trim"]) - code.way(&["set_query_put", "set_query_next"]);
    let once = code.way(&[START, "set_query_lead"])
        + first
        + last
        + code.way(&["set_query_trim", "set_query_trimmed", "ret"]);
    (once, each)
}

/// Context of `program.asm`.
#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    about: String,
    target: &'a str,
    origin: String,
    /// The plan, for the comment on top.
    table: Vec<&'a str>,
    max_query: u8,
    #[serde(flatten)]
    answer: Shown,
    /// Takes a query.
    query: String,
    /// The start of a reply.
    begin: String,
    stages_once: Vec<String>,
    stages_in_loop: Vec<String>,
    shared: Vec<&'a str>,
    starts: String,
    weights: String,
    tables: String,
    /// Labels of all `ei` instructions.
    enables: Vec<&'a String>,
    buffers: Vec<Buffer>,
    memory_size: usize,
    /// Where the buffers begin.
    bss: String,
    /// Entry points, in the place of a console.
    called: Option<Called>,
}

/// The first label of what talks to the user, or to a program of his.
pub fn console_start(target: &Target) -> &'static str {
    if target.is_library() { "net_begin" } else { "start" }
}

/// Where buffers begin: at an address, or at the first page behind the image. Those of a network that is called may not begin
/// where no stack may be; its image lies anywhere.
pub fn bss(start: Option<usize>, target: &Target) -> String {
    let behind = "(image_end+255) and 0FF00h";
    match (start, target.lowest_stack()) {
        (Some(start), _) => format!("{start:05X}h"),
        (None, least @ 1..) if target.is_library() => {
            // The quotient is 0 below, and then what is missing is added.
            let above = format!("((image_end+255)/{least:05X}h)");
            format!("({behind})*(({above}+3)/4)+{least:05X}h*(1-({above}+3)/4)")
        }
        (None, _) => behind.into(),
    }
}

#[derive(Serialize)]
struct Buffer {
    name: String,
    offset: usize,
}

/// What a program answers with.
#[derive(Default, Serialize)]
struct Shown {
    chat: bool,
    charset: Vec<String>,
    /// The charset has a TAB, which BDOS function 2 would expand.
    tab_used: bool,
    /// A reply can have a character that is not printed everywhere as it is: one outside 20h to 7Fh.
    controls_used: bool,
    label_words: Vec<String>,
    label_texts: Vec<String>,
}

impl Shown {
    fn new(answer: &Answer) -> Self {
        let is_control = |byte: &u8| !(32..128).contains(byte);
        match answer {
            Answer::Chat { charset, .. } => Self {
                chat: true,
                charset: lines::quoted(charset),
                tab_used: charset.contains(&9),
                // The last is the end mark.
                controls_used: charset[..charset.len() - 1].iter().any(is_control),
                ..Self::default()
            },
            Answer::Label { labels } => {
                let quoted = |(i, label): (usize, &String)| {
                    format!("label_{i}: db {},0", lines::quoted(label.as_bytes()).join(","))
                };
                Self {
                    controls_used: labels.iter().any(|l| l.as_bytes().iter().any(is_control)),
                    label_words: (0..labels.len()).map(|i| format!("label_{i}")).collect(),
                    label_texts: labels.iter().enumerate().map(quoted).collect(),
                    ..Self::default()
                }
            }
        }
    }
}
