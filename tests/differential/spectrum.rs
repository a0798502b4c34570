//! The ZX Spectrum: the same networks, exact, within its memory. Each query is typed.

use super::support;
use super::typed::{self, Watch};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{CompileError, Compiled, Image, eval, reference, weights::Form};
use mlc_runtime_z80::{End, Fault, FaultKind, NoObserver, Script, SpectrumConfig, SpectrumMachine, Symbols};

const LIMIT: u64 = 4_000_000_000;

/// What a program is loaded from, and whether by a machine with 128 KB.
pub struct How {
    pub file: ImageKind,
    pub pages: bool,
}

/// What a run of a query showed.
struct Ran {
    reply: Vec<u8>,
    logits: Vec<Vec<i16>>,
    /// From Enter to the wait for the next line.
    t_states: u64,
}

/// Loads the tape, or a snapshot, types the query, and takes what stands between it and the next prompt.
fn run(name: &str, image: &Image, query: &[u8], how: &How) -> Ran {
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    let lowest_sp = image.assembly.symbols.get("stack").copied();
    // Below its own stack there is BASIC's, on which the program starts.
    assert!(lowest_sp.is_some());
    let pages = how.pages;
    let config = SpectrumConfig { symbols, limit: Some(LIMIT), pages, ..SpectrumConfig::default() };
    let console = Script::new(&[query, b"\r"].concat());
    let file = image.file(how.file, name);
    let mut machine = match how.file {
        ImageKind::Sna => SpectrumMachine::load_snapshot(&file, console, config),
        _ => SpectrumMachine::load_tape(&file, console, config),
    }
    .expect("the file is whole");
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch::new(image);
    match machine.run(&mut watch) {
        End::EndOfInput => {}
        other => panic!("{name} does not ask again: {other:?}"),
    }
    let t_states = machine.t_states() - watch.asked;
    let output = machine.console().output();
    let title = format!("{name}. Type a line; ! ends.\r\n> \r\n");
    let reply = output.strip_prefix(title.as_bytes()).and_then(|text| text.strip_suffix(b"\r\n> "));
    let reply = reply.unwrap_or_else(|| panic!("{name} prints {:?}", output.escape_ascii().to_string()));
    Ran { reply: reply.to_vec(), logits: watch.logits, t_states }
}

fn compile(model: &Model, form: Option<Form>) -> Result<Compiled, CompileError> {
    support::compile_for("zx48", model, form, &[])
}

/// Mean T-states a step over queries, all of them exact.
pub fn exact<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
) -> f64 {
    exact_on(model, compiled, what, queries, &How { file: ImageKind::Tap, pages: false })
}

/// The same of a program that is loaded in some way.
pub fn exact_on<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
    how: &How,
) -> f64 {
    let graph = reference(model).expect("the model was checked");
    let (mut t_states, mut steps) = (0, 0);
    for query in queries {
        let wants = eval::run(&graph, query);
        let ran = run(&model.head.name, &compiled.image, query, how);
        let shown = query.escape_ascii();
        // A sequence model has its logits one after the other.
        assert_eq!(
            ran.logits.concat(),
            wants.logits.concat(),
            "{} {what}: logits for \"{shown}\"",
            model.head.name
        );
        // Outside of the screen's characters there are question marks.
        let shown_as = |&byte: &u8| match byte {
            b'\r' | b'\n' => b"\r\n".to_vec(),
            32..128 => vec![byte],
            _ => b"?".to_vec(),
        };
        let reply: Vec<u8> = wants.reply.iter().flat_map(shown_as).collect();
        assert_eq!(ran.reply, reply, "{} {what}: reply to \"{shown}\"", model.head.name);
        t_states += ran.t_states;
        steps += wants.steps();
    }
    assert!(steps > 0, "{} {what}: no query", model.head.name);
    t_states as f64 / steps as f64
}

#[test]
fn the_project_s_own_models_fit_and_are_exact() {
    for name in ["tinychat", "guess", "commands"] {
        let (model, prompts) = support::own(name);
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        let t_states = exact(&model, &compiled, "auto", prompts.iter().map(Vec::as_slice));
        eprintln!("{name} on zx48: {t_states:.0} T-states a step, {} bytes", compiled.image.bytes.len());
    }
}

#[test]
fn the_published_networks_fit_and_are_exact() {
    for (name, most) in [("tinychat", 450_000.0), ("guess", 450_000.0)] {
        let Some(model) = support::published(name) else { return };
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        // What the memory has left goes into lists for the columns used most.
        assert!(
            compiled.plan.stages().iter().any(|s| s.product().is_some_and(|p| p.quick.contains(&true))),
            "{name}"
        );
        let expected = support::expected(name);
        let queries = expected.iter().map(|(prompt, _)| prompt.as_bytes());
        let t_states = exact(&model, &compiled, "auto", queries);
        eprintln!("{name} on zx48: {t_states:.0} T-states a step, {} bytes", compiled.image.bytes.len());
        assert!(t_states <= most, "{name}: {t_states:.0} T-states a step");
        let queries: Vec<_> = expected.iter().map(|(prompt, _)| prompt.clone().into_bytes()).collect();
        let predicted = compiled.plan.predict(compiled.graph(), &queries).total();
        let error = (predicted / t_states - 1.0).abs();
        assert!(error < 0.01, "{name}: predicted {predicted:.0}, simulated {t_states:.0}");
    }
}

#[test]
fn random_networks_are_exact_in_every_form() {
    let compared = typed::in_every_form(0x5BEC, compile, |model, compiled, what, queries| {
        exact(model, compiled, what, queries.iter().map(Vec::as_slice));
    });
    assert!(compared >= 60, "only {compared} programs fit the Spectrum");
}

#[test]
fn on_16_kb_basic_reports_what_is_missing() {
    let (model, _) = support::own("commands");
    let image = compile(&model, None).expect("it fits").image;
    let config = SpectrumConfig { memory_last: 0x7FFF, ..SpectrumConfig::default() };
    let tape = image.file(ImageKind::Tap, "commands");
    let mut machine = SpectrumMachine::load_tape(&tape, Script::new(b""), config).expect("the tape is whole");
    let before = machine.memory().bytes().to_vec();
    match machine.run(&mut NoObserver) {
        End::Fault(Fault { kind, .. }) => assert_eq!(kind, FaultKind::Report { number: 4 }),
        other => panic!("it goes on: {other:?}"),
    }
    // Nothing but the return address on the stack has been written.
    let after = machine.memory().bytes();
    let written = (0..0x10000).filter(|&at| before[at] != after[at]).count();
    assert!(written <= 2, "{written} bytes written");
}
